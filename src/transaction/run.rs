//! One run, and the two ways on from a staged one: forward and back. `recovery` takes the same two ways.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::check::Target;
use super::disk::{self, Found};
use super::fault;
use super::journal::{Entry, Journal, Phase, backup};
use super::recovery::{Outcome, Recovery, Repair, RepairedFile};
use super::state::State;
use super::{TransactionError, journal};

const TEMPORARY: [&str; 3] = [
    "temporary-created",
    "temporary-half-written",
    "temporary-written",
];
const BACKUP: [&str; 3] = ["backup-created", "backup-half-written", "backup-written"];
const RESTORE: [&str; 3] = ["restore-created", "restore-half-written", "restore-written"];
const KEPT: [&str; 3] = [
    "kept-copy-created",
    "kept-copy-half-written",
    "kept-copy-written",
];

/// Stages `targets`, then renames them into place.
pub(super) fn run(state: &State, targets: &[Target<'_>]) -> Result<(), TransactionError> {
    if targets.is_empty() {
        return Ok(());
    }
    let mut journal = Journal::new(targets.iter().map(|t| (t.path.clone(), t.change)));
    let staged = journal
        .write(state)
        .and_then(|()| stage(state, &journal, targets));
    if let Err(error) = staged {
        // What cannot be removed now the next run removes: the journal stays.
        let _ = discard(state, &journal);
        return Err(error);
    }
    journal.phase = Phase::Commit;
    let done = journal
        .write(state)
        .and_then(|()| forward(state, &journal).map(drop));
    if let Err(cause) = done {
        let files = back(state, &mut journal, false)?;
        let recovery = Recovery::new(Outcome::Undone, files);
        return Err(match recovery.has_conflict() {
            true => TransactionError::Conflict {
                cause: Box::new(cause),
                recovery,
            },
            false => cause,
        });
    }
    // All files are new and on the disk. A journal that cannot be removed says the same to the next run.
    let _ = discard(state, &journal);
    Ok(())
}

fn stage(state: &State, journal: &Journal, targets: &[Target<'_>]) -> Result<(), TransactionError> {
    for (index, (entry, target)) in journal.files.iter().zip(targets).enumerate() {
        let like = target.old.as_ref().map(|(_, meta)| meta);
        let temporary = entry.temporary(state);
        disk::write_new(&temporary, &target.change.after, like, &TEMPORARY)
            .map_err(TransactionError::io(&temporary, "write the new content"))?;
        if let Some((bytes, _)) = &target.old {
            let path = backup(state, index);
            disk::remove(&path)
                .and_then(|_| disk::write_new(&path, bytes, None, &BACKUP))
                .map_err(TransactionError::io(path, "write the backup"))?;
        }
    }
    sync_folders(state, journal)?;
    disk::sync_folder(&state.dir).map_err(TransactionError::io(&state.dir, "sync the folder"))?;
    fault::point("staged");
    Ok(())
}

fn sync_folders(state: &State, journal: &Journal) -> Result<(), TransactionError> {
    let folders: BTreeSet<PathBuf> = journal.files.iter().map(|e| e.folder(state)).collect();
    for folder in folders {
        disk::sync_folder(&folder).map_err(TransactionError::io(&folder, "sync the folder"))?;
    }
    Ok(())
}

/// What a file of a staged run is now.
pub(super) enum Standing {
    New,
    Old {
        staged: bool,
    },
    /// `renamed`: its temporary is gone, so it was edited after it had become new.
    Edited {
        renamed: bool,
    },
}

pub(super) fn standing(state: &State, entry: &Entry) -> Standing {
    if !folder_is_real(state, entry) {
        return Standing::Edited { renamed: false };
    }
    let target = Found::at(&entry.target(state));
    if target.is(Some(entry.after())) {
        return Standing::New;
    }
    let temporary = Found::at(&entry.temporary(state));
    if target.is(entry.before()) {
        let staged = temporary.is(Some(entry.after()));
        return Standing::Old { staged };
    }
    let renamed = matches!(temporary, Found::Missing);
    Standing::Edited { renamed }
}

/// Whether the file's folder is still where it was, not a link to somewhere else.
fn folder_is_real(state: &State, entry: &Entry) -> bool {
    let folder = entry.folder(state);
    fs::canonicalize(&folder).is_ok_and(|real| real == folder)
}

/// Renames what is not renamed yet. The journal says `commit` and stays.
pub(super) fn forward(
    state: &State,
    journal: &Journal,
) -> Result<Vec<RepairedFile>, TransactionError> {
    let mut files = Vec::with_capacity(journal.files.len());
    for entry in &journal.files {
        let target = entry.target(state);
        let repair = match standing(state, entry) {
            Standing::New => Repair::New,
            Standing::Edited { renamed: true } => Repair::Edited,
            Standing::Old { staged: true } => {
                fs::rename(entry.temporary(state), &target).map_err(TransactionError::io(
                    &target,
                    "put the new content in place",
                ))?;
                fault::point("renamed");
                Repair::Finished
            }
            Standing::Old { staged: false } => {
                let gone = io::Error::new(io::ErrorKind::NotFound, "its temporary file is gone");
                return Err(TransactionError::io(target, "put the new content in place")(gone));
            }
            Standing::Edited { renamed: false } => {
                let path = entry.path().as_str().into();
                return Err(TransactionError::Changed { path });
            }
        };
        files.push(RepairedFile {
            path: entry.target(state),
            repair,
        });
    }
    sync_folders(state, journal)?;
    fault::point("folders-synced");
    Ok(files)
}

/// Puts every file back, then ends the run. A file that was edited stays; copies of its two versions are kept, but for
/// one that a live run (`keep_all` false) had not renamed yet: nothing of that one is lost.
pub(super) fn back(
    state: &State,
    journal: &mut Journal,
    keep_all: bool,
) -> Result<Vec<RepairedFile>, TransactionError> {
    journal.phase = Phase::Undo;
    // From here on no later run goes forward. On a full disk the old journal stays, which a later run understands too:
    // it looks at the files, and both ways end with all old or all new.
    let _ = journal.write(state);
    let mut files = Vec::with_capacity(journal.files.len());
    let mut failed = None;
    for (index, entry) in journal.files.iter().enumerate().rev() {
        let path = entry.target(state);
        match put_back(state, &journal.id, index, entry, keep_all) {
            Ok(repair) => files.push(RepairedFile { path, repair }),
            // The others are still put back: the less is left half done, the better.
            Err(source) => failed = Some(TransactionError::HalfDone { path, source }),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    files.reverse();
    discard(state, journal)?;
    Ok(files)
}

fn put_back(
    state: &State,
    id: &str,
    index: usize,
    entry: &Entry,
    keep_all: bool,
) -> io::Result<Repair> {
    let renamed = match standing(state, entry) {
        Standing::Old { .. } => return Ok(Repair::Old),
        Standing::Edited { renamed } => renamed,
        Standing::New => {
            let target = entry.target(state);
            let Some(before) = entry.before() else {
                disk::remove(&target)?;
                fault::point("restored");
                return Ok(Repair::Restored);
            };
            let old = Found::at(&backup(state, index));
            if let (Found::File { bytes, .. }, true) = (&old, old.is(Some(before)))
                && let Found::File { meta, .. } = Found::at(&target)
            {
                let temporary = entry.temporary(state);
                disk::remove(&temporary)?;
                disk::write_new(&temporary, bytes, Some(&meta), &RESTORE)?;
                fs::rename(&temporary, &target)?;
                fault::point("restored");
                return Ok(Repair::Restored);
            }
            true
        }
    };
    if !keep_all && !renamed {
        return Ok(Repair::Edited);
    }
    let folder = kept_folder(state, id)?;
    let name = entry.path().file_name();
    let keep = |from: &Path, is, ending: &str| -> io::Result<Option<PathBuf>> {
        let to = folder.join(format!("{index}-{ending}-{}", journal::cut(name)));
        let found = Found::at(from);
        if let Found::File { bytes, .. } = &found
            && found.is(is)
        {
            disk::remove(&to)?;
            disk::write_new(&to, bytes, None, &KEPT)?;
        }
        Ok(to.exists().then_some(to))
    };
    let before = keep(&backup(state, index), entry.before(), "before")?;
    let after = keep(&entry.temporary(state), Some(entry.after()), "after")?;
    disk::sync_folder(&folder)?;
    disk::sync_folder(&state.dir)?;
    Ok(Repair::Conflict { before, after })
}

/// Where this run's copies go that a person must look at. They stay until that person removes them.
pub(super) fn kept_folder(state: &State, id: &str) -> io::Result<PathBuf> {
    let folder = state.file(&format!("kept-{id}"));
    match fs::create_dir(&folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(folder),
    }
}

/// Removes the temporaries, then the journal and the backups.
pub(super) fn discard(state: &State, journal: &Journal) -> Result<(), TransactionError> {
    for entry in journal.files.iter().filter(|e| folder_is_real(state, e)) {
        let temporary = entry.temporary(state);
        let removed = disk::remove(&temporary).map_err(TransactionError::io(
            &temporary,
            "remove the temporary file",
        ))?;
        if removed {
            fault::point("temporary-removed");
        }
    }
    // The folders first: with the journal gone nobody knows the temporaries' names.
    for entry in journal.files.iter().filter(|e| folder_is_real(state, e)) {
        let folder = entry.folder(state);
        disk::sync_folder(&folder).map_err(TransactionError::io(&folder, "sync the folder"))?;
    }
    Journal::clear(state)
}
