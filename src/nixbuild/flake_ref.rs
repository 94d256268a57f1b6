//! The flake reference of a git remote at a revision, as a NixBuild's `flakeUrl` has it.

use crate::git::without_credentials;
use crate::manifest::flake_url;
use crate::source::RelPath;

/// Schemes of flake references that hold a revision as part of their path.
const FORGES: [&str; 3] = ["github:", "gitlab:", "sourcehut:"];

/// `url`, a git remote's or a flake reference, at `rev`; `dir` is the folder of the flake in the repository. No
/// credential is taken over. `None` for what names no repository.
pub fn at(url: &str, rev: &str, dir: Option<&RelPath>) -> Option<String> {
    let url = without_credentials(url.trim());
    let mut url = flake(&url)?;
    let read = flake_url::read(&url)?;
    if read.rev.is_some() {
        url = read.with_rev(&url, rev)?;
    } else if FORGES.iter().any(|forge| url.starts_with(forge)) {
        let (base, query) = match url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (url.as_str(), String::new()),
        };
        url = format!("{base}/{rev}{query}");
    } else {
        read.repository?;
        url = with_parameter(url, "rev", rev);
    }
    if let Some(dir) = dir.filter(|dir| !dir.is_root() && read.dir.is_none()) {
        let dir = percent_encoding::utf8_percent_encode(dir.as_str(), PATH).to_string();
        url = with_parameter(url, "dir", &dir);
    }
    Some(url)
}

/// What stands in a query's value as it is.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

fn with_parameter(url: String, key: &str, value: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{key}={value}")
}

/// A git remote's URL as a flake reference.
fn flake(url: &str) -> Option<String> {
    if url.starts_with('/') {
        return Some(format!("git+file://{url}"));
    }
    let is_flake =
        |url: &str| url.starts_with("git+") || FORGES.iter().any(|forge| url.starts_with(forge));
    if is_flake(url) || url.starts_with("git://") {
        return Some(url.to_owned());
    }
    match url.split_once("://") {
        Some(("http" | "https" | "ssh" | "file", _)) => Some(format!("git+{url}")),
        Some(_) => None,
        // `user@host:path`, of which a path with a colon is none.
        None => {
            let (host, path) = url.split_once(':')?;
            let is_host = !host.is_empty() && !host.contains('/');
            is_host.then(|| format!("git+ssh://{host}/{}", path.trim_start_matches('/')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REV: &str = "f5d531177a7330e9b270c15cca5df0eb72b8684c";

    #[test]
    fn remotes_become_flake_references() {
        for (url, expected) in [
            (
                "https://git.example.org/~u/chog",
                "git+https://git.example.org/~u/chog?rev=REV",
            ),
            (
                "https://u:secret@git.example.org/chog.git",
                "git+https://git.example.org/chog.git?rev=REV",
            ),
            (
                "git@git.example.org:team/chog.git",
                "git+ssh://git@git.example.org/team/chog.git?rev=REV",
            ),
            (
                "ssh://git@git.example.org:2222/chog",
                "git+ssh://git@git.example.org:2222/chog?rev=REV",
            ),
            ("/srv/git/chog.git", "git+file:///srv/git/chog.git?rev=REV"),
            (
                "file:///srv/git/chog.git",
                "git+file:///srv/git/chog.git?rev=REV",
            ),
            (
                "git://git.example.org/chog",
                "git://git.example.org/chog?rev=REV",
            ),
            (
                "git+https://git.example.org/chog?ref=main",
                "git+https://git.example.org/chog?ref=main&rev=REV",
            ),
            ("github:team/chog", "github:team/chog/REV"),
            (
                "github:team/chog?host=git.example.org",
                "github:team/chog/REV?host=git.example.org",
            ),
            (
                "github:team/chog/1d37d2983cd4a58c12663dd8df0e79dfe89a5d75",
                "github:team/chog/REV",
            ),
        ] {
            let expected = expected.replace("REV", REV);
            assert_eq!(
                at(url, REV, None).as_deref(),
                Some(expected.as_str()),
                "{url}"
            );
        }
        for url in ["", "../x", "nixpkgs", "ftp://x/y", "./a:b"] {
            assert_eq!(at(url, REV, None), None, "{url}");
        }
        let dir = RelPath::new("nix/é x").unwrap();
        assert_eq!(
            at("https://h/x", REV, Some(&dir)),
            Some(format!("git+https://h/x?rev={REV}&dir=nix/%C3%A9%20x"))
        );
    }
}
