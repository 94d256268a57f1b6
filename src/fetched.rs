//! What a hash literal is the hash of, where that can be read off the source: a tree of a git commit, or a file.
//!
//! Not here: finding it (`pin`) and taking the hash (`fod`).

use crate::git::{FetchMethod, Location};
use crate::hash::Algo;
use crate::process::redact;
use crate::source::RelPath;

/// One hash literal and what it is the hash of.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub file: RelPath,
    /// [`Spot::offset`](crate::spot::Spot::offset) of the literal, in bytes.
    pub offset: usize,
    /// Whether the fetcher takes the literal by a name, by which something else may take it as well.
    pub by_name: bool,
    /// `None` where a placeholder stands that says none: Nix then takes sha256.
    pub algo: Option<Algo>,
    pub what: Origin,
    /// Why the hash is not simply that of what is fetched, read off the call.
    pub obstacle: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The NAR of a commit's tree.
    Git {
        /// As the source says it.
        url: String,
        /// Where it is asked: a local clone may stand for the URL.
        at: Location,
        /// A commit or its beginning, a tag, or a full ref name.
        rev: String,
        method: FetchMethod,
        submodules: bool,
    },
    /// A file that each of the URLs leads to, byte for byte; `executable`: the NAR of it with that bit.
    Flat { urls: Vec<String>, executable: bool },
    /// Something that only a build yields.
    Other,
}

/// The algorithm of a placeholder of nixpkgs' `lib`, by the last part of its name.
pub fn algo_of_fake(name: &str) -> Option<Algo> {
    match name {
        "fakeHash" | "fakeSha256" => Some(Algo::Sha256),
        "fakeSha512" => Some(Algo::Sha512),
        _ => None,
    }
}

impl Origin {
    /// What is fetched, in one canonical text: the same on every machine, and without credentials. `None` for
    /// [`Origin::Other`].
    pub fn identity(&self) -> Option<String> {
        match self {
            Origin::Git {
                url,
                rev,
                method,
                submodules,
                at: _,
            } => {
                let method = match method {
                    FetchMethod::Archive => "archive",
                    FetchMethod::Checkout => "checkout",
                    FetchMethod::BuiltinFetchGit => "fetchGit",
                };
                let submodules = if *submodules { " submodules" } else { "" };
                Some(format!(
                    "git {method}{submodules} {} {}",
                    word(rev),
                    word(&redact(url))
                ))
            }
            Origin::Flat { urls, executable } => {
                let mut text = String::from(if *executable { "executable" } else { "flat" });
                for url in urls {
                    text.push(' ');
                    text.push_str(&word(&redact(url)));
                }
                Some(text)
            }
            Origin::Other => None,
        }
    }
}

/// `text` without what stands between words.
fn word(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            ' ' => out.push_str("\\s"),
            c if c.is_control() || c.is_whitespace() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(at: &str, rev: &str, submodules: bool) -> Origin {
        Origin::Git {
            url: "https://me:pw@host/x".into(),
            at: Location::Clone(at.into()),
            rev: rev.into(),
            method: FetchMethod::Checkout,
            submodules,
        }
    }

    #[test]
    fn an_identity_says_what_is_fetched_and_not_from_where() {
        let identity = |origin: Origin| origin.identity().unwrap();
        assert_eq!(
            identity(git("/a", "v1", false)),
            "git checkout v1 https://***@host/x"
        );
        assert_eq!(
            identity(git("/a", "v1", false)),
            identity(git("/b", "v1", false))
        );
        assert_ne!(
            identity(git("/a", "v1", false)),
            identity(git("/a", "v1", true))
        );
        assert_ne!(
            identity(git("/a", "v1", false)),
            identity(git("/a", "v2", false))
        );
        let flat = |urls: &[&str], executable| {
            identity(Origin::Flat {
                urls: urls.iter().map(|url| (*url).to_owned()).collect(),
                executable,
            })
        };
        assert_eq!(
            flat(&["http://h/x?token=s3cret"], false),
            "flat http://h/x?token=***"
        );
        assert_ne!(flat(&["a", "b"], false), flat(&["a b"], false));
        assert_ne!(flat(&["a"], false), flat(&["a"], true));
        assert_eq!(Origin::Other.identity(), None);
    }
}
