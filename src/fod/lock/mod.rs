//! `cotter.lock`: per hash literal its hash and the recipe that it was verified for, so that the same recipe need not
//! be built again.
//!
//! One object per literal, sorted by file and attribute path, with nothing of the machine in it:
//!
//! ```json
//! {
//!   "schema": 1,
//!   "fods": {
//!     "containers/heron/default.nix": {
//!       "modules.hash": {
//!         "hash": "sha256-…",
//!         "recipe": "drv:sha256-…",
//!         "toolchain": "sha256-…",
//!         "files": {
//!           "containers/heron/bun.lock": "sha256-…"
//!         },
//!         "env": {
//!           "VITE_CLERK_PUBLISHABLE_KEY": "sha256-…"
//!         },
//!         "computed": [
//!           "src"
//!         ]
//!       }
//!     }
//!   }
//! }
//! ```
//!
//! `drv:` is the digest of a derivation's own part, `toolchain` that of what it is built with; `src:` is the digest of
//! what is fetched (address, revision, method), which needs no Nix to be known.
//!
//! `files` has the SHA-256 of each file of the workspace that the derivation was made of, as it was then, and `env` that
//! of each attribute beside the literal whose value stands there; `computed` names the other attributes, where these are
//! all. So a change is seen without Nix too (`drift`). Files with hash literals are left out: they change with every
//! other hash.
//!
//! Not here: how a recipe is computed, and writing the file (`transaction`).

mod drift;
#[cfg(test)]
mod drift_tests;
mod format;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

pub use drift::{Drift, FileDrift, digest, drift};

use super::environment::Environment;
use crate::hash::{Algo, Hash, Hasher};
use crate::source::{Position, RelPath, SourceError, SourceFile, Stamp, Workspace};
use crate::transaction::FileChange;

/// The file's name at the workspace root.
pub const FILE: &str = "cotter.lock";
/// The form of the file that is read and written here.
const SCHEMA: u64 = 1;

/// What is recorded. Two are equal when the same is recorded in both, however it is written.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    entries: Entries,
    /// The file as it was read; `None` when there is none.
    read: Option<Read>,
}

type Entries = BTreeMap<RelPath, BTreeMap<String, Entry>>;

#[derive(Clone, Debug)]
struct Read {
    stamp: Stamp,
    entries: Entries,
}

/// What is recorded of one literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The hash that was found right, in whatever spelling the literal has it.
    pub hash: Hash,
    pub recipe: RecordedRecipe,
    /// The files of the workspace that it was computed from, and the SHA-256 of what they were then.
    pub files: BTreeMap<RelPath, Hash>,
    /// What was written beside the literal then.
    pub env: Environment,
}

impl Entry {
    /// Of what is fetched, which is made of nothing of the workspace.
    pub fn fetched(hash: Hash, identity: &str) -> Entry {
        Entry {
            hash,
            recipe: RecordedRecipe::fetched(identity),
            files: BTreeMap::new(),
            env: Environment::default(),
        }
    }
}

/// What a hash was found right for. Equal recipes give equal hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedRecipe {
    /// Of a derivation: the workspace's part of it, and everything else below it.
    Built { own: Hash, toolchain: Hash },
    /// Of what is fetched.
    Fetched { source: Hash },
}

impl RecordedRecipe {
    /// `identity`: the canonical text of what is fetched, the same on every machine. Only its digest is kept.
    pub fn fetched(identity: &str) -> RecordedRecipe {
        let mut hasher = Hasher::new(Algo::Sha256);
        hasher.update(identity.as_bytes());
        RecordedRecipe::Fetched {
            source: hasher.finish(),
        }
    }
}

/// Why `cotter.lock` says nothing.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{file}:{}:{}: {message}", .at.line, .at.column)]
    Invalid {
        file: RelPath,
        at: Position,
        message: String,
    },
    #[error("{file}:{}:{}: the two sides of a merge are not resolved", .at.line, .at.column)]
    Conflict { file: RelPath, at: Position },
    #[error("{file}:{}:{}: written by a newer cotter (schema {schema}; this one knows {SCHEMA})", .at.line, .at.column)]
    Newer {
        file: RelPath,
        at: Position,
        schema: u64,
    },
}

