//! Where a run keeps its journal and backups, and the lock that lets one run at a time write.
//!
//! In a git work tree (also below its top) that is `cotter/` in the git directory, so that it is never committed and
//! every run in the work tree finds what another left; in a plain folder `.cotter/` at the root. Removed when empty.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::TransactionError;
use super::fault;

/// How long a writer waits for another.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const LOCK: &str = "lock";

/// The folder that journals name files from, and the one that holds them.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The top of the git work tree, or the plain folder; canonical.
    pub base: PathBuf,
    pub dir: PathBuf,
}

impl State {
    /// The state of the workspace at `root`, a canonical path. Touches nothing.
    pub fn of(root: &Path) -> Result<State, TransactionError> {
        for base in root.ancestors() {
            let git = base.join(".git");
            // `metadata` follows a link to a git directory; whatever cannot be looked at is no repository of ours.
            let Ok(meta) = fs::metadata(&git) else {
                continue;
            };
            let git = if meta.is_dir() { git } else { linked(&git)? };
            return Ok(State {
                base: base.into(),
                dir: git.join("cotter"),
            });
        }
        Ok(State {
            base: root.into(),
            dir: root.join(".cotter"),
        })
    }

    /// Whether a run left anything here, be it only a kept copy.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.dir).is_ok()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The git directory that a `.git` file (worktree, submodule) names.
fn linked(git: &Path) -> Result<PathBuf, TransactionError> {
    let broken = |reason: &str| TransactionError::GitDir {
        path: git.into(),
        reason: reason.into(),
    };
    let text = fs::read_to_string(git).map_err(|e| broken(&e.to_string()))?;
    let named = text
        .strip_prefix("gitdir:")
        .map(str::trim)
        .filter(|named| !named.is_empty())
        .ok_or_else(|| broken("no line `gitdir: PATH`"))?;
    let dir = git.parent().unwrap_or(Path::new("/")).join(named);
    if !dir.is_dir() {
        return Err(broken("the folder that it names does not exist"));
    }
    Ok(dir)
}

/// The right to write, until dropped. The system releases it when the process dies.
pub(super) struct Lock {
    state: State,
    _file: File,
}

impl Lock {
    /// Waits for the lock of `state`, at most `patience`; creates the state folder.
    pub fn take(state: &State, patience: Duration) -> Result<Lock, TransactionError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(file) = try_take(state)? {
                fault::point("locked");
                return Ok(Lock {
                    state: state.clone(),
                    _file: file,
                });
            }
            if Instant::now() >= deadline {
                return Err(TransactionError::Busy {
                    base: state.base.clone(),
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// `None` when another holds the lock, or has just removed the folder or file from under us.
fn try_take(state: &State) -> Result<Option<File>, TransactionError> {
    let dir = &state.dir;
    match fs::create_dir(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(TransactionError::io(dir, "create the folder")(e));
        }
        _ => {}
    }
    let vanished = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
    match fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Err(TransactionError::NotAFile { path: dir.clone() }),
        Err(e) if vanished(&e) => return Ok(None),
        Err(e) => return Err(TransactionError::io(dir, "look at the folder")(e)),
    }
    let path = state.file(LOCK);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
        .open(&path);
    let file = match opened {
        Ok(file) => file,
        Err(e) if vanished(&e) => return Ok(None),
        Err(e) => return Err(TransactionError::io(path, "open the lock")(e)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(e)) => return Err(TransactionError::io(path, "lock the file")(e)),
    }
    // Whoever held the lock before may have removed the file: then this is the lock of a file that nobody else finds.
    let same = match (file.metadata(), fs::symlink_metadata(&path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    };
    Ok(same.then_some(file))
}

/// Whether a live process holds the lock of `state` now. Creates nothing.
pub(super) fn is_locked(state: &State) -> bool {
    File::open(state.file(LOCK))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still held, see `try_take`. What cannot be removed does no harm: the next run takes it over;
        // a folder with a journal or a kept copy in it stays.
        let _ = fs::remove_file(self.state.file(LOCK));
        fault::point("lock-removed");
        let _ = fs::remove_dir(&self.state.dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let state = State::of(&root).unwrap();
        (dir, state)
    }

    #[test]
    fn one_at_a_time_and_nothing_left() {
        let (_dir, state) = plain();
        let held = Lock::take(&state, Duration::ZERO).unwrap();
        assert!(is_locked(&state));
        assert!(matches!(
            Lock::take(&state, Duration::from_millis(30)),
            Err(TransactionError::Busy { .. })
        ));
        drop(held);
        assert!(!state.exists());
        assert!(!is_locked(&state));
        drop(Lock::take(&state, Duration::ZERO).unwrap());
    }

    #[test]
    fn waiters_never_hold_it_together() {
        let (_dir, state) = plain();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = Lock::take(&state, PATIENCE).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(!state.exists());
    }

    #[test]
    fn lies_in_the_git_directory() {
        let (dir, _) = plain();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(root.join("main/.git/worktrees/w")).unwrap();
        fs::create_dir_all(root.join("w/sub")).unwrap();
        fs::write(root.join("w/.git"), "gitdir: ../main/.git/worktrees/w\n").unwrap();
        let state = State::of(&root.join("w/sub")).unwrap();
        assert_eq!(state.base, root.join("w"));
        assert_eq!(
            fs::canonicalize(state.dir.parent().unwrap()).unwrap(),
            root.join("main/.git/worktrees/w")
        );
        for garbled in ["", "gitdir:\n", "gitdir: ../nowhere\n", "rubbish"] {
            fs::write(root.join("w/.git"), garbled).unwrap();
            assert!(matches!(
                State::of(&root.join("w")),
                Err(TransactionError::GitDir { .. })
            ));
        }
    }
}
