//! What is no longer as it was when a hash was verified, told by the text of the workspace alone: no Nix is asked.
//!
//! Not here: whether that makes the hash wrong, which only a build tells (`run`).

use super::Entry;
use crate::fod::environment::Environment;
use crate::fod::literal::Literal;
use crate::hash::{Algo, Hash, Hasher};
use crate::source::{RelPath, SourceError, Workspace};
use crate::syntax::Library;

/// What of an entry's inputs is no longer as it was when the hash was verified. What cannot be known is not among it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Sorted by path.
    pub files: Vec<(RelPath, FileDrift)>,
    /// The names of attributes beside the literal, sorted; `env.NAME` for those of a set `env`.
    pub env: Vec<String>,
    /// Whether the literal says another hash than the one that is recorded, or none.
    pub hash_differs: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileDrift {
    Changed,
    /// Nothing lies there. Of a file that git does not track this may only say that it is another machine's.
    Gone,
}

impl Drift {
    /// Whether all is as it was, as far as that is known.
    pub fn is_none(&self) -> bool {
        *self == Drift::default()
    }
}

/// What has changed since `entry` was recorded. `literal` is the one that it is of, as it was found in the workspace of
/// `library`; without it only the files are looked at.
pub fn drift(entry: &Entry, literal: Option<&Literal>, library: &Library) -> Drift {
    let workspace = library.workspace();
    let files = entry.files.iter();
    Drift {
        files: files
            .filter_map(|(path, was)| Some((path.clone(), of_file(workspace, path, was)?)))
            .collect(),
        env: match literal {
            Some(literal) if entry.env != Environment::default() => {
                Environment::beside(library, literal).differences(&entry.env)
            }
            _ => Vec::new(),
        },
        hash_differs: literal.is_some_and(|literal| literal.hash() != Some(&entry.hash)),
    }
}

/// The digest of a file's content.
pub fn digest(bytes: &[u8]) -> Hash {
    let mut hasher = Hasher::new(Algo::Sha256);
    hasher.update(bytes);
    hasher.finish()
}

fn of_file(workspace: &Workspace, path: &RelPath, was: &Hash) -> Option<FileDrift> {
    match workspace.bytes(path) {
        Ok(bytes) => (!is_same(&bytes, was)).then_some(FileDrift::Changed),
        Err(SourceError::Io { source, .. }) if is_nothing_there(&source) => Some(FileDrift::Gone),
        Err(_) => None,
    }
}

fn is_nothing_there(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether `bytes` are what has the digest `was`, but for line endings, which git converts when it checks files out.
fn is_same(bytes: &[u8], was: &Hash) -> bool {
    if digest(bytes) == *was {
        return true;
    }
    // What holds one is no text to git.
    if memchr::memchr(0, bytes).is_some() {
        return false;
    }
    let mut unix = Vec::with_capacity(bytes.len());
    let mut dos = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                unix.extend_from_slice(line);
                unix.push(b'\n');
                dos.extend_from_slice(line);
                dos.extend_from_slice(b"\r\n");
            }
            None => {
                unix.extend_from_slice(line);
                dos.extend_from_slice(line);
            }
        }
    }
    digest(&unix) == *was || digest(&dos) == *was
}
