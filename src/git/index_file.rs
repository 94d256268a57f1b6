//! The file of an index, read so that a crafted one is an error: gix decodes the entries, after what it would follow
//! without a bound is checked here.
//!
//! Not here: which of the entries count (`index`).

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use gix::index::State;
use gix::index::entry::{Flags, Mode, Stat};
use gix::index::extension::{Tree, link::Bitmaps};
use rustix::fs::OFlags;
use sha1::{Digest, Sha1};

use super::index_layout::{Layout, damaged};

/// In bytes. A million files have an index of half that size.
const MAX_INDEX: u64 = 256 << 20;

/// What a name has in the index.
#[derive(Clone)]
pub(super) struct RawEntry {
    /// From the top of the work tree.
    pub path: Vec<u8>,
    pub id: gix::ObjectId,
    pub mode: Mode,
    pub flags: Flags,
    pub stat: Stat,
}

/// An index file, with the one that it shares its entries with.
#[derive(Default)]
pub(super) struct IndexFile {
    /// In the order of git: by path, then by the side of a conflict.
    pub entries: Vec<RawEntry>,
    /// Which folders are as in which tree, where git remembered it.
    pub trees: Option<Tree>,
    /// When it was written, in seconds and nanoseconds; an entry that is not older may have changed unseen.
    pub written: (i64, i64),
}

/// Reads `path`; an index that is not there is empty. `git_dir` holds what a split index shares.
pub(super) fn read(path: &Path, git_dir: &Path) -> io::Result<IndexFile> {
    let (layout, written) = match laid_out(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(IndexFile::default()),
        read => read?,
    };
    let (state, mut entries) = decode(&layout)?;
    if let Some(name) = &layout.shared {
        let (shared, _) = laid_out(&git_dir.join(format!("sharedindex.{name}"))).map_err(|e| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the shared index {name}: {e}"),
            )
        })?;
        if shared.shared.is_some() {
            return Err(damaged("the shared index shares another one"));
        }
        let (_, shared) = decode(&shared)?;
        entries = match state.link().and_then(|link| link.bitmaps.as_ref()) {
            Some(bitmaps) => unsplit(shared, entries, bitmaps)?,
            None => shared,
        };
    }
    Ok(IndexFile {
        entries,
        trees: state.tree().cloned(),
        written,
    })
}

/// The file at `path`, its checksum and its bounds proven, and when it was written.
fn laid_out(path: &Path) -> io::Result<(Layout, (i64, i64))> {
    let mut file = File::options()
        .read(true)
        // A pipe must not be waited for.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(damaged("not a regular file"));
    }
    if meta.len() > MAX_INDEX {
        return Err(damaged(&format!(
            "{} bytes, more than the {MAX_INDEX} that cotter reads",
            meta.len()
        )));
    }
    let mut data = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.by_ref().take(MAX_INDEX).read_to_end(&mut data)?;
    let Some((body, checksum)) = data.split_last_chunk::<20>() else {
        return Err(damaged("it is cut off"));
    };
    // `index.skipHash` leaves zeros.
    if *checksum != [0; 20] && Sha1::digest(body).as_slice() != checksum {
        return Err(damaged("its checksum is not that of its content"));
    }
    Ok((Layout::of(&data)?, (meta.mtime(), meta.mtime_nsec())))
}

fn decode(layout: &Layout) -> io::Result<(State, Vec<RawEntry>)> {
    let options = gix::index::decode::Options {
        // Threads would trust offsets that the file gives.
        thread_limit: Some(1),
        alloc_limit_bytes: usize::try_from(4 * MAX_INDEX).ok(),
        ..Default::default()
    };
    let sha1 = gix::hash::Kind::Sha1;
    // The time is kept apart.
    let never = State::new(sha1).timestamp();
    let (state, _) =
        State::from_bytes(&layout.bounded, never, sha1, options).map_err(io::Error::other)?;
    let entries = state
        .entries()
        .iter()
        .map(|entry| RawEntry {
            path: entry.path(&state).to_vec(),
            id: entry.id,
            mode: entry.mode,
            flags: entry.flags,
            stat: entry.stat,
        })
        .collect();
    Ok((state, entries))
}

/// The entries of a split index: those of `shared`, but for what `own` replaces, removes and adds.
fn unsplit(
    mut shared: Vec<RawEntry>,
    own: Vec<RawEntry>,
    bitmaps: &Bitmaps,
) -> io::Result<Vec<RawEntry>> {
    let wrong = || damaged("it does not fit the shared index");
    let mut own = own.into_iter();
    let replaced = bitmaps.replace.for_each_set_bit(|at| {
        let old = shared.get_mut(at)?;
        let new = own.next()?;
        let path = std::mem::take(&mut old.path);
        *old = RawEntry { path, ..new };
        Some(())
    });
    replaced.ok_or_else(wrong)?;
    let removed = bitmaps.delete.for_each_set_bit(|at| {
        shared.get_mut(at)?.flags.insert(Flags::REMOVE);
        Some(())
    });
    removed.ok_or_else(wrong)?;
    shared.extend(own);
    shared.retain(|entry| !entry.flags.contains(Flags::REMOVE));
    shared.sort_by(|a, b| {
        let side = |entry: &RawEntry| entry.flags.stage_raw();
        a.path.cmp(&b.path).then(side(a).cmp(&side(b)))
    });
    Ok(shared)
}