impl LockError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            LockError::Source(_) => None,
            LockError::Conflict { .. } => Some(
                "take either side (`git checkout --ours cotter.lock`): what it lacks is verified anew",
            ),
            LockError::Invalid { .. } => {
                Some("delete the file: every hash is then verified anew, as with `--all`")
            }
            LockError::Newer { .. } => Some(
                "update cotter, or delete the file: every hash is then verified anew, as with `--all`",
            ),
        }
    }

    /// The place and the words of what is wrong in the file, for a message that shows the place by itself.
    pub fn place(&self) -> Option<(&RelPath, Position)> {
        match self {
            LockError::Source(_) => None,
            LockError::Invalid { file, at, .. }
            | LockError::Conflict { file, at }
            | LockError::Newer { file, at, .. } => Some((file, *at)),
        }
    }
}

impl Lock {
    /// Reads the workspace's; an empty one where there is no file.
    pub fn load(workspace: &Workspace) -> Result<Lock, LockError> {
        let Some(path) = RelPath::new(FILE) else {
            return Ok(Lock::default());
        };
        match workspace.read(&path) {
            Ok(file) => Lock::parse(&file),
            Err(SourceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Lock::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads `file`.
    pub fn parse(file: &SourceFile) -> Result<Lock, LockError> {
        let entries = format::parse(file)?;
        Ok(Lock {
            read: Some(Read {
                stamp: file.stamp(),
                entries: entries.clone(),
            }),
            entries,
        })
    }

    /// Whether there is a file.
    pub fn is_there(&self) -> bool {
        self.read.is_some()
    }

    pub fn get(&self, file: &RelPath, attrpath: &str) -> Option<&Entry> {
        self.entries.get(file)?.get(attrpath)
    }

    /// Every file, attribute path and what is recorded of it, sorted.
    pub fn entries(&self) -> impl Iterator<Item = (&RelPath, &str, &Entry)> {
        self.entries.iter().flat_map(|(file, literals)| {
            literals
                .iter()
                .map(move |(attrpath, entry)| (file, attrpath.as_str(), entry))
        })
    }

    /// Records `entry`, in place of what was recorded.
    pub fn set(&mut self, file: &RelPath, attrpath: &str, entry: Entry) {
        let literals = self.entries.entry(file.clone()).or_default();
        literals.insert(attrpath.to_owned(), entry);
    }

    pub fn remove(&mut self, file: &RelPath, attrpath: &str) -> Option<Entry> {
        let literals = self.entries.get_mut(file)?;
        let removed = literals.remove(attrpath);
        if literals.is_empty() {
            self.entries.remove(file);
        }
        removed
    }

    /// Keeps the literals that `keep` says so of, by file and attribute path: those that are still there.
    pub fn retain(&mut self, mut keep: impl FnMut(&RelPath, &str) -> bool) {
        self.entries.retain(|file, literals| {
            literals.retain(|attrpath, _| keep(file, attrpath));
            !literals.is_empty()
        });
    }

    /// The file's text. What was written so is read and written again byte for byte.
    pub fn to_text(&self) -> String {
        format::write(&self.entries)
    }

    /// What is to be written to the disk together with the sources; `None` when the file says the same, or when there
    /// is none and nothing to record.
    pub fn change(&self) -> Option<FileChange> {
        let is_recorded = match &self.read {
            Some(read) => read.entries == self.entries,
            None => self.entries.is_empty(),
        };
        if is_recorded {
            return None;
        }
        Some(FileChange {
            path: RelPath::new(FILE)?,
            before: self.read.as_ref().map(|read| read.stamp),
            after: self.to_text().into_bytes(),
        })
    }
}

impl PartialEq for Lock {
    fn eq(&self, other: &Lock) -> bool {
        self.entries == other.entries
    }
}
