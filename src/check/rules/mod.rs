//! The rules: a file each, named after what it finds, and a line in [`ALL`].

pub mod allowance_without_reason;
mod dockerfile_forbidden;
mod flake_lock_behind;
pub mod unreadable;
pub mod unused_allowance;

use super::Rule;

/// Every rule, by code.
pub static ALL: &[&Rule] = &[
    &unreadable::RULE,
    &allowance_without_reason::RULE,
    &unused_allowance::RULE,
    &flake_lock_behind::RULE,
    &dockerfile_forbidden::RULE,
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
                assert!(text.len() > 20, "{}: {part}: {text:?}", rule.code);
                assert_eq!(text.trim(), text, "{}: {part}", rule.code);
            }
        }
    }
}
