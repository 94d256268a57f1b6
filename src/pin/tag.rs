//! Tags as versions: their order, and which of them are releases of the same kind as a given one.

use std::cmp::Ordering;

use globset::GlobBuilder;

pub use crate::manifest::image_tag::{is_commit, is_hex};

/// Words that mark what is not yet a release.
const UNRELEASED: &[&str] = &[
    "alpha", "beta", "rc", "pre", "preview", "dev", "nightly", "snapshot", "canary", "test",
    "next", "unstable",
];

/// Nix's `builtins.compareVersions`. Source: the Nix manual and `names.cc`.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (components(a), components(b));
    loop {
        let (left, right) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or(""), right.unwrap_or("")),
        };
        if component_less(left, right) {
            return Ordering::Less;
        }
        if component_less(right, left) {
            return Ordering::Greater;
        }
    }
}

/// Runs of digits, and runs of anything else between dots and dashes.
fn components(version: &str) -> impl Iterator<Item = &str> {
    version.split(['.', '-']).flat_map(|piece| {
        let mut rest = piece;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = rest
                .find(|c: char| c.is_ascii_digit() != first.is_ascii_digit())
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            Some(run)
        })
    })
}

fn component_less(a: &str, b: &str) -> bool {
    // Nix reads an `int`: what does not fit into one is a word to it.
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<i32>().ok(),
        false => None,
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a < b,
        (_, Some(_)) if a.is_empty() => true,
        _ if a == "pre" => b != "pre",
        _ if b == "pre" => false,
        (_, Some(_)) => true,
        (Some(_), _) => false,
        _ => a < b,
    }
}

/// What the releases of a project look like: `v1.2.3`, `release-2024_01`, `1.2p1`.
#[derive(Debug)]
pub struct Shape {
    prefix: String,
    suffix: String,
    /// The version that is there now.
    version: String,
}

impl Shape {
    /// The shape of the tag made of `prefix`, `value` and `suffix`, of which `value` is what changes.
    pub fn of(prefix: &str, value: &str, suffix: &str) -> Option<Shape> {
        let digit = value.find(|c: char| c.is_ascii_digit())?;
        let prefix = prefix.strip_prefix("refs/tags/").unwrap_or(prefix);
        let value_prefix = &value[..digit];
        let value_prefix = match prefix.is_empty() {
            true => value_prefix
                .strip_prefix("refs/tags/")
                .unwrap_or(value_prefix),
            false => value_prefix,
        };
        Some(Shape {
            prefix: format!("{prefix}{value_prefix}"),
            suffix: suffix.to_owned(),
            version: value[digit..].to_owned(),
        })
    }

    /// The newest of `tags` that is a release of this shape and not older than the one there is.
    pub fn newest<'t>(&self, tags: impl Iterator<Item = &'t str>) -> Option<&'t str> {
        tags.filter_map(|tag| Some((tag, self.release(tag)?)))
            .filter(|(_, version)| {
                compare(version, &self.version) != Ordering::Less || self.is_unreleased()
            })
            .max_by(|(_, a), (_, b)| compare(a, b))
            .map(|(tag, _)| tag)
    }

    fn is_unreleased(&self) -> bool {
        is_unreleased(&self.version)
    }

    /// The version in `tag`, when it is a release like the one there is.
    fn release<'t>(&self, tag: &'t str) -> Option<&'t str> {
        let version = tag
            .strip_prefix(self.prefix.as_str())?
            .strip_suffix(self.suffix.as_str())?;
        if !version.starts_with(|c: char| c.is_ascii_digit()) || is_unreleased(version) {
            return None;
        }
        let letters = |text: &str| {
            text.chars()
                .filter(|c| c.is_alphabetic())
                .collect::<String>()
        };
        let current = if self.is_unreleased() {
            released_part(&self.version)
        } else {
            &self.version
        };
        let same_words = letters(version) == letters(current);
        let separators = |text: &str| {
            text.chars()
                .filter(|c| !c.is_alphanumeric())
                .collect::<Vec<_>>()
        };
        let same_separators =
            separators(version)
                .iter()
                .all(|c| match separators(current).as_slice() {
                    [] => *c == '.',
                    known => known.contains(c),
                });
        let first = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        // 20240101 and 2024.1 are dates, 1.2 is none; one does not follow the other.
        let same_era = first(version).max(3) == first(current).max(3);
        (same_words && same_separators && same_era).then_some(version)
    }
}

fn released_part(version: &str) -> &str {
    let end = version
        .find(|c: char| c.is_alphabetic())
        .unwrap_or(version.len());
    version[..end].trim_end_matches(|c: char| !c.is_ascii_digit())
}

