//! A folder in the cache that lasts as long as its run: `work/run-…/`, with a file `work/run-….lock` beside it.
//!
//! The run holds a lock on that file from before the folder is made until after it is removed; the system releases it
//! when the run dies. So a folder whose file can be locked, or that has none, is a dead run's.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::WorkCopyError;

const WORK: &str = "work";
const PREFIX: &str = "run-";
const LOCK: &str = ".lock";
/// Random characters of a name.
const RANDOM: usize = 16;
/// How often a new lock may be lost to a run that sweeps just then.
const TRIES: usize = 100;

/// Such a folder.
#[derive(Debug)]
pub struct Scratch {
    work: PathBuf,
    dir: PathBuf,
    lock: PathBuf,
    /// Held until after the folder is gone.
    _held: File,
}

impl Scratch {
    /// Removes what dead runs of this user left in `base`, and makes a new folder there.
    pub fn make(base: &Path) -> Result<Scratch, WorkCopyError> {
        let work = base.join(WORK);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&work)
            .map_err(WorkCopyError::cache(&work, "create the folder"))?;
        let work =
            fs::canonicalize(&work).map_err(WorkCopyError::cache(&work, "look up the folder"))?;
        sweep(&work);
        let (held, lock) = lock_new(&work)?;
        let dir = folder_of(&lock);
        // Should it fail, the file is a dead run's and goes with the next.
        DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .map_err(WorkCopyError::cache(&dir, "create the folder"))?;
        Ok(Scratch {
            work,
            dir,
            lock,
            _held: held,
        })
    }

    /// This run's own folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder that holds those of all runs.
    pub fn work(&self) -> &Path {
        &self.work
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Else the next run finds both.
        if remove_folder(&self.dir).is_ok() {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

/// Removes what dead runs of this user left in `base`.
pub(super) fn clear(base: &Path) {
    if let Ok(work) = fs::canonicalize(base.join(WORK)) {
        sweep(&work);
    }
}

fn lock_new(work: &Path) -> Result<(File, PathBuf), WorkCopyError> {
    for _ in 0..TRIES {
        let (file, path) = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(LOCK)
            .rand_bytes(RANDOM)
            .tempfile_in(work)
            .and_then(|file| file.keep().map_err(|error| error.error))
            .map_err(WorkCopyError::cache(work, "create a file"))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok((file, path)),
            // Between our making and locking it, another run took it for a dead one's.
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                let _ = fs::remove_file(&path);
                return Err(WorkCopyError::cache(work, "lock a file")(error));
            }
        }
    }
    let busy = io::Error::from(io::ErrorKind::ResourceBusy);
    Err(WorkCopyError::cache(work, "lock a file")(busy))
}

/// Removes what dead runs left. What cannot be removed stays: it is in nobody's way.
fn sweep(work: &Path) {
    let Ok(entries) = fs::read_dir(work) else {
        return;
    };
    let me = rustix::process::geteuid().as_raw();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let random = rest.strip_suffix(LOCK).unwrap_or(rest);
        let is_ours = random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_ours || !entry.metadata().is_ok_and(|meta| meta.uid() == me) {
            continue;
        }
        let lock = work.join(format!("{PREFIX}{random}{LOCK}"));
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.cast_signed())
            .open(&lock);
        match opened {
            Ok(file) => {
                if file.try_lock().is_ok()
                    && is_at(&file, &lock)
                    && remove_folder(&folder_of(&lock)).is_ok()
                {
                    let _ = fs::remove_file(&lock);
                }
            }
            // A run removes its folder before its file: this folder is nobody's, or gone by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let _ = remove_folder(&folder_of(&lock));
            }
            Err(_) => {}
        }
    }
}

fn folder_of(lock: &Path) -> PathBuf {
    lock.with_extension("")
}

/// Whether `path` still names this very file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Removes a folder with all that it holds, also what may not be written to; nothing when it is not there.
fn remove_folder(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let _ = open_up(path);
            fs::remove_dir_all(path)
        }
        other => other,
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Lets the owner write to `folder` and all folders in it.
fn open_up(folder: &Path) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}
