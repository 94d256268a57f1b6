//! What differs between two trees, entry by entry.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::BString;
use gix::object::tree::diff::ChangeDetached as Change;
use gix::objs::tree::EntryKind;

use super::object::{Object, ObjectError, object};

/// In bytes: of a larger file nothing is said.
const MAX_FILE: u64 = 64 << 20;
/// As many bytes at the beginning of a file are looked at to tell whether it is binary: a block, as GNU diff does.
const HEAD: usize = 4096;

/// An entry of a tree that is no folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub id: ObjectId,
    pub kind: EntryKind,
}

impl Entry {
    fn of(id: ObjectId, mode: gix::objs::tree::EntryMode) -> Option<Entry> {
        let kind = mode.kind();
        (kind != EntryKind::Tree).then_some(Entry { id, kind })
    }

    pub fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::Blob | EntryKind::BlobExecutable)
    }
}

/// What a path has on one side and on the other: never the same, nor nothing on both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub before: Option<Entry>,
    pub after: Option<Entry>,
}

/// By path. A rename is a change of both of its paths.
pub(super) type Changes = BTreeMap<BString, Sides>;

pub(super) fn changes(
    repo: &gix::Repository,
    old: &gix::Tree,
    new: &gix::Tree,
) -> Result<Changes, gix::Error> {
    let mut found = Changes::new();
    for change in repo.diff_tree_to_tree(old, new, gix::diff::Options::default())? {
        match change {
            Change::Addition {
                location,
                entry_mode,
                id,
                ..
            } => found.entry(location).or_default().after = Entry::of(id, entry_mode),
            Change::Deletion {
                location,
                entry_mode,
                id,
                ..
            } => found.entry(location).or_default().before = Entry::of(id, entry_mode),
            Change::Modification {
                location,
                previous_entry_mode,
                previous_id,
                entry_mode,
                id,
            } => {
                let sides = found.entry(location).or_default();
                sides.before = Entry::of(previous_id, previous_entry_mode);
                sides.after = Entry::of(id, entry_mode);
            }
            Change::Rewrite {
                source_location,
                source_entry_mode,
                source_id,
                location,
                entry_mode,
                id,
                copy,
                ..
            } => {
                if !copy {
                    let sides = found.entry(source_location).or_default();
                    sides.before = Entry::of(source_id, source_entry_mode);
                }
                found.entry(location).or_default().after = Entry::of(id, entry_mode);
            }
        }
    }
    found.retain(|_, sides| sides.before != sides.after);
    Ok(found)
}

/// The bytes of a file; `None` where they are too many.
pub(super) fn bytes(repo: &gix::Repository, file: Entry) -> Result<Option<Vec<u8>>, ObjectError> {
    match object(repo, file.id, gix::object::Kind::Blob, MAX_FILE)? {
        Object::Bytes(bytes) => Ok(Some(bytes)),
        Object::TooLarge(_) => Ok(None),
    }
}

/// Whether GNU diff takes a file with these bytes for a binary one.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(HEAD).any(|byte| *byte == 0)
}
