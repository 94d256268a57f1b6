//! The `version` near a pin: when it says what the pin said, it goes on doing so.

use crate::git::Oid;
use crate::pin::tag;

/// What is known of a move.
pub struct Moved<'a> {
    /// The whole revision before: a commit or a tag.
    pub old: &'a str,
    pub commit: Option<Oid>,
    pub new_tag: Option<&'a str>,
    /// The tags that were at the old commit.
    pub old_tags: &'a [String],
}

/// What `version` becomes. `date` gives the new commit's day, `YYYY-MM-DD`, and is only asked when needed.
///
/// `Ok(None)`: it says something else than the pin did, and stays.
pub fn follow<E>(
    version: &str,
    moved: &Moved,
    date: impl FnOnce(Oid) -> Result<String, E>,
) -> Result<Option<String>, E> {
    if let (true, Some(commit)) = (is_short_of(version, moved.old), moved.commit) {
        return Ok(Some(commit.short(version.len())));
    }
    if let Some(new_tag) = moved.new_tag.filter(|_| !version.is_empty()) {
        for old_tag in moved.old_tags.iter().map(String::as_str).chain([moved.old]) {
            let Some(prefix) = old_tag.strip_suffix(version) else {
                continue;
            };
            if let Some(new) =
                new_tag.strip_prefix(prefix.strip_prefix("refs/tags/").unwrap_or(prefix))
            {
                return Ok(Some(new.to_owned()));
            }
        }
    }
    match (date_in(version), moved.commit) {
        (Some(range), Some(commit)) => {
            let mut new = version.to_owned();
            new.replace_range(range, &date(commit)?);
            Ok(Some(new))
        }
        _ => Ok(None),
    }
}

/// Whether `version` is the beginning of the commit `rev`, or all of it.
pub fn is_short_of(version: &str, rev: &str) -> bool {
    version.len() >= 4 && tag::is_hex(rev) && rev.starts_with(version)
}

/// Where the date stands in `unstable-2024-01-01`, `0-unstable-2024-01-01`, `1.2-unstable-2024-01-01`, `2024-01-01`.
pub fn date_in(version: &str) -> Option<std::ops::Range<usize>> {
    let start = version.len().checked_sub("YYYY-MM-DD".len())?;
    let (before, date) = (version.get(..start)?, version.get(start..)?);
    let shape = date.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    (shape && (before.is_empty() || before.ends_with("unstable-"))).then_some(start..version.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
    const NEW: &str = "677c7a5d5fc42b655d38fbf95dc8b814d89ceabb";

    fn follows(version: &str, old: &str, new_tag: Option<&str>) -> Option<String> {
        let old_tags = ["v1.2.3".to_owned()];
        let old_tags = if new_tag.is_some() {
            &old_tags[..]
        } else {
            &[]
        };
        let moved = Moved {
            old,
            commit: NEW.parse().ok(),
            new_tag,
            old_tags,
        };
        follow::<()>(version, &moved, |_| Ok("2025-06-07".into())).unwrap()
    }

    #[test]
    fn what_says_the_same_moves_along() {
        assert_eq!(follows("1d37d29", OLD, None).as_deref(), Some("677c7a5"));
        assert_eq!(
            follows("1d37d2983cd4", OLD, None).as_deref(),
            Some("677c7a5d5fc4")
        );
        assert_eq!(
            follows("unstable-2024-01-01", OLD, None).as_deref(),
            Some("unstable-2025-06-07")
        );
        assert_eq!(
            follows("0-unstable-2024-01-01", OLD, None).as_deref(),
            Some("0-unstable-2025-06-07")
        );
        assert_eq!(
            follows("1.2-unstable-2024-01-01", OLD, None).as_deref(),
            Some("1.2-unstable-2025-06-07")
        );
        assert_eq!(
            follows("2024-01-01", OLD, None).as_deref(),
            Some("2025-06-07")
        );
        assert_eq!(
            follows("1.2.3", OLD, Some("v1.3.0")).as_deref(),
            Some("1.3.0")
        );
        assert_eq!(
            follows("1.2.3", "refs/tags/v1.2.3", Some("v1.3.0")).as_deref(),
            Some("1.3.0")
        );
    }

    #[test]
    fn what_says_something_else_stays() {
        for version in ["1.0", "2024-01", "abcdef0", "x2024-01-01", "", "nightly"] {
            assert_eq!(follows(version, OLD, None), None, "{version}");
            assert_eq!(follows(version, OLD, Some("v9")), None, "{version}");
        }
    }
}
