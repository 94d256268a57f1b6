//! Whether each file may be changed, and is what it was when it was read. Touches nothing.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::disk::Found;
use super::state::State;
use super::{FileChange, TransactionError};
use crate::source::{RelPath, Stamp};

/// A file that may be changed.
pub(super) struct Target<'a> {
    pub change: &'a FileChange,
    /// The real file, links resolved, from the state's base.
    pub path: RelPath,
    /// The old content and what else the new file takes over; `None` for one to be created.
    pub old: Option<(Vec<u8>, Metadata)>,
}

/// All checks, of all changes; those that change nothing are left out.
pub(super) fn all<'a>(
    root: &Path,
    state: &State,
    changes: &'a [FileChange],
) -> Result<Vec<Target<'a>>, TransactionError> {
    let mut seen: HashMap<RelPath, &FileChange> = HashMap::new();
    let mut targets = Vec::with_capacity(changes.len());
    for change in changes {
        let target = one(root, state, change)?;
        if let Some(first) = seen.insert(target.path.clone(), change) {
            return Err(TransactionError::SameFile {
                first: named(first),
                second: named(change),
            });
        }
        if change.before != Some(Stamp::of(&change.after)) {
            targets.push(target);
        }
    }
    Ok(targets)
}

fn named(change: &FileChange) -> PathBuf {
    change.path.as_str().into()
}

fn one<'a>(
    root: &Path,
    state: &State,
    change: &'a FileChange,
) -> Result<Target<'a>, TransactionError> {
    let path = named(change);
    let full = change.path.to_path(root);
    if change.path.is_root() {
        return Err(TransactionError::NotAFile { path: full });
    }
    let real = match change.before {
        Some(_) => resolve(&full, &path, false)?,
        None => {
            // The folder is resolved, the name is not: a link of that name is something that is there.
            let folder = resolve(&change.path.parent().to_path(root), &path, true)?;
            if !folder.is_dir() {
                return Err(TransactionError::NoFolder { path });
            }
            folder.join(change.path.file_name())
        }
    };
    let inside = real
        .strip_prefix(root)
        .is_ok()
        .then(|| real.strip_prefix(&state.base).ok().and_then(RelPath::new))
        .flatten();
    let Some(from_base) = inside else {
        return Err(TransactionError::Outside { path, real });
    };
    let old = match (change.before, Found::at(&real)) {
        (None, Found::Missing) => None,
        (None, _) => return Err(TransactionError::Exists { path }),
        (Some(_), Found::Missing) => return Err(TransactionError::Missing { path }),
        (Some(_), Found::Other) => return Err(unreadable(path, &real)),
        (Some(stamp), Found::File { bytes, meta }) => {
            // Root may write anything and a rename asks for no right to the file: the mode is what its owner said.
            if meta.mode() & 0o222 == 0 || access(&real, Access::WRITE_OK).is_err() {
                return Err(TransactionError::ReadOnly { path });
            }
            if Stamp::of(&bytes) != stamp {
                return Err(TransactionError::Changed { path });
            }
            Some((bytes, meta))
        }
    };
    Ok(Target {
        change,
        path: from_base,
        old,
    })
}

/// A file without the right to read it, or no file. Asks before it opens: a pipe would wait for a writer.
fn unreadable(path: PathBuf, real: &Path) -> TransactionError {
    if !fs::symlink_metadata(real).is_ok_and(|meta| meta.is_file()) {
        return TransactionError::NotAFile { path };
    }
    let source = match fs::File::open(real) {
        Err(source) => source,
        Ok(_) => io::Error::other("reading it fails"),
    };
    TransactionError::io(path, "read the file")(source)
}

/// Where `full` really is; `path` is its name in messages.
fn resolve(full: &Path, path: &Path, folder: bool) -> Result<PathBuf, TransactionError> {
    let path = path.to_path_buf();
    fs::canonicalize(full).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound if folder => TransactionError::NoFolder { path },
        io::ErrorKind::NotFound => TransactionError::Missing { path },
        io::ErrorKind::NotADirectory => TransactionError::NoFolder { path },
        _ if e.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            TransactionError::LinkLoop { path }
        }
        _ => TransactionError::io(path, "find the file")(e),
    })
}
