//! Whether the files on the disk are as they are staged. As git does, what the disk says of a file without opening it
//! is believed; only where that leaves a doubt is its content read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::AtomicBool;

use gix::index::entry::{Stat, stat};
use gix::index::fs::Metadata;
use rustix::fs::OFlags;

use super::Index;
use super::index::Entry;
use super::object::Kind;
use crate::source::{MAX_FILE, RelPath};

/// What is to be said of a file of the disk without opening it.
enum Glance {
    Same,
    /// It may have changed within the moment in which the index was written.
    Racy,
    Touched,
    /// It is gone, or no longer of that kind.
    Gone,
}

/// Blob ids of what lies on the disk: as it is, and with the line endings that git stores.
struct DiskIds {
    raw: gix::ObjectId,
    unix_lines: Option<gix::ObjectId>,
}

impl Index {
    /// Whether the file on the disk is as it is staged. `false` also for what is not staged.
    pub fn is_on_disk(&self, path: &RelPath) -> bool {
        self.entry(path)
            .is_some_and(|entry| self.is_as_staged(entry))
    }

    /// The files and links, in order, that are not on the disk as they are staged. Those that are not to be on the
    /// disk, and are not, are left out.
    pub fn unstaged(&self) -> Vec<RelPath> {
        self.entries
            .iter()
            .filter(|entry| !self.is_as_staged(entry))
            .filter(|entry| !(entry.skipped && matches!(self.glance(entry), Glance::Gone)))
            .map(|entry| entry.path.clone())
            .collect()
    }

    pub(super) fn is_as_staged(&self, entry: &Entry) -> bool {
        let converts = match self.glance(entry) {
            Glance::Same => return true,
            Glance::Gone => return false,
            // The size is that of the file which git stored, whatever it did to its line endings.
            Glance::Racy => true,
            Glance::Touched => self.converts_lines,
        };
        self.disk_ids(&entry.path, entry.kind)
            .is_ok_and(|ids| ids.raw == entry.id || (converts && ids.unix_lines == Some(entry.id)))
    }

    /// Whether the content of the file or link on the disk is that of the blob `id`.
    pub(super) fn disk_has(&self, path: &RelPath, id: gix::ObjectId, kind: Kind) -> bool {
        self.is_plain_folder(&path.parent())
            && self.disk_ids(path, kind).is_ok_and(|ids| {
                ids.raw == id || (self.converts_lines && ids.unix_lines == Some(id))
            })
    }

    fn glance(&self, entry: &Entry) -> Glance {
        if !self.is_plain_folder(&entry.path.parent()) {
            return Glance::Gone;
        }
        let full = entry.path.to_path(&self.root);
        let Ok(meta) = Metadata::from_path_no_follow(&full) else {
            return Glance::Gone;
        };
        if meta.is_symlink() != entry.kind.is_link() || (!meta.is_symlink() && !meta.is_file()) {
            return Glance::Gone;
        }
        let Ok(now) = Stat::from_fs(&meta) else {
            return Glance::Touched;
        };
        let options = stat::Options {
            trust_ctime: self.trusts_ctime,
            check_stat: true,
            use_nsec: true,
            use_stdev: false,
        };
        let then = &entry.stat;
        let executable = !entry.kind.is_link() && meta.is_executable();
        if executable == (entry.kind == Kind::Executable) && then.matches(&now, options) {
            let mtime = (i64::from(then.mtime.secs), i64::from(then.mtime.nsecs));
            return match mtime < self.written {
                true => Glance::Same,
                false => Glance::Racy,
            };
        }
        Glance::Touched
    }

    /// Whether `folder` is one of the disk, and no link on the way to it.
    fn is_plain_folder(&self, folder: &RelPath) -> bool {
        if folder.is_root() {
            return true;
        }
        let known = self.folders.lock().ok();
        if let Some(known) = known.and_then(|known| known.get(folder).copied()) {
            return known;
        }
        let is_plain = self.is_plain_folder(&folder.parent())
            && Metadata::from_path_no_follow(&folder.to_path(&self.root))
                .is_ok_and(|meta| meta.is_dir());
        if let Ok(mut known) = self.folders.lock() {
            known.insert(folder.clone(), is_plain);
        }
        is_plain
    }

    fn disk_ids(&self, path: &RelPath, kind: Kind) -> io::Result<DiskIds> {
        let full = path.to_path(&self.root);
        if kind.is_link() {
            let target = std::fs::read_link(full)?;
            return Ok(DiskIds {
                raw: blob_id(target.as_os_str().as_bytes())?,
                unix_lines: None,
            });
        }
        // Neither is a link followed nor a pipe waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let mut file = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(full)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if meta.len() > MAX_FILE {
            let kind = gix::object::Kind::Blob;
            let raw = gix::objs::compute_stream_hash(
                gix::hash::Kind::Sha1,
                kind,
                &mut file,
                meta.len(),
                &mut gix::progress::Discard,
                &AtomicBool::new(false),
            );
            return Ok(DiskIds {
                raw: raw.map_err(io::Error::other)?,
                unix_lines: None,
            });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        let raw = blob_id(&bytes)?;
        let before = bytes.len();
        let unix = with_unix_lines(bytes);
        let unix_lines = match unix.len() < before {
            true => Some(blob_id(&unix)?),
            false => None,
        };
        Ok(DiskIds { raw, unix_lines })
    }
}

fn blob_id(bytes: &[u8]) -> io::Result<gix::ObjectId> {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::object::Kind::Blob, bytes)
        .map_err(io::Error::other)
}

fn with_unix_lines(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut from = 0;
    let mut to = 0;
    while let Some(byte) = bytes.get(from).copied() {
        from += 1;
        if byte == b'\r' && bytes.get(from) == Some(&b'\n') {
            continue;
        }
        if let Some(place) = bytes.get_mut(to) {
            *place = byte;
        }
        to += 1;
    }
    bytes.truncate(to);
    bytes
}
