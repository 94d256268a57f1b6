//! Flake references as a NixBuild's `flakeUrl` holds them: where the revision stands and which repository it is of.
//!
//! Never normalises: what is not the revision is kept byte by byte. Syntax: Nix manual, "nix3-flake", URL-like form.

use std::ops::Range;

use crate::source::RelPath;

/// A flake reference, taken apart. Ranges count bytes of the text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlakeUrl {
    /// The repository to ask, as git takes it; `None` for what is no git repository (`path:`, a tarball).
    pub repository: Option<String>,
    /// `?ref=`, or the third part of `github:o/r/REF` where it is no revision.
    pub git_ref: Option<String>,
    /// A full commit name, from `?rev=` or `github:o/r/REV`.
    pub rev: Option<Range<usize>>,
    /// What `?rev=` says, whether it is a full commit name or not.
    pub asked_rev: Option<Range<usize>>,
    /// What `?ref=` says, or else the third part of `github:o/r/REF`.
    pub asked_ref: Option<Range<usize>>,
    /// `?dir=`: the folder of the flake in the repository.
    pub dir: Option<RelPath>,
}

/// Reads a flake reference; `None` when it is empty or an indirect one (`nixpkgs`), which names no place.
pub fn read(text: &str) -> Option<FlakeUrl> {
    let end = text.find('#').unwrap_or(text.len());
    let body = text.get(..end)?;
    let (base, query_at) = match body.split_once('?') {
        Some((base, _)) => (base, base.len() + 1),
        None => (body, body.len()),
    };
    let (scheme, rest) = base.split_once(':')?;
    let mut url = FlakeUrl {
        repository: None,
        git_ref: None,
        rev: None,
        asked_rev: None,
        asked_ref: None,
        dir: None,
    };
    let mut host = None;
    let mut at = query_at;
    for parameter in body.get(query_at..)?.split('&') {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let start = at + parameter.len() - value.len();
        let written = start..start + value.len();
        match key {
            "rev" => {
                url.asked_rev = Some(written.clone());
                if is_full_rev(value) {
                    url.rev = Some(written);
                }
            }
            "ref" => {
                url.git_ref = Some(percent_decoded(value));
                url.asked_ref = Some(written);
            }
            "dir" => url.dir = RelPath::new(percent_decoded(value)),
            "host" => host = Some(value),
            _ => {}
        }
        at += parameter.len() + 1;
    }
    let forge = match scheme {
        "github" => Some("github.com"),
        "gitlab" => Some("gitlab.com"),
        "sourcehut" => Some("git.sr.ht"),
        _ => None,
    };
    if let Some(default_host) = forge {
        let mut parts = rest.splitn(3, '/');
        let (owner, name) = (parts.next()?, parts.next()?);
        if owner.is_empty() || name.is_empty() {
            return None;
        }
        let host = host.unwrap_or(default_host);
        url.repository = Some(format!(
            "https://{host}/{}/{}",
            percent_decoded(owner),
            percent_decoded(name)
        ));
        match parts.next() {
            Some(rev) if is_full_rev(rev) => url.rev = Some(base.len() - rev.len()..base.len()),
            Some(name) if !name.is_empty() => {
                url.git_ref = Some(percent_decoded(name));
                url.asked_ref
                    .get_or_insert(base.len() - name.len()..base.len());
            }
            _ => {}
        }
    } else if let Some(plain) = base.strip_prefix("git+") {
        url.repository = Some(plain.to_owned());
    } else if scheme == "git" || base.ends_with(".git") {
        url.repository = Some(base.to_owned());
    }
    Some(url)
}

impl FlakeUrl {
    /// `text`, from which this was read, with another revision; `None` when it names none.
    pub fn with_rev(&self, text: &str, rev: &str) -> Option<String> {
        let range = self.rev.clone()?;
        Some(format!(
            "{}{rev}{}",
            text.get(..range.start)?,
            text.get(range.end..)?
        ))
    }

    /// `text`, from which this was read, with no revision.
    pub fn without_rev(&self, text: &str) -> String {
        const PARAMETER: &str = "rev=";
        let Some((before, rest)) = self
            .rev
            .as_ref()
            .and_then(|range| Some((text.get(..range.start)?, text.get(range.end..)?)))
        else {
            return text.to_owned();
        };
        match before.strip_suffix(PARAMETER) {
            // The next parameter takes its place behind the `?` or `&`, or there is none.
            Some(before) => match rest.strip_prefix('&') {
                Some(rest) => format!("{before}{rest}"),
                None => format!("{}{rest}", before.trim_end_matches(['?', '&'])),
            },
            None => format!("{}{rest}", before.trim_end_matches('/')),
        }
    }

