//! What a text says that stands where a commit belongs.
//!
//! Not here: whether there is such a commit (`git`).

use crate::manifest::flake_url::is_full_rev;
use crate::pin::tag;

/// Names of branches that nearly every repository has, and of what a clone has checked out.
const MOVING: [&str; 6] = ["main", "master", "HEAD", "develop", "trunk", "@"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A commit name in full.
    Whole,
    Abbreviated,
    Empty,
    /// Only zeros, which stand for no commit.
    Zeros,
    /// A branch, or `HEAD`.
    Moving,
    /// A tag, or something unknown.
    Other,
}

impl Written {
    /// `is_moving` tells further names of branches.
    pub fn of(text: &str, is_moving: impl Fn(&str) -> bool) -> Written {
        let name = text.strip_prefix("refs/heads/");
        if text.is_empty() {
            Written::Empty
        } else if text.len() >= 7 && text.bytes().all(|byte| byte == b'0') {
            Written::Zeros
        } else if is_full_rev(text) {
            Written::Whole
        } else if tag::is_commit(text) {
            Written::Abbreviated
        } else if name.is_some() || MOVING.contains(&text) || is_moving(text) {
            Written::Moving
        } else {
            Written::Other
        }
    }

    /// What is wrong with `text` as a commit; `None` with a whole one.
    pub fn fault(self, text: &str) -> Option<String> {
        Some(match self {
            Written::Whole => return None,
            Written::Abbreviated => format!("`{text}` is an abbreviated commit"),
            Written::Empty => "an empty string stands where a commit belongs".to_owned(),
            Written::Zeros => format!("`{text}` is a placeholder and no commit"),
            Written::Moving => format!("`{text}` is a name that moves and no commit"),
            Written::Other => format!("`{text}` is no full commit SHA"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forty_or_sixty_four_digits_are_a_commit() {
        let whole = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
        let sha256 = "0ba904eae8773b70c75333db4de2f3ac45a8ad4ddba1b242f0b3cfc199391dd8";
        for (text, expected) in [
            (whole, Written::Whole),
            (sha256, Written::Whole),
            (&whole.to_uppercase(), Written::Whole),
            (&whole[..39], Written::Abbreviated),
            ("1d37d29", Written::Abbreviated),
            ("1d37d2", Written::Other),
            // A date, a word, a tag.
            ("20240101", Written::Other),
            ("defaced", Written::Other),
            ("v1.2.3", Written::Other),
            ("refs/tags/main", Written::Other),
            ("refs/heads/x", Written::Moving),
            ("HEAD", Written::Moving),
            ("staging", Written::Moving),
            ("", Written::Empty),
            ("0000000000000000000000000000000000000000", Written::Zeros),
        ] {
            assert_eq!(
                Written::of(text, |name| name == "staging"),
                expected,
                "{text}"
            );
            assert_eq!(expected.fault(text).is_none(), expected == Written::Whole);
        }
    }
}
