//! What goes wrong with git, in words for the user. No text here ever holds a credential.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::location::without_credentials;
use super::{Oid, TreeError};

/// Which place, what was expected, and by [`GitError::hint`] what to do. Locations are URLs without
/// credentials, or paths.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GitError {
    #[error(transparent)]
    Tree(Arc<TreeError>),
    #[error("{}: not a git repository that can be opened: {reason}", path.display())]
    Open { path: PathBuf, reason: String },
    /// The URL is malformed, or of a kind that is never used.
    #[error("`{location}` is not used as a git remote: {reason}")]
    Url { location: String, reason: String },
    #[error("{location}: not available offline")]
    Offline { location: String },
    #[error("{location}: no answer within {} s", timeout.as_secs_f32())]
    Timeout { location: String, timeout: Duration },
    /// The server wants a password and nothing that may answer for the user had one that it takes.
    #[error("{location}: needs a password")]
    Password { location: String },
    /// The remote could not be reached, refused, or broke off.
    #[error("{location}: {reason}")]
    Network { location: String, reason: String },
    /// The folder for fetched repositories cannot be used.
    #[error("{}: the cache of fetched repositories cannot be used: {reason}", path.display())]
    Cache { path: PathBuf, reason: String },
    #[error("{location}: no branch, tag or commit `{rev}`")]
    NoSuchRev { location: String, rev: String },
    #[error("{location}: `{rev}` can mean {}", candidates.join(" or "))]
    Ambiguous {
        location: String,
        rev: String,
        candidates: Vec<String>,
    },
    #[error("{location}: has no commit {oid}")]
    NoSuchCommit { location: String, oid: Oid },
    /// `name` is a ref or an object name; `kind` what is there: `blob`, `tree`, ...
    #[error("{location}: `{name}` is a {kind}, not a commit")]
    NotACommit {
        location: String,
        name: String,
        kind: String,
    },
    #[error("{location}: a shallow clone, whose history ends before the answer")]
    Shallow { location: String },
    /// An object, a ref or the index cannot be read.
    #[error("{location}: {what} cannot be read: {reason}")]
    Read {
        location: String,
        what: String,
        reason: String,
    },
}

impl From<TreeError> for GitError {
    fn from(error: TreeError) -> GitError {
        GitError::Tree(Arc::new(error))
    }
}

impl GitError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            GitError::Open { .. } => {
                "check the path; a clone, its `.git` or a bare repository is expected there"
            }
            GitError::Url { .. } => {
                "use an https, http, ssh, git or file URL, `user@host:path`, or a path"
            }
            GitError::Offline { .. } => {
                "run once without `--offline`, or name a local clone with `--clone`"
            }
            GitError::Timeout { .. } => {
                "check that the remote can be reached, or raise the timeout"
            }
            GitError::Password { .. } => {
                "configure a credential helper: `git config --global credential.helper ...`; cotter never asks"
            }
            GitError::Shallow { .. } => "run `git fetch --unshallow` in it",
            GitError::NoSuchCommit { .. } | GitError::NoSuchRev { .. } => {
                "run `git fetch` if this is a local clone; a force-push may have dropped the commit"
            }
            GitError::Ambiguous { .. } => "give the full ref name or the full commit name",
            GitError::Network { reason, .. } if reason.contains("Host key verification failed") => {
                "connect once with `ssh` to accept the host key; cotter never asks"
            }
            GitError::Network { reason, .. } if reason.contains("Permission denied") => {
                "check the ssh key: `ssh-add -l` lists what the agent holds; cotter never asks for a passphrase"
            }
            GitError::Network { reason, .. }
                if ["404", "403", "not exported", "does not appear to be"]
                    .iter()
                    .any(|part| reason.contains(part)) =>
            {
                "check the URL; a server may also hide a repository from who may not read it"
            }
            _ => return None,
        })
    }

    /// Whether a name was given that means nothing there, or too much: the words are wrong, not the world.
    pub fn is_about_a_name(&self) -> bool {
        matches!(
            self,
            GitError::NoSuchRev { .. }
                | GitError::Ambiguous { .. }
                | GitError::NoSuchCommit { .. }
                | GitError::NotACommit { .. }
                | GitError::Url { .. }
        )
    }

    /// Whether something outside of this machine, or the lack of it, is the cause: the network, the
    /// server, missing credentials.
    pub fn is_outside(&self) -> bool {
        matches!(
            self,
            GitError::Offline { .. }
                | GitError::Timeout { .. }
                | GitError::Password { .. }
                | GitError::Network { .. }
        )
    }
}

/// What gix puts before a cause without saying more.
const PREAMBLE: &[&str] = &[
    "Transport handshake failed",
    "An IO error occurred when talking to the server",
    "Failed to consume the pack sent by the remote",
];

/// The causes of an error in one line, outermost first, without credentials.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let text = PREAMBLE.iter().fold(text.trim(), |text, preamble| {
            text.strip_prefix(preamble)
                .map_or(text, |rest| rest.trim_start_matches([':', ' ']))
        });
        // Some errors print the cause that they also name as their source.
        if !text.is_empty() && !parts.iter().any(|part| part.contains(text)) {
            parts.push(text.to_owned());
        }
        next = error.source();
    }
    scrub(&parts.join(": "))
}

/// `text` on one line, with the user and password of every URL in it removed.
pub(super) fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')) {
        match word.find("://") {
            Some(colon) => {
                let scheme = word[..colon]
                    .rfind(|c: char| !c.is_ascii_alphanumeric())
                    .map_or(0, |at| {
                        at + word[at..].chars().next().map_or(0, char::len_utf8)
                    });
                out.push_str(&word[..scheme]);
                out.push_str(&without_credentials(&word[scheme..]));
            }
            None => out.push_str(word),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn no_url_keeps_its_credentials() {
        assert_eq!(
            scrub(
                "Credentials for \"https://me:s3cret@example.org/x\" were\n not (ssh://u:pw@h/p) taken"
            ),
            "Credentials for \"https://example.org/x\" were not (ssh://u@h/p) taken"
        );
        assert_eq!(scrub("a b://c"), "a b://c");
    }
}
