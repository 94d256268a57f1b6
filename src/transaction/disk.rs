//! The few steps on files that a transaction is made of, each done so that a crash leaves nothing half-believed.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::fault;
use crate::source::Stamp;

/// What lies at a path, links not followed.
pub(super) enum Found {
    Missing,
    File {
        bytes: Vec<u8>,
        meta: Metadata,
    },
    /// A link, a folder, a pipe, or what cannot be read.
    Other,
}

impl Found {
    pub fn at(path: &Path) -> Found {
        // Neither follows a link nor waits for a pipe's writer.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(path);
        let mut file = match opened {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Found::Missing,
            Err(_) => return Found::Other,
        };
        let mut bytes = Vec::new();
        match file.metadata() {
            Ok(meta) if meta.is_file() && file.read_to_end(&mut bytes).is_ok() => {
                Found::File { bytes, meta }
            }
            _ => Found::Other,
        }
    }

    pub fn is(&self, stamp: Option<Stamp>) -> bool {
        match (self, stamp) {
            (Found::Missing, None) => true,
            (Found::File { bytes, .. }, Some(stamp)) => Stamp::of(bytes) == stamp,
            _ => false,
        }
    }
}

/// Writes a file that must not be there yet, down to the disk, with mode and (where permitted) owner of `like`;
/// without it, those that any new file gets. Extended attributes and access lists are not carried over.
///
/// `points`: the names of the steps created, half written, written; an empty one is none.
pub(super) fn write_new(
    path: &Path,
    bytes: &[u8],
    like: Option<&Metadata>,
    points: &[&str; 3],
) -> io::Result<()> {
    let point = |name: &str| {
        if !name.is_empty() {
            fault::point(name);
        }
    };
    let [created, half, written] = *points;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if like.is_some() { 0o600 } else { 0o666 })
        .open(path)?;
    point(created);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    point(half);
    file.write_all(second)?;
    if let Some(like) = like {
        let mode = like.mode() & 0o7777;
        let mode = if give_to(&file, like)? {
            mode
        } else {
            mode & 0o777
        };
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.sync_all()?;
    point(written);
    Ok(())
}

/// Whether `file` now has the owner and group of `like`. Only root may give a file away.
fn give_to(file: &File, like: &Metadata) -> io::Result<bool> {
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) == (like.uid(), like.gid()) {
        return Ok(true);
    }
    match fchown(file, Some(like.uid()), Some(like.gid())) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            // The group alone may be one of our own.
            let _ = fchown(file, None, Some(like.gid()));
            Ok(false)
        }
        Err(e) => Err(e),
    }
}

/// Removes a file; whether there was one.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Makes the names in a folder last. A file system that cannot do that for folders says so with EINVAL.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        Err(e) if e.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        other => other,
    }
}
