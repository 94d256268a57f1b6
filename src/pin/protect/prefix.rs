//! The names of the refs that protect pins: `refs/heads/<prefix>/<container>/<short rev>`.

use crate::git::{Oid, Refs, is_ref_name};

/// So many digits of a commit stand in the name of its ref.
const SHORT: usize = 12;

const HEADS: &str = "refs/heads/";

/// What stands between `refs/heads/` and the container's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Default for Prefix {
    fn default() -> Self {
        Prefix("pins".to_owned())
    }
}

impl Prefix {
    /// `pins`, `team/pins`, or the same with `refs/heads/` before it; `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Prefix, String> {
        let name = text.strip_prefix(HEADS).unwrap_or(text);
        if name == "refs" || name.starts_with("refs/") {
            return Err(format!(
                "`{text}` is not below `refs/heads/`; pins are protected by branches"
            ));
        }
        if !is_branch_name(name) {
            return Err(format!("`{text}` cannot begin the name of a branch"));
        }
        Ok(Prefix(name.to_owned()))
    }

    /// `refs/heads/<prefix>/`
    pub fn folder(&self) -> String {
        format!("{HEADS}{}/", self.0)
    }

    /// The ref that protects `rev` for `container`; `None` when the container's name is not fit for a ref.
    /// Where the short name is taken by another commit, the whole name stands instead.
    pub fn ref_for(&self, container: &str, rev: Oid, refs: &Refs) -> Option<String> {
        let branch = |digits: usize| format!("{}/{container}/{}", self.0, rev.short(digits));
        if !is_branch_name(&branch(SHORT)) {
            return None;
        }
        let digits = match refs.branch(&branch(SHORT)) {
            Some(tip) if tip != rev => 40,
            _ => SHORT,
        };
        Some(format!("{HEADS}{}", branch(digits)))
    }

    /// The refs of `container` that were made by [`Prefix::ref_for`] and not moved since: their name is the
    /// beginning of their commit's. Any other ref below the prefix is somebody else's.
    pub fn made_for<'r>(
        &self,
        container: &str,
        refs: &'r Refs,
    ) -> impl Iterator<Item = (&'r str, Oid)> {
        let folder = format!("{}{container}/", self.folder());
        refs.by_name.iter().filter_map(move |(name, tip)| {
            let short = name.strip_prefix(&folder)?;
            let is_made = short.len() >= SHORT && tip.to_string().starts_with(short);
            is_made.then_some((name.as_str(), *tip))
        })
    }

    /// The branch that leaves no place for refs below the prefix: git has no branch `a/b` beside `a`.
    pub fn in_the_way<'r>(&self, container: &str, refs: &'r Refs) -> Option<&'r str> {
        let folder = format!("{}/{container}", self.0);
        let above = folder
            .match_indices('/')
            .map(|(at, _)| &folder[..at])
            .chain([folder.as_str()])
            .map(|branch| format!("{HEADS}{branch}"))
            .find(|name| refs.by_name.contains_key(name))?;
        refs.by_name.get_key_value(&above).map(|(name, _)| &**name)
    }
}

/// As `git check-ref-format --branch` has it; in addition no part of it may look like an option.
fn is_branch_name(name: &str) -> bool {
    !name.split('/').any(|part| part.starts_with('-')) && is_ref_name(&format!("{HEADS}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> Oid {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn refs(of: &[(&str, Oid)]) -> Refs {
        Refs {
            head: None,
            by_name: of
                .iter()
                .map(|(name, oid)| (format!("{HEADS}{name}"), *oid))
                .collect(),
        }
    }

    #[test]
    fn odd_prefixes_are_refused() {
        for text in [
            "",
            "-",
            "-x",
            "a/-x",
            "a..b",
            "..",
            "a//b",
            "/a",
            "a/",
            "refs/tags/x",
            "refs",
            "refs/heads/",
            "a b",
            "a~",
            "a.lock",
            "a.lock/b",
            ".a",
            "a\nb",
            "@{",
            "refs/pins",
        ] {
            assert!(Prefix::parse(text).is_err(), "{text:?}");
        }
        for (text, folder) in [
            ("pins", "refs/heads/pins/"),
            ("team/pins", "refs/heads/team/pins/"),
            ("refs/heads/pins", "refs/heads/pins/"),
        ] {
            assert_eq!(Prefix::parse(text).unwrap().folder(), folder);
        }
    }

    #[test]
    fn a_container_that_cannot_be_part_of_a_ref_has_none() {
        let none = Refs::default();
        let prefix = Prefix::default();
        for container in ["", "a b", "..", "-x", "a.lock", "a:b"] {
            assert_eq!(
                prefix.ref_for(container, oid('a'), &none),
                None,
                "{container}"
            );
        }
        assert_eq!(
            prefix.ref_for("kingfisher", oid('a'), &none).unwrap(),
            "refs/heads/pins/kingfisher/aaaaaaaaaaaa"
        );
    }

    #[test]
    fn a_name_that_another_commit_has_is_not_taken_from_it() {
        let taken = refs(&[("pins/k/aaaaaaaaaaaa", oid('b'))]);
        let prefix = Prefix::default();
        assert_eq!(
            prefix.ref_for("k", oid('a'), &taken).unwrap(),
            format!("refs/heads/pins/k/{}", oid('a'))
        );
        assert_eq!(prefix.made_for("k", &taken).count(), 0);
    }

    #[test]
    fn only_refs_of_the_container_that_name_their_commit_are_its_own() {
        let refs = refs(&[
            ("pins/k/aaaaaaaaaaaa", oid('a')),
            ("pins/k/bbbbbbbbbbbb", oid('c')),
            ("pins/k/keep", oid('a')),
            ("pins/k/sub/aaaaaaaaaaaa", oid('a')),
            ("pins/kk/aaaaaaaaaaaa", oid('a')),
            ("team/pins/k/aaaaaaaaaaaa", oid('a')),
        ]);
        let made: Vec<&str> = Prefix::default()
            .made_for("k", &refs)
            .map(|(name, _)| name)
            .collect();
        assert_eq!(made, ["refs/heads/pins/k/aaaaaaaaaaaa"]);
    }

    #[test]
    fn a_branch_in_the_way_is_found() {
        let prefix = Prefix::parse("team/pins").unwrap();
        for (branch, expected) in [
            ("team", true),
            ("team/pins", true),
            ("team/pins/k", true),
            ("team/pins/k/aaaaaaaaaaaa", false),
            ("pins", false),
        ] {
            let refs = refs(&[(branch, oid('a'))]);
            assert_eq!(
                prefix.in_the_way("k", &refs).is_some(),
                expected,
                "{branch}"
            );
        }
    }
}
