//! What a pin follows: the order of the rules is a contract, see the README, "How a pin is followed".

use std::fmt;

use super::{Moves, Pin, PinKind, Role};
use crate::config::{Config, Container};
use crate::spot::Spot;
use crate::syntax::Library;

/// Where a pin's next value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// It never moves by itself.
    Stay,
    /// The tip of a branch; where there is no such branch, the tag of that name.
    Branch(String),
    /// The newest tag that a glob matches.
    Tags(String),
    /// The newest release tag of the same shape.
    Releases,
    /// The branch `feature/*/NAME` or `feature/NAME`.
    Feature(String),
    /// The remote's default branch.
    Head,
}

impl Follow {
    /// What `pin` follows, by the first of: the comment behind its value, `cotter.toml`, the ref that the source
    /// names, and what kind of pin it is.
    pub fn of(pin: &Pin, config: &Config, container: Option<&Container>) -> Follow {
        if let Some(follow) = pin.comment.as_deref().and_then(Follow::from_comment) {
            return follow;
        }
        if let Some(word) = config.follow(&pin.name.to_string()) {
            return Follow::from_word(word);
        }
        // A digest's `finalImageTag` and a release of a registry are no refs of git.
        if pin.moves == Moves::Given || pin.repository.is_none() && pin.kind != PinKind::FlakeInput
        {
            return match &pin.role {
                Role::Spork(_) => Follow::of_spork(pin, container),
                _ => Follow::Stay,
            };
        }
        match (&pin.role, &pin.moves) {
            (Role::Spork(_), _) => Follow::of_spork(pin, container),
            (_, Moves::Tag { .. }) => Follow::Releases,
            _ => match &pin.git_ref {
                Some(name) => Follow::from_word(name),
                None => Follow::Head,
            },
        }
    }

    fn of_spork(pin: &Pin, container: Option<&Container>) -> Follow {
        let Role::Spork(role) = &pin.role else {
            return Follow::Stay;
        };
        match (&role.feature, &pin.git_ref) {
            (_, Some(name)) => Follow::from_word(name),
            (Some(feature), None) => Follow::Feature(feature.name.clone()),
            (None, None) => Follow::Branch(
                container
                    .map_or("main", |container| container.main_branch())
                    .to_owned(),
            ),
        }
    }

    /// The comment behind a value in a Nix file: the first that says what to follow, where there are several.
    pub(super) fn comment(library: &Library, spot: &Spot) -> Option<String> {
        let mut comments = library.comments_of(spot.part()?);
        let at = comments
            .iter()
            .position(|comment| Follow::from_comment(comment).is_some())
            .unwrap_or(0);
        (at < comments.len()).then(|| comments.swap_remove(at))
    }

    /// A comment speaks of following when its first word is `pin` or `tags/…`, or when it is one word that can be
    /// the name of a branch.
    pub(super) fn from_comment(comment: &str) -> Option<Follow> {
        let mut words = comment.split_whitespace();
        let first = words.next()?;
        if first == "pin" || first == "pin:" {
            return Some(Follow::Stay);
        }
        if first.starts_with("tags/") {
            return Some(Follow::from_word(first));
        }
        let is_name = first
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/+".contains(&b))
            && first.bytes().any(|b| b.is_ascii_alphanumeric());
        // `TODO`, `CONTAINER_APP_VERSION`: words to other readers.
        let is_note = first != "HEAD"
            && first.bytes().any(|b| b.is_ascii_uppercase())
            && first.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        (words.next().is_none() && is_name && !is_note).then(|| Follow::from_word(first))
    }

    fn from_word(word: &str) -> Follow {
        let word = word.trim();
        let tag = word
            .strip_prefix("tags/")
            .or_else(|| word.strip_prefix("refs/tags/"));
        match (word, tag) {
            ("pin", _) => Follow::Stay,
            ("HEAD", _) => Follow::Head,
            (_, Some(pattern)) => Follow::Tags(pattern.to_owned()),
            _ => Follow::Branch(word.strip_prefix("refs/heads/").unwrap_or(word).to_owned()),
        }
    }
}

/// As a comment or `cotter.toml` would say it, where they can.
impl fmt::Display for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Follow::Stay => f.write_str("pin"),
            Follow::Branch(name) => f.write_str(name),
            Follow::Tags(pattern) => write!(f, "tags/{pattern}"),
            Follow::Releases => f.write_str("releases"),
            Follow::Feature(name) => write!(f, "feature/*/{name}"),
            Follow::Head => f.write_str("HEAD"),
        }
    }
}

/// Whether `branch` is what a feature `name` follows when nothing else is said.
pub(super) fn is_feature_branch(branch: &str, name: &str) -> bool {
    let Some(rest) = branch.strip_prefix("feature/") else {
        return false;
    };
    rest == name
        || rest
            .strip_suffix(name)
            .is_some_and(|before| before.ends_with('/') && before.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_that_can_mean_it_are_followed() {
        for (comment, expected) in [
            ("pin", Some(Follow::Stay)),
            ("pin until the next release", Some(Follow::Stay)),
            ("main", Some(Follow::Branch("main".into()))),
            (
                "nixos-unstable",
                Some(Follow::Branch("nixos-unstable".into())),
            ),
            ("tags/v*", Some(Follow::Tags("v*".into()))),
            ("tags/v* as agreed", Some(Follow::Tags("v*".into()))),
            ("update when upstream releases", None),
            ("TODO", None),
            ("CONTAINER_APP_VERSION", None),
            ("HEAD", Some(Follow::Head)),
            ("see: x", None),
            ("---", None),
            ("", None),
        ] {
            assert_eq!(Follow::from_comment(comment), expected, "{comment}");
        }
    }

    #[test]
    fn a_feature_is_found_by_its_name() {
        for (branch, name, expected) in [
            ("feature/upstream/clone-url-base", "clone-url-base", true),
            ("feature/clone-url-base", "clone-url-base", true),
            ("feature/a/b/clone-url-base", "clone-url-base", true),
            ("feature/my-clone-url-base", "clone-url-base", false),
            ("feature//x", "x", false),
            ("main", "main", false),
        ] {
            assert_eq!(is_feature_branch(branch, name), expected, "{branch}");
        }
    }
}
