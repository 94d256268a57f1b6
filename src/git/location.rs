//! Where a repository is: a clone on this disk, or a remote by its URL.

use std::fmt;
use std::path::{Path, PathBuf};

use super::GitError;

/// A place that git can be asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// A clone or a bare mirror on this disk. What it last fetched counts, not the user's own branches.
    Clone(PathBuf),
    /// Any URL that git takes: https, http, git, ssh, `user@host:path`, file, or a plain path.
    Remote(String),
}

/// Without credentials: `https://user:password@host/x` shows as `https://host/x`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Clone(path) => path.display().fmt(f),
            Location::Remote(url) => f.write_str(&without_credentials(url)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `url` without the password, and over http also without the user, which may be a token.
pub fn without_credentials(url: &str) -> String {
    let Some(colon) = url.find("://") else {
        return url.to_owned();
    };
    let (scheme, rest) = (&url[..colon], &url[colon + 3..]);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = match rest[..end].rfind('@') {
        Some(at) => Some(at),
        // A password with an unescaped slash: what looks like a port is none.
        None => rest[..end]
            .split_once(':')
            .filter(|(_, port)| port.starts_with(|c: char| !c.is_ascii_digit()))
            .and_then(|_| rest.rfind('@')),
    };
    let Some(at) = at else {
        return url.to_owned();
    };
    let host = &rest[at + 1..];
    let user = rest[..at].split(':').next().unwrap_or("");
    // A flake reference has what it is fetched with before the scheme: `git+https`.
    let transport = scheme.rsplit('+').next().unwrap_or(scheme);
    if user.is_empty() || transport.to_ascii_lowercase().starts_with("http") {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{user}@{host}")
    }
}

/// A remote's URL, checked: what it names cannot be taken for an option or a command.
pub(super) fn parse_url(url: &str) -> Result<gix::Url, GitError> {
    let refuse = |reason: &str| GitError::Url {
        location: without_credentials(url).escape_debug().to_string(),
        reason: reason.to_owned(),
    };
    if url.starts_with('-') {
        return Err(refuse(
            "it begins with a dash and would be taken for an option",
        ));
    }
    if url.chars().any(char::is_control) {
        return Err(refuse("it holds a control character"));
    }
    if let Some((helper, _)) = url.split_once("::")
        && !helper.is_empty()
        && helper
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'))
    {
        return Err(refuse(
            "it names a remote helper, which would run a command",
        ));
    }
    let parsed = gix::url::parse(url).map_err(|_| refuse("it cannot be parsed"))?;
    use gix::url::Scheme::*;
    if !matches!(parsed.scheme, File | Git | Ssh | Http | Https) {
        return Err(refuse(
            "its scheme is none of https, http, ssh, git and file",
        ));
    }
    let dash = |text: Option<&str>| text.is_some_and(|text| text.starts_with('-'));
    if dash(parsed.host()) || dash(parsed.user()) || parsed.path.first() == Some(&b'-') {
        return Err(refuse(
            "a part of it begins with a dash and would be taken for an option",
        ));
    }
    if parsed.scheme != File && parsed.host().is_none_or(str::is_empty) {
        return Err(refuse("it names no host"));
    }
    Ok(parsed)
}

/// The folder on this disk that `url` names, if it names one.
pub(super) fn local_path(url: &gix::Url) -> Option<PathBuf> {
    if url.scheme != gix::url::Scheme::File {
        return None;
    }
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(std::ffi::OsStr::from_bytes(&url.path)).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_credentials() {
        let cases = [
            ("https://me:pw@host/a@b", "https://host/a@b"),
            ("https://TOKEN@host/x.git", "https://host/x.git"),
            ("HTTPS://me:p/w@host/x", "HTTPS://host/x"),
            ("ssh://git:pw@host:22/x", "ssh://git@host:22/x"),
            ("git+https://TOKEN@host/x?ref=y", "git+https://host/x?ref=y"),
            ("git+ssh://git:pw@host/x", "git+ssh://git@host/x"),
            ("git@host:x", "git@host:x"),
            ("http://host:8080/a@b", "http://host:8080/a@b"),
            ("/srv/x", "/srv/x"),
        ];
        for (url, shown) in cases {
            assert_eq!(Location::Remote(url.into()).to_string(), shown);
            assert_eq!(format!("{:?}", Location::Remote(url.into())), shown);
        }
    }

    #[test]
    fn refuses_what_could_run_a_command() {
        for url in [
            "--upload-pack=touch /tmp/x",
            "-x",
            "ext::sh -c x",
            "ext::https://host/x",
            "fd::17/foo",
            "ssh://-oProxyCommand=x/y",
            "-oProxyCommand=x:y",
            "host:-x",
            "https://host/x\nhost=evil",
            "foo://host/x",
            "https:///x",
            "",
        ] {
            let error = parse_url(url).map(|url| url.to_bstring()).unwrap_err();
            assert!(matches!(error, GitError::Url { .. }), "{url}: {error}");
            assert!(!error.is_outside());
        }
    }

    #[test]
    fn takes_what_git_takes() {
        for url in [
            "https://host/x.git",
            "git://host:1234/x",
            "ssh://git@host:2222/x",
            "git@host:x/y.git",
            "host:x",
            "[::1]:x",
            "file:///srv/x",
            "/srv/x",
            "../x",
        ] {
            parse_url(url).expect(url);
        }
        let local = |url| local_path(&parse_url(url).unwrap());
        assert_eq!(local("file:///srv/x"), Some("/srv/x".into()));
        assert_eq!(local("../x"), Some("../x".into()));
        assert_eq!(local("host:x"), None);
    }
}
