//! What keeps a transaction from being done; each says what is on the disk now and what to do next.

use std::io;
use std::path::PathBuf;

use super::Recovery;

#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    #[error("{path}: changed since it was read; nothing was written; run again")]
    Changed { path: PathBuf },
    #[error("{path}: is to be created, but something of that name is there; nothing was written")]
    Exists { path: PathBuf },
    #[error("{path}: no such file; nothing was written; run again")]
    Missing { path: PathBuf },
    #[error("{path}: its folder does not exist; nothing was written (hint: mkdir -p)")]
    NoFolder { path: PathBuf },
    #[error("{path}: not a regular file; nothing was written")]
    NotAFile { path: PathBuf },
    #[error("{path}: leads to {real}, outside the workspace; nothing was written")]
    Outside { path: PathBuf, real: PathBuf },
    #[error("{path}: a symbolic link that leads to itself; nothing was written")]
    LinkLoop { path: PathBuf },
    #[error("{path}: read-only; nothing was written (hint: chmod u+w {path})")]
    ReadOnly { path: PathBuf },
    #[error("{first} and {second} are the same file, with two changes; nothing was written")]
    SameFile { first: PathBuf, second: PathBuf },
    #[error(
        "another run of cotter is at work in {base}; nothing was written; wait for it to end, then run again"
    )]
    Busy { base: PathBuf },
    /// A step failed. From a commit: all files are as they were. From a repair: the next run takes it up again.
    #[error("{path}: cannot {doing}: {source}")]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },
    /// A killed run's changes had to be put right first, so what this run had read no longer holds.
    #[error("{0}nothing else was written; run again")]
    Repaired(Recovery),
    /// A step failed, and a file that had been changed already was edited by someone else before it could be put back.
    #[error("{cause}\n{recovery}")]
    Conflict {
        cause: Box<TransactionError>,
        recovery: Recovery,
    },
    /// Putting the files back failed too. The journal stays: the next run goes on with it.
    #[error(
        "{path}: cannot put back its old content: {source}; the run is half done; remove the cause and run again: the next run puts back the rest"
    )]
    HalfDone { path: PathBuf, source: io::Error },
    #[error(
        "{path}: written by a newer cotter (version {version}); run that one to repair what it left"
    )]
    NewerJournal { path: PathBuf, version: u64 },
    #[error("{path}: does not lead to a git directory: {reason}")]
    GitDir { path: PathBuf, reason: String },
}

impl TransactionError {
    pub(super) fn io(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> TransactionError {
        let path = path.into();
        move |source| TransactionError::Io {
            path,
            doing,
            source,
        }
    }
}
