//! Forges' URLs of archives, releases and raw files: which repository and which revision they name.

use std::ops::Range;

use crate::source::RelPath;

/// What a URL says.
#[derive(Debug, PartialEq, Eq)]
pub struct InUrl {
    /// The git remote.
    pub repository: String,
    /// The bytes of the URL that are the tag or commit.
    pub revision: Range<usize>,
    /// Whether it is an archive of the whole tree.
    pub is_archive: bool,
}

const ENDINGS: &[&str] = &[
    ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".zip", ".tar",
];

/// Takes apart the URLs of GitHub, GitLab, Gitea, Forgejo, Sourcehut and Bitbucket. `None` for any other.
pub fn in_url(url: &str) -> Option<InUrl> {
    let start = url.find("://")? + 3;
    let path = &url[start..url.find(['?', '#']).unwrap_or(url.len())];
    // Segments with where they begin in the URL.
    let mut at = start;
    let segments: Vec<(usize, &str)> = path
        .split('/')
        .map(|segment| {
            let place = at;
            at += segment.len() + 1;
            (place, segment)
        })
        .collect();
    let name = |index: usize| {
        segments
            .get(index)
            .map(|(_, name)| *name)
            .filter(|name| !name.is_empty())
    };
    let host = name(0)?;
    let rest_from = |index: usize| {
        segments
            .get(index)
            .map(|(place, _)| (*place, &url[*place..start + path.len()]))
    };
    let (owner, repo) = (name(1)?, name(2)?);
    let repository = format!("{}{host}/{owner}/{repo}", &url[..start]);
    let whole = |index: usize| {
        segments
            .get(index)
            .map(|(place, name)| *place..*place + name.len())
    };

    match (host, name(3)) {
        ("raw.githubusercontent.com", Some(_)) => {
            let repository = format!("https://github.com/{owner}/{repo}");
            return found(repository, whole(3)?, false);
        }
        ("codeload.github.com", Some("tar.gz" | "zip")) => {
            let repository = format!("https://github.com/{owner}/{repo}");
            let (place, rest) = rest_from(4)?;
            return found(repository, without_refs(place, rest), true);
        }
        (_, Some("tarball" | "zipball")) => {
            let (place, rest) = rest_from(4)?;
            return found(repository, without_refs(place, rest), true);
        }
        (_, Some("archive" | "get")) => {
            let (place, rest) = rest_from(4)?;
            let ending = ENDINGS.iter().find(|ending| rest.ends_with(**ending))?;
            return found(
                repository,
                without_refs(place, &rest[..rest.len() - ending.len()]),
                true,
            );
        }
        (_, Some("releases")) if name(4) == Some("download") => {
            return found(repository, whole(5)?, false);
        }
        (_, Some("raw" | "blob")) => return found(repository, whole(4)?, false),
        _ => {}
    }
    // GitLab: GROUP/…/PROJECT/-/archive/REV/NAME.tar.gz
    let dash = segments.iter().position(|(_, name)| *name == "-")?;
    let project = &url[..segments[dash].0.checked_sub(1)?];
    match (name(dash + 1)?, name(dash + 2)) {
        ("archive", Some(_)) => found(project.to_owned(), whole(dash + 2)?, true),
        ("raw", Some(_)) => found(project.to_owned(), whole(dash + 2)?, false),
        ("releases", Some(_)) => found(project.to_owned(), whole(dash + 2)?, false),
        _ => None,
    }
}

/// `refs/tags/v1` and `refs/heads/main` by their short names.
fn without_refs(place: usize, rest: &str) -> Range<usize> {
    let short = rest
        .strip_prefix("refs/tags/")
        .or_else(|| rest.strip_prefix("refs/heads/"))
        .unwrap_or(rest);
    place + rest.len() - short.len()..place + rest.len()
}

fn found(repository: String, revision: Range<usize>, is_archive: bool) -> Option<InUrl> {
    let sane = !revision.is_empty() && RelPath::new(&repository).is_some();
    sane.then_some(InUrl {
        repository,
        revision,
        is_archive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_every_forge() {
        for (url, repository, revision, is_archive) in [
            (
                "https://github.com/o/r/archive/v1.2.tar.gz",
                "https://github.com/o/r",
                "v1.2",
                true,
            ),
            (
                "https://github.com/o/r/archive/refs/tags/v1.2.tar.gz",
                "https://github.com/o/r",
                "v1.2",
                true,
            ),
            (
                "https://github.com/o/r/tarball/abc",
                "https://github.com/o/r",
                "abc",
                true,
            ),
            (
                "https://github.com/o/r/releases/download/v1.2/x-1.2.tgz",
                "https://github.com/o/r",
                "v1.2",
                false,
            ),
            (
                "https://codeload.github.com/o/r/tar.gz/refs/heads/main",
                "https://github.com/o/r",
                "main",
                true,
            ),
            (
                "https://raw.githubusercontent.com/o/r/abc/d/f.txt",
                "https://github.com/o/r",
                "abc",
                false,
            ),
            (
                "https://codeberg.org/o/r/archive/abc.zip",
                "https://codeberg.org/o/r",
                "abc",
                true,
            ),
            (
                "https://git.sr.ht/~o/r/archive/abc.tar.gz",
                "https://git.sr.ht/~o/r",
                "abc",
                true,
            ),
            (
                "https://bitbucket.org/o/r/get/abc.tar.gz",
                "https://bitbucket.org/o/r",
                "abc",
                true,
            ),
            (
                "https://gitlab.com/g/s/p/-/archive/v3/p-v3.tar.gz",
                "https://gitlab.com/g/s/p",
                "v3",
                true,
            ),
        ] {
            let found = in_url(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(
                (
                    found.repository.as_str(),
                    &url[found.revision],
                    found.is_archive
                ),
                (repository, revision, is_archive)
            );
        }
    }

    #[test]
    fn other_urls_are_not_guessed_at() {
        for url in [
            "https://example.org/x-1.2.tar.gz",
            "https://github.com/o/r",
            "https://github.com",
            "x",
            "https://github.com/o/r/archive/",
            "https://h/-/-/-/-",
        ] {
            assert_eq!(in_url(url), None, "{url}");
        }
    }
}
