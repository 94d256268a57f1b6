//! Writing files: all of one run change together or none does, whatever kills the run, and the next run repairs
//! what a crash left.
//!
//! A run: take the lock; repair what another left; check every file; write the journal (`staging`), which names the
//! temporaries before they exist; write those, each in its file's own folder, and backups of the old content; sync;
//! write the journal (`commit`), the point of no return; rename each temporary over its file, looking once more that
//! the file is what was read; sync; remove journal, backups, lock. A step that fails undoes those before it.
//!
//! What the next run makes of a crash, file by file (old, new: the content that the journal names; edited: any other):
//!
//! | journal | files | then |
//! |---|---|---|
//! | none | all old, or all new | orphaned backups are removed |
//! | `staging` | not touched | temporaries are removed |
//! | `commit` | each new; or old with its temporary whole; or edited with its temporary gone (edited after the rename) | the rest is renamed |
//! | `commit` | any other: a temporary is lost, or a file was edited before its rename | as `undo` |
//! | `undo` | new | the backup is put back; a created file is removed |
//! | `undo` | old | stays |
//! | `undo` | edited, or new with its backup lost | stays; both versions are kept in the state folder and reported |
//! | garbled | | all files stay; journal and backups are kept in the state folder and reported |
//!
//! A repair can be killed and repeated at any point. Nothing is removed but what a journal of ours names.
//!
//! Limits. The last look at a file and its rename are two system calls: an editor that saves between them loses.
//! A file with several hard links is replaced under one name; the other names keep the old content. Mode and, where
//! permitted, owner are carried over; extended attributes and access lists are not.
//!
//! Not here: what is written and why (`plan`).

mod check;
mod disk;
mod error;
pub mod fault;
mod journal;
mod recovery;
mod run;
mod state;

use std::fs;
use std::path::Path;

pub use error::TransactionError;
pub use recovery::{Outcome, Recovery, Repair, RepairedFile};

use crate::plan::Rewritten;
use crate::source::{RelPath, Stamp};
use state::{Lock, PATIENCE, State};

/// One file's new content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// From the workspace root. A link stays a link; the file that it leads to is rewritten.
    pub path: RelPath,
    /// Stamp of the file's bytes as they were read; `None` creates the file.
    pub before: Option<Stamp>,
    pub after: Vec<u8>,
}

impl From<&Rewritten> for FileChange {
    fn from(file: &Rewritten) -> FileChange {
        FileChange {
            path: file.path().clone(),
            before: Some(file.before.stamp()),
            after: file.after.to_bytes(),
        }
    }
}

/// Makes all of `changes` in the workspace at `root`, or none.
///
/// Waits up to 30 seconds for another run. Returns when all is on the disk. On an error all files are as they were,
/// but for [`TransactionError::Conflict`] and [`TransactionError::HalfDone`], which say what is not.
pub fn commit(root: &Path, changes: &[FileChange]) -> Result<(), TransactionError> {
    if changes.is_empty() {
        return Ok(());
    }
    let root = canonical(root)?;
    let state = State::of(&root)?;
    let _lock = Lock::take(&state, PATIENCE)?;
    // What this run read may be what a killed run left half done.
    if let Some(recovery) = recovery::recover(&state)?
        && recovery.outcome != Outcome::Discarded
    {
        return Err(TransactionError::Repaired(recovery));
    }
    let targets = check::all(&root, &state, changes)?;
    run::run(&state, &targets)
}

/// Repairs what a killed run left in the workspace at `root`; every writing command calls it before it reads.
///
/// `None`: there was nothing to repair. Waits up to 30 seconds for a run that is still alive. Where nothing was left
/// it writes nothing.
pub fn recover(root: &Path) -> Result<Option<Recovery>, TransactionError> {
    let state = State::of(&canonical(root)?)?;
    if !state.exists() {
        return Ok(None);
    }
    let _lock = Lock::take(&state, PATIENCE)?;
    recovery::recover(&state)
}

/// Whether a killed run left something to repair, for a command that itself writes nothing.
pub fn is_interrupted(root: &Path) -> Result<bool, TransactionError> {
    let state = State::of(&canonical(root)?)?;
    Ok(state.exists() && !state::is_locked(&state) && journal::exists(&state))
}

fn canonical(root: &Path) -> Result<std::path::PathBuf, TransactionError> {
    fs::canonicalize(root).map_err(TransactionError::io(root, "find the workspace"))
}
