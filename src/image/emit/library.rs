//! cotter's library where no flake gives it: fetched by its commit while Nix evaluates, with nothing that needs flakes.

use serde::Serialize;

use crate::manifest::flake_url;

/// The folder of the library in cotter's repository.
const FOLDER: &str = "nix";

/// A commit of the repository that has the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinnedLibrary {
    url: String,
    rev: String,
    git_ref: Option<String>,
    /// Of the library, in the repository.
    folder: String,
}

impl PinnedLibrary {
    /// What an emitted file calls it.
    pub const NAME: &str = "cotterLib";

    /// What a reference of cotter's flake says; `None` where it names no commit of a git repository.
    pub fn of(reference: &str) -> Option<PinnedLibrary> {
        let read = flake_url::read(reference)?;
        let rev = read.rev_in(reference)?.to_owned();
        let url = read.repository?;
        // The parameters are of the reference, and the URL goes to git.
        let url = url.split('?').next().unwrap_or(&url).to_owned();
        Some(PinnedLibrary {
            url,
            rev,
            git_ref: read.git_ref,
            folder: match read.dir {
                Some(dir) if !dir.is_root() => format!("{dir}/{FOLDER}"),
                _ => FOLDER.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_of_a_repository() {
        let rev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
        for (reference, url, git_ref, folder) in [
            (
                format!("git+https://h/c.git?rev={rev}"),
                "https://h/c.git",
                None,
                "nix",
            ),
            (
                format!("git+ssh://git@h/c?ref=main&rev={rev}&dir=a/b"),
                "ssh://git@h/c",
                Some("main"),
                "a/b/nix",
            ),
            (
                format!("github:o/r/{rev}"),
                "https://github.com/o/r",
                None,
                "nix",
            ),
        ] {
            let expected = PinnedLibrary {
                url: url.into(),
                rev: rev.into(),
                git_ref: git_ref.map(str::to_owned),
                folder: folder.into(),
            };
            assert_eq!(PinnedLibrary::of(&reference), Some(expected), "{reference}");
        }
        for reference in [
            "git+https://h/c.git",
            "git+https://h/c.git?rev=1d37d29",
            "github:o/r/main",
            "cotter",
            "path:/srv/cotter",
            "/srv/cotter",
            "",
        ] {
            assert_eq!(PinnedLibrary::of(reference), None, "{reference}");
        }
    }
}