fn is_unreleased(version: &str) -> bool {
    version
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .any(|word| {
            matches!(word, "a" | "b") || UNRELEASED.contains(&word.to_ascii_lowercase().as_str())
        })
}

/// The newest of `tags` that the glob `pattern` matches, by version order. What is not yet a release counts only
/// where the pattern itself names it (`v*-rc*`). `Err` says why the pattern is none.
pub fn newest_matching<'t>(
    pattern: &str,
    tags: impl Iterator<Item = &'t str>,
) -> Result<Option<&'t str>, String> {
    let matcher = GlobBuilder::new(pattern)
        .build()
        .map_err(|error| error.kind().to_string())?
        .compile_matcher();
    let any = is_unreleased(pattern);
    Ok(tags
        .filter(|tag| matcher.is_match(tag) && (any || !is_unreleased(tag)))
        .max_by(|a, b| compare(a, b).then_with(|| a.cmp(b))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_nix_does() {
        // Pairs from the Nix manual's description, each "older, newer".
        for (older, newer) in [
            ("1.0", "2.3"),
            ("2.1", "2.3"),
            ("2.3", "2.5"),
            ("2.3", "2.3.1"),
            ("2.3pre1", "2.3"),
            ("2.3a", "2.3c"),
            ("2.3pre1", "2.3c"),
            ("2.3pre1", "2.3q"),
            ("2.3a", "2.3.1"),
            ("9", "10"),
            (
                "1.99999999999999999999999999999999999999998",
                "1.99999999999999999999999999999999999999999",
            ),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{newer} {older}");
        }
        assert_eq!(compare("1.02", "1.2"), Ordering::Equal);
    }

    fn newest(prefix: &str, value: &str, suffix: &str, tags: &[&str]) -> Option<String> {
        Shape::of(prefix, value, suffix)?
            .newest(tags.iter().copied())
            .map(str::to_owned)
    }

    #[test]
    fn releases_of_the_same_shape() {
        let tags = [
            "v1.2.3",
            "v1.10.0",
            "v1.9",
            "v2.0.0-rc.1",
            "v2.0.0-beta",
            "1.99.0",
            "v20240101",
            "w3.0",
            "v1.2.3+x",
        ];
        assert_eq!(newest("v", "1.2.3", "", &tags).as_deref(), Some("v1.10.0"));
        assert_eq!(newest("", "v1.2.3", "", &tags).as_deref(), Some("v1.10.0"));
        assert_eq!(
            newest("refs/tags/v", "1.2.3", "", &tags).as_deref(),
            Some("v1.10.0")
        );
        assert_eq!(
            newest(
                "",
                "curl-8_5_0",
                "",
                &["curl-8_5_0", "curl-8_6_0", "curl-8.7"]
            )
            .as_deref(),
            Some("curl-8_6_0")
        );
        assert_eq!(
            newest("", "9.6p1", "", &["9.6p1", "9.7p1", "9.8"]).as_deref(),
            Some("9.7p1")
        );
        assert_eq!(
            newest("v", "3.0", "", &["v2.9", "v1.0"]),
            None,
            "never backwards"
        );
        assert_eq!(
            newest("v", "2.0.0-rc1", "", &["v2.0.0-rc2", "v1.9.0", "v2.0.0"]).as_deref(),
            Some("v2.0.0")
        );
        assert_eq!(
            newest("", "2024.1", "", &["2024.3", "1.0", "30"]).as_deref(),
            Some("2024.3")
        );
        assert_eq!(newest("", "main", "", &["v1"]), None);
    }

    #[test]
    fn globs_pass_over_what_is_no_release() {
        let tags = ["v1.9", "v1.10", "v2.0-rc1", "x9"];
        assert_eq!(
            newest_matching("v*", tags.into_iter()).unwrap(),
            Some("v1.10")
        );
        assert_eq!(
            newest_matching("v*-rc*", tags.into_iter()).unwrap(),
            Some("v2.0-rc1")
        );
        assert_eq!(newest_matching("z*", tags.into_iter()).unwrap(), None);
        assert!(newest_matching("v[", tags.into_iter()).is_err());
    }

    #[test]
    fn commits_are_told_from_numbers_and_words() {
        assert!(is_commit("1d37d2983cd4a58c12663dd8df0e79dfe89a5d75"));
        assert!(is_commit("1d37d29"));
        assert!(!is_commit("20240101"));
        assert!(!is_commit("deadbeef"));
        assert!(!is_commit("v1.2.3"));
        assert!(is_commit(&"1".repeat(40)));
    }
}
