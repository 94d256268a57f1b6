//! What one layer holds, read in one pass over its tar archive: files, links, whiteouts, references to store paths.
//!
//! Not here: what that means for the image (`image::explain`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use flate2::Crc;
use tar::EntryType;

use super::entries::{Entries, Entry, Fault};
use super::input::Input;
use super::store_path::{HashPart, References, store_path_len};

/// Of one layer: more is an attack.
const MAX_FILES: usize = 4_000_000;
/// Of one layer: files outside of store paths whose references are kept one by one.
const MAX_REFERRERS: usize = 200_000;

/// What one layer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The length of the layer's archive, uncompressed.
    pub size: u64,
    /// Files and links, in the order of the archive.
    pub files: Vec<File>,
    /// How many folders there are.
    pub folders: usize,
    /// Store paths that are in the layer, even those that are an empty folder: `nix/store/HASH-NAME`.
    pub store_paths: BTreeSet<Box<[u8]>>,
    /// Paths that are taken away from the layers below.
    pub whiteouts: Vec<Whiteout>,
    /// Which hash parts of store paths stand in each store path, and in each file outside of any.
    pub references: BTreeMap<Box<[u8]>, BTreeSet<HashPart>>,
}

/// A file or link of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: Box<[u8]>,
    /// 0 for a link.
    pub size: u64,
    pub kind: FileKind,
    /// Whether it runs as its owner or group, or with capabilities.
    pub privilege: Option<Privilege>,
    /// Of what a file outside of any store path holds, where that was read.
    pub checksum: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    Regular,
    /// What it leads to, as it is written.
    Symlink(Box<[u8]>),
    /// The same file under another name.
    HardLink(Box<[u8]>),
    /// A device, a pipe.
    Special,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Privilege {
    Setuid,
    Setgid,
    Capabilities,
}

/// What a layer takes away from those below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whiteout {
    /// A file or folder.
    Path(Box<[u8]>),
    /// All that a folder held.
    Folder(Box<[u8]>),
}

/// Reads a layer. Its files are read when `with_references`, else passed over.
pub fn read(input: impl Input, with_references: bool) -> Result<Contents, Fault> {
    let mut contents = Contents::default();
    let mut references = References::default();
    let mut entries = Entries::new(Counted { input, count: 0 });
    while let Some(entry) = entries.next()? {
        if contents.files.len() >= MAX_FILES {
            return Err(Fault::new(
                &entry.path,
                format!("the layer has more than {MAX_FILES} files"),
            ));
        }
        let in_store = store_path_len(&entry.path);
        let mut checksum = None;
        if with_references && entry.size > 0 {
            let mut data = entries.data();
            let mut crc = Crc::new();
            loop {
                let piece = data.fill_buf();
                let piece = piece.map_err(|error| Fault::new(&entry.path, error))?;
                if piece.is_empty() {
                    break;
                }
                references.take(piece);
                if in_store.is_none() {
                    crc.update(piece);
                }
                let count = piece.len();
                data.consume(count);
            }
            checksum = in_store.is_none().then(|| crc.sum());
        }
        references.take(&entry.link);
        contents.add(entry, in_store, checksum, references.finish());
    }
    let size = entries.finish()?;
    Ok(Contents { size, ..contents })
}

impl Contents {
    fn add(
        &mut self,
        entry: Entry,
        in_store: Option<usize>,
        checksum: Option<u32>,
        references: BTreeSet<HashPart>,
    ) {
        if let Some(store_path) = in_store.and_then(|len| entry.path.get(..len))
            && !self.store_paths.contains(store_path)
        {
            self.store_paths.insert(store_path.into());
        }
        if !references.is_empty() && self.references.len() < MAX_REFERRERS {
            let referrer = in_store.and_then(|len| entry.path.get(..len));
            let referrer = referrer.unwrap_or(&entry.path);
            match self.references.get_mut(referrer) {
                Some(known) => known.extend(references),
                None => drop(self.references.insert(referrer.into(), references)),
            }
        }
        let kind = match entry.kind {
            EntryType::Directory => {
                self.folders += 1;
                return;
            }
            EntryType::Symlink => FileKind::Symlink(entry.link.into()),
            EntryType::Link => FileKind::HardLink(super::entries::normal(entry.link).into()),
            EntryType::Char | EntryType::Block | EntryType::Fifo => FileKind::Special,
            _ => FileKind::Regular,
        };
        if let Some(whiteout) = Whiteout::of(&entry.path) {
            return self.whiteouts.push(whiteout);
        }
        let privilege = match kind {
            FileKind::Symlink(_) => None,
            _ if entry.mode & 0o4000 != 0 => Some(Privilege::Setuid),
            _ if entry.mode & 0o2000 != 0 => Some(Privilege::Setgid),
            _ => entry.has_capabilities.then_some(Privilege::Capabilities),
        };
        self.files.push(File {
            path: entry.path.into(),
            size: entry.size,
            kind,
            privilege,
            checksum,
        });
    }
}

impl Whiteout {
    /// As the OCI image specification names them: `.wh.NAME` beside NAME, `.wh..wh..opq` in a folder.
    fn of(path: &[u8]) -> Option<Whiteout> {
        let start = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
        let (folder, base) = path.split_at(start);
        let name = base.strip_prefix(b".wh.")?;
        if name == b".wh..opq" {
            let folder = folder.strip_suffix(b"/").unwrap_or(folder);
            return Some(Whiteout::Folder(folder.into()));
        }
        // Others that begin so are the storage drivers' own.
        let is_own = name.starts_with(b".wh.") || name.is_empty();
        (!is_own).then(|| Whiteout::Path([folder, name].concat().into()))
    }
}

/// Counts what goes by.
struct Counted<I> {
    input: I,
    count: u64,
}

impl<I: Input> std::io::Read for Counted<I> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(into)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<I: Input> BufRead for Counted<I> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.count += count as u64;
        self.input.consume(count);
    }
}

impl<I: Input> Input for Counted<I> {
    fn pass(&mut self, count: u64) -> std::io::Result<u64> {
        let passed = self.input.pass(count)?;
        self.count += passed;
        Ok(passed)
    }
}

impl<I: Input> Entries<Counted<I>> {
    /// Goes to the end of the layer; how long it is.
    fn finish(mut self) -> Result<u64, Fault> {
        self.pass_rest()?;
        Ok(self.input().count)
    }
}
