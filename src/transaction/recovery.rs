//! What a killed run left, put right: the decision, and what is told of it. The table is in the parent's head comment.

use std::fmt;
use std::path::PathBuf;

use super::TransactionError;
use super::journal::{Journal, Leftover, Phase};
use super::run::{self, Standing, standing};
use super::state::State;
use crate::source::Stamp;

/// What was done about a killed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    pub outcome: Outcome,
    pub files: Vec<RepairedFile>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had changed no file yet; its temporaries are gone.
    Discarded,
    /// All its files are new now.
    Finished,
    /// All its files are old again, but for those in conflict.
    Undone,
    /// Its journal cannot be read and lies, with the backups, in this folder now; no file was touched.
    Unreadable(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairedFile {
    /// The real file, in full.
    pub path: PathBuf,
    pub repair: Repair,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// It was old and stays so.
    Old,
    /// It was new and stays so.
    New,
    /// It was old and is new now.
    Finished,
    /// It was new and is old again.
    Restored,
    /// Someone edited it; it stays as it is, and nothing that cotter wrote or replaced is lost.
    Edited,
    /// Someone edited it between the crash and the repair; it stays as it is, and these are copies of the content that
    /// it had before the run and that the run was to give it, where they still existed.
    Conflict {
        before: Option<PathBuf>,
        after: Option<PathBuf>,
    },
}

impl Recovery {
    pub(super) fn new(outcome: Outcome, files: Vec<RepairedFile>) -> Recovery {
        Recovery { outcome, files }
    }

    /// Whether a person must look at something.
    pub fn has_conflict(&self) -> bool {
        matches!(self.outcome, Outcome::Unreadable(_))
            || (self.files.iter()).any(|file| matches!(file.repair, Repair::Conflict { .. }))
    }
}

/// One line of what was done, then one for each file that changed or is in conflict; each ends in a line feed.
impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Discarded => writeln!(
                f,
                "an interrupted run had changed nothing yet; removed its temporary files"
            )?,
            Outcome::Finished => writeln!(f, "finished what an interrupted run had begun")?,
            Outcome::Undone => writeln!(f, "undid what an interrupted run had begun")?,
            Outcome::Unreadable(folder) => writeln!(
                f,
                "an interrupted run left a journal that cannot be read; no file was touched; compare the files with \
                 the backups in {0}, then remove that folder",
                folder.display()
            )?,
        }
        for RepairedFile { path, repair } in &self.files {
            let path = path.display();
            match repair {
                Repair::Old | Repair::New => {}
                Repair::Finished => writeln!(f, "  {path}: has its new content")?,
                Repair::Restored => writeln!(f, "  {path}: has its old content again")?,
                Repair::Edited => writeln!(f, "  {path}: edited since; left as it is")?,
                Repair::Conflict { before, after } => {
                    write!(f, "  {path}: edited since; left as it is; look at it")?;
                    for (what, copy) in [("before the run", before), ("of the run", after)] {
                        if let Some(copy) = copy {
                            write!(f, "; content {what}: {}", copy.display())?;
                        }
                    }
                    writeln!(f)?;
                }
            }
        }
        Ok(())
    }
}

/// Repairs what lies in `state`, whose lock the caller holds.
pub(super) fn recover(state: &State) -> Result<Option<Recovery>, TransactionError> {
    let mut journal = match Journal::read(state)? {
        Leftover::Run(journal) => journal,
        Leftover::Nothing => {
            Journal::clear(state)?;
            return Ok(None);
        }
        Leftover::Garbled(bytes) => return set_aside(state, &bytes).map(Some),
    };
    if journal.phase == Phase::Staging {
        run::discard(state, &journal)?;
        let old = |entry: &super::journal::Entry| RepairedFile {
            path: entry.target(state),
            repair: Repair::Old,
        };
        let files = journal.files.iter().map(old).collect();
        return Ok(Some(Recovery::new(Outcome::Discarded, files)));
    }
    let can_finish = journal.phase == Phase::Commit
        && journal.files.iter().all(|entry| {
            matches!(
                standing(state, entry),
                Standing::New | Standing::Old { staged: true } | Standing::Edited { renamed: true }
            )
        });
    // A rename that fails now (a folder's rights, a file edited this very moment) turns the repair round.
    if can_finish && let Ok(files) = run::forward(state, &journal) {
        run::discard(state, &journal)?;
        return Ok(Some(Recovery::new(Outcome::Finished, files)));
    }
    let files = run::back(state, &mut journal, true)?;
    Ok(Some(Recovery::new(Outcome::Undone, files)))
}

/// The folder's name comes from the content, so that a repeated repair finds the one it had begun.
fn set_aside(state: &State, garbled: &[u8]) -> Result<Recovery, TransactionError> {
    let digest = Stamp::of(garbled).0;
    let id = data_encoding::HEXLOWER.encode(&digest[..8]);
    let done = run::kept_folder(state, &id).and_then(|folder| {
        Journal::set_aside(state, &folder)?;
        Ok(folder)
    });
    let folder = done.map_err(TransactionError::io(
        &state.dir,
        "set the unreadable journal aside",
    ))?;
    Journal::clear(state)?;
    Ok(Recovery::new(Outcome::Unreadable(folder), Vec::new()))
}
