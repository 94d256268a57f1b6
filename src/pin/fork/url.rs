//! The URL that an expression fetches from, by what a clone says of its origin.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::git::without_credentials;

/// What a path of a URL keeps as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@');

/// Why an origin makes no URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoUrl {
    #[error("it has no remote `origin`")]
    NoOrigin,
    #[error("its `origin` is not UTF-8 or holds a control character")]
    Unreadable,
}

/// `origin` without credentials; a path of this disk, seen from `top`, as a `file` URL.
pub fn of_origin(origin: Option<&str>, top: &Path) -> Result<String, NoUrl> {
    let origin = origin.ok_or(NoUrl::NoOrigin)?;
    if origin.is_empty() || origin.chars().any(char::is_control) {
        return Err(NoUrl::Unreadable);
    }
    // As git tells them apart: `host:path` has its colon before any slash.
    let is_path = !origin.contains("://")
        && origin
            .split('/')
            .next()
            .is_none_or(|first| !first.contains(':'));
    if !is_path {
        return Ok(without_credentials(origin));
    }
    let path = top.join(origin);
    let path = path.canonicalize().unwrap_or(path);
    let path = path.to_str().ok_or(NoUrl::Unreadable)?;
    Ok(format!("file://{}", utf8_percent_encode(path, PATH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let of = |origin: &str| of_origin(Some(origin), Path::new("/no/such/clone"));
        for (origin, url) in [
            (
                "https://git.example.org/a/b.git",
                "https://git.example.org/a/b.git",
            ),
            (
                "https://me:pw@git.example.org/a/b.git",
                "https://git.example.org/a/b.git",
            ),
            (
                "https://TOKEN@git.example.org/a",
                "https://git.example.org/a",
            ),
            (
                "ssh://git:pw@git.example.org:22/a",
                "ssh://git@git.example.org:22/a",
            ),
            ("git@git.example.org:a/b.git", "git@git.example.org:a/b.git"),
            ("file:///srv/a.git", "file:///srv/a.git"),
            (
                "/srv/no such/${x}.git",
                "file:///srv/no%20such/%24%7Bx%7D.git",
            ),
            ("a.git", "file:///no/such/clone/a.git"),
        ] {
            assert_eq!(of(origin), Ok(url.to_owned()), "{origin}");
        }
        assert_eq!(of("https://a\n.example.org"), Err(NoUrl::Unreadable));
        assert_eq!(of_origin(None, Path::new("/")), Err(NoUrl::NoOrigin));
    }
}
