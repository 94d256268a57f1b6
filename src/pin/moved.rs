//! Whether a pin names something else than it did, told from the two texts alone. Where they may well name the same
//! (a tag and its commit, another mirror of a file) it has not moved.

use std::collections::BTreeSet;

use super::Pin;
use super::tag;

impl Pin {
    /// Whether `old`, the same pin as it was, plainly named another revision.
    pub fn has_moved_from(&self, old: &Pin) -> bool {
        let (Some(old_rev), Some(rev)) = (&old.rev, &self.rev) else {
            return false;
        };
        // A file of which only the URL is known.
        if let (Some(old_url), Some(url), None, None) =
            (&old.url, &self.url, &old.repository, &self.repository)
        {
            return is_other_file(old_url, url);
        }
        is_other_revision(old_rev, rev)
    }
}

fn is_other_revision(old: &str, new: &str) -> bool {
    let plain = |rev: &str| rev.strip_prefix("refs/tags/").unwrap_or(rev).to_owned();
    let (old, new) = (plain(old), plain(new));
    if old == new || old.contains("://") || new.contains("://") {
        return false;
    }
    match (tag::is_commit(&old), tag::is_commit(&new)) {
        (true, true) => !old.starts_with(&new) && !new.starts_with(&old),
        (false, false) => {
            // `v1.2` and `1.2` may be two tags of one commit, and so may two names.
            let number = |rev: &str| {
                let at = rev.find(|c: char| c.is_ascii_digit())?;
                rev.get(at..).map(str::to_owned)
            };
            matches!((number(&old), number(&new)), (Some(old), Some(new)) if old != new)
        }
        // A tag may have been pinned by its commit.
        _ => false,
    }
}

/// Whether the numbers in the two paths tell that these are two files. A host says nothing: a mirror has the same file.
fn is_other_file(old: &str, new: &str) -> bool {
    let (old, new) = (numbers(old), numbers(new));
    !old.is_subset(&new) && !new.is_subset(&old)
}

fn numbers(url: &str) -> BTreeSet<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    path.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|number| number.trim_matches('.').to_owned())
        .filter(|number| !number.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions() {
        let (a, b) = (
            "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75",
            "0e8da71c2d5c1a2f5e2a8c5dd58a9e6b3b9f0a11",
        );
        for (old, new, moved) in [
            (a, b, true),
            (a, a, false),
            (&a[..8], a, false),
            (&b[..8], a, true),
            ("v1.2.3", "v1.2.4", true),
            ("v1.2.3", "1.2.3", false),
            ("v1.2.3", "refs/tags/v1.2.3", false),
            ("v1.2.3", a, false),
            (a, "v1.2.3", false),
            ("main", "master", false),
            ("main", "v2", false),
        ] {
            assert_eq!(is_other_revision(old, new), moved, "{old} {new}");
        }
    }

    #[test]
    fn files() {
        for (old, new, moved) in [
            ("https://h/tool-1.2.3.tgz", "https://h/tool-1.2.4.tgz", true),
            (
                "https://h/v1.2.3/py3.11-x",
                "https://h/v1.2.4/py3.11-x",
                true,
            ),
            (
                "https://h/tool-1.2.3.tgz",
                "https://m2.h/dl/v1.2.3/tool-1.2.3.tgz",
                false,
            ),
            ("https://h/tool-1.2.3.tgz", "http://h/tool-1.2.3.tgz", false),
            ("https://h/tool.tgz", "https://h/other.tgz", false),
            ("https://h/tool.tgz", "https://h/2/tool.tgz", false),
        ] {
            assert_eq!(is_other_file(old, new), moved, "{old} {new}");
        }
    }
}
