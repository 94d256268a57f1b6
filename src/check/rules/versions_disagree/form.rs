//! Whether two texts that stand for one version can both be right.

use crate::manifest::image_tag::without_build;
use crate::pin::tag;

/// What kind of version a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `1.2.3`, and what may follow.
    Release,
    /// A commit name, whole or short.
    Commit,
    /// Anything else, of which nothing is known.
    Other,
}

fn form(version: &str) -> Form {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut numbers = version.split('.');
    let is_release = numbers.next().is_some_and(digits)
        && numbers
            .next()
            .is_some_and(|part| part.bytes().next().is_some_and(|b| b.is_ascii_digit()));
    match () {
        () if is_release && !version.starts_with("0.0.0") => Form::Release,
        () if tag::is_commit(version) => Form::Commit,
        () => Form::Other,
    }
}

/// Whether `own` and `other` contradict each other. A leading `v` does not count, nor does what only one of them says
/// more of: `2.11` and `2.11.0`, a short commit name and a longer one.
pub fn disagree(own: &str, other: &str) -> bool {
    let (own, other) = (bare(own), bare(other));
    match (form(own), form(other)) {
        (Form::Other, _) | (_, Form::Other) => false,
        (Form::Commit, Form::Commit) => !own.starts_with(other) && !other.starts_with(own),
        (Form::Release, Form::Release) => {
            own != other && !is_more_of(own, other) && !is_more_of(other, own)
        }
        _ => true,
    }
}

/// Whether a tag that is deployed contradicts `own`: only one of the same form does.
pub fn tag_disagrees(own: &str, tag: &str) -> bool {
    let tag = bare(without_build(tag));
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let form_of_tag = form(tag);
    form_of_tag == form(bare(own))
        && (form_of_tag == Form::Commit || is_plain(tag))
        && disagree(own, tag)
}

fn bare(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}

/// Whether `longer` is `shorter` and more of it, and no earlier than it, as `1.2.3-rc1` is.
fn is_more_of(longer: &str, shorter: &str) -> bool {
    let Some(rest) = longer.strip_prefix(shorter) else {
        return false;
    };
    let is_early = ["alpha", "beta", "rc", "pre", "dev", "a", "b"]
        .iter()
        .any(|word| rest.trim_start_matches(['-', '.', '_']).starts_with(word));
    rest.starts_with(['.', '-', '+', '_']) && !is_early
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_contradict_each_other() {
        for (own, other) in [
            ("2.11.0", "2.10.0"),
            ("2.11.0", "v2.12.0"),
            ("2.11.0", "2.11.0-rc1"),
            ("1d37d29", "677c7a5"),
            ("1d37d29", "0.4.1"),
            ("2.1", "2.11"),
        ] {
            assert!(disagree(own, other), "{own} {other}");
        }
        for (own, other) in [
            ("2.11.0", "v2.11.0"),
            ("2.11.0", "2.11"),
            ("2.11.0", "2.11.0-r1"),
            ("2.11.0", "2.11.0+nix"),
            ("1d37d29", "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75"),
            ("2.11.0", "dev"),
            ("2.11.0", "0.0.0"),
            ("unstable-2025-01-01", "2.11.0"),
            ("2.11.0", "20250101"),
        ] {
            assert!(!disagree(own, other), "{own} {other}");
        }
    }

    #[test]
    fn tags_that_contradict_a_version() {
        for (own, tag) in [
            ("2.11.0", "v2.10.0"),
            ("2.11.0", "2.10.0"),
            ("2.11.0", "v2.10.0-1d37d29-nix"),
            ("2.11.0", "v2.10.0-1d37d29"),
            ("2.11.0", "v2.10.0-1234567-nix"),
            ("1d37d29", "v677c7a5-abcdef0-nix"),
            ("1d37d29", "677c7a5"),
        ] {
            assert!(tag_disagrees(own, tag), "{own} {tag}");
        }
        for (own, tag) in [
            ("2.11.0", "v2.11.0-1d37d29-nix"),
            ("2.11.0", "1d37d29"),
            ("1d37d29", "v2.11.0"),
            ("2.11.0", "latest"),
            ("2.11.0", "v2.10.0-amd64"),
            ("2.11.0", "v2.10.0-20250101"),
            ("2.11.0", "v2.10.0-r4-ffa8727"),
            ("2.11.0", "20250101"),
        ] {
            assert!(!tag_disagrees(own, tag), "{own} {tag}");
        }
    }
}
