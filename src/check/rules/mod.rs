//! The rules: a file each, named after what it finds, and a line in [`ALL`].

mod abbreviated_rev;
pub mod allowance_without_reason;
mod annotation_mismatch;
mod builder_argument;
mod config_key_case;
mod config_shape;
mod config_unknown_key;
mod darwin_image;
mod dockerfile_forbidden;
mod fakechroot;
mod feature_base;
mod flake_input_policy;
mod flake_lock_behind;
pub mod hash_left_behind;
mod input_changed;
mod latest_deployed;
mod lock_file_drifted;
mod nixbuild_mismatch;
mod no_ca_bundle;
mod no_tmp;
mod placeholder_hash;
mod recipe_changed;
mod secret_in_argv;
mod source_dropped;
mod tag_off_main;
mod unhashed_fetch;
mod unheld_rev;
mod unpinned_fetchgit;
mod unpinned_lookup;
pub mod unreadable;
mod unstable_rev;
pub mod unused_allowance;
mod usr_bin_env;
mod version_not_rev;
mod versions_disagree;

use super::Rule;

/// Every rule, by code.
pub static ALL: &[&Rule] = &[
    &unreadable::RULE,
    &allowance_without_reason::RULE,
    &unused_allowance::RULE,
    &abbreviated_rev::RULE,
    &unstable_rev::RULE,
    &feature_base::RULE,
    &unheld_rev::RULE,
    &unpinned_lookup::RULE,
    &unhashed_fetch::RULE,
    &unpinned_fetchgit::RULE,
    &placeholder_hash::RULE,
    &input_changed::RULE,
    &hash_left_behind::RULE,
    &recipe_changed::RULE,
    &version_not_rev::RULE,
    &versions_disagree::RULE,
    &lock_file_drifted::RULE,
    &flake_lock_behind::RULE,
    &flake_input_policy::RULE,
    &nixbuild_mismatch::RULE,
    &annotation_mismatch::RULE,
    &latest_deployed::RULE,
    &tag_off_main::RULE,
    &config_key_case::RULE,
    &config_unknown_key::RULE,
    &config_shape::RULE,
    &builder_argument::RULE,
    &no_ca_bundle::RULE,
    &no_tmp::RULE,
    &usr_bin_env::RULE,
    &fakechroot::RULE,
    &secret_in_argv::RULE,
    &source_dropped::RULE,
    &dockerfile_forbidden::RULE,
    &darwin_image::RULE,
];

/// The rule that `word`, a code or a name, means. Case does not count.
pub fn by_word(word: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.is_called(word))
}

impl Rule {
    /// Whether `word` is its code or its name.
    pub fn is_called(&self, word: &str) -> bool {
        self.code.eq_ignore_ascii_case(word) || self.name.eq_ignore_ascii_case(word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        let codes: Vec<&str> = ALL.iter().map(|rule| rule.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        let names: BTreeSet<&str> = ALL.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn each_rule_has_its_text() {
        for rule in ALL {
            let doc = &rule.doc;
            for (part, text) in [
                ("what", doc.what),
                ("why", doc.why),
                ("bad", doc.bad),
                ("good", doc.good),
                ("fix", doc.fix),
            ] {
                assert!(text.len() > 10, "{}: {part}: {text:?}", rule.code);
                assert_eq!(text.trim(), text, "{}: {part}", rule.code);
            }
        }
    }
}