    /// The revision that `text`, from which this was read, names.
    pub fn rev_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.rev.clone()?)
    }
}

/// A SHA-1 or SHA-256 commit name in full.
pub fn is_full_rev(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `%2F` and its kin resolved; what is not a valid escape stays.
pub fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(hex)
                .ok()?
                .first()
                .copied()
        });
        match escape {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or(&[]);
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
    const NEW: &str = "677c7a5d5fc42b655d38fbf95dc8b814d89ceabb";

    #[test]
    fn a_revision_is_taken_out() {
        for (text, expected) in [
            ("git+https://h/r?rev=OLD", "git+https://h/r"),
            ("git+https://h/r?rev=OLD#x", "git+https://h/r#x"),
            ("git+https://h/r?rev=OLD&ref=a", "git+https://h/r?ref=a"),
            ("git+https://h/r?ref=a&rev=OLD", "git+https://h/r?ref=a"),
            (
                "git+https://h/r?ref=a&rev=OLD&dir=d",
                "git+https://h/r?ref=a&dir=d",
            ),
            ("github:o/r/OLD", "github:o/r"),
            ("github:o/r/OLD?dir=d", "github:o/r?dir=d"),
            ("git+https://h/r?ref=a", "git+https://h/r?ref=a"),
        ] {
            let text = text.replace("OLD", OLD);
            assert_eq!(read(&text).unwrap().without_rev(&text), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_revision_and_the_repository() {
        for (text, repository, git_ref, has_rev) in [
            (
                "git+https://h/o/r.git?ref=main&rev=OLD",
                Some("https://h/o/r.git"),
                Some("main"),
                true,
            ),
            (
                "git+https://h/o/r.git?rev=OLD&ref=feature%2Fx#pkg",
                Some("https://h/o/r.git"),
                Some("feature/x"),
                true,
            ),
            (
                "git+ssh://git@h:2222/o/r?rev=OLD",
                Some("ssh://git@h:2222/o/r"),
                None,
                true,
            ),
            (
                "git+file:///srv/r?dir=nix&rev=OLD",
                Some("file:///srv/r"),
                None,
                true,
            ),
            ("github:o/r/OLD", Some("https://github.com/o/r"), None, true),
            (
                "github:o/r?rev=OLD",
                Some("https://github.com/o/r"),
                None,
                true,
            ),
            (
                "github:o/r/OLD?host=ghe.example.org#k",
                Some("https://ghe.example.org/o/r"),
                None,
                true,
            ),
            (
                "github:o/r/feature/x",
                Some("https://github.com/o/r"),
                Some("feature/x"),
                false,
            ),
            (
                "gitlab:g%2Fs/r/OLD",
                Some("https://gitlab.com/g/s/r"),
                None,
                true,
            ),
            (
                "sourcehut:~u/r/OLD",
                Some("https://git.sr.ht/~u/r"),
                None,
                true,
            ),
            ("git://h/r?ref=main", Some("git://h/r"), Some("main"), false),
            ("https://h/x.tar.gz", None, None, false),
            ("path:/srv/x", None, None, false),
            // Not at the start of a parameter, or no full revision.
            ("git+https://h/r?prev=OLD", Some("https://h/r"), None, false),
            (
                "git+https://h/r?rev=1d37d29",
                Some("https://h/r"),
                None,
                false,
            ),
            // In the fragment it is an attribute name.
            ("git+https://h/r#rev=OLD", Some("https://h/r"), None, false),
        ] {
            let text = text.replace("OLD", OLD);
            let url = read(&text).unwrap();
            assert_eq!(url.repository.as_deref(), repository, "{text}");
            assert_eq!(url.git_ref.as_deref(), git_ref, "{text}");
            assert_eq!(url.rev_in(&text), has_rev.then_some(OLD), "{text}");
            let changed = url.with_rev(&text, NEW);
            assert_eq!(changed, has_rev.then(|| text.replace(OLD, NEW)), "{text}");
        }
    }

    #[test]
    fn what_names_no_place_is_none() {
        for text in ["", "nixpkgs", "github:o", "github:/r", "#x", "./x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn odd_texts_are_taken_as_they_are() {
        for text in [
            "github:é/r/%",
            "git+https://h/%zz%4?rev=&=&&",
            "a:?",
            "git+:?#",
            "github:o/r/é%C3",
        ] {
            assert!(read(text).is_some(), "{text}");
        }
    }
}
