//! Objects of git, read within bounds: what a crafted repository holds may be larger than all memory.

use gix::bstr::ByteSlice;
use gix::index::entry::Mode;
use gix::objs::tree::EntryKind;

/// What a tree or the index says of a name that is neither a folder nor a submodule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Executable,
    Link,
}

impl Kind {
    pub fn of_index(mode: Mode) -> Option<Kind> {
        match mode {
            Mode::FILE => Some(Kind::File),
            Mode::FILE_EXECUTABLE => Some(Kind::Executable),
            Mode::SYMLINK => Some(Kind::Link),
            _ => None,
        }
    }

    fn of_tree(kind: EntryKind) -> Option<Kind> {
        match kind {
            EntryKind::Blob => Some(Kind::File),
            EntryKind::BlobExecutable => Some(Kind::Executable),
            EntryKind::Link => Some(Kind::Link),
            EntryKind::Tree | EntryKind::Commit => None,
        }
    }

    pub fn is_link(self) -> bool {
        self == Kind::Link
    }
}

/// Why an object is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum ObjectError {
    #[error("{0}: there is no such object")]
    Missing(gix::ObjectId),
    #[error("{id}: a {kind}, not a {wanted}")]
    Kind {
        id: gix::ObjectId,
        kind: gix::object::Kind,
        wanted: gix::object::Kind,
    },
    #[error("{id}: {size} bytes, more than the {limit} that cotter reads")]
    TooLarge {
        id: gix::ObjectId,
        size: u64,
        limit: u64,
    },
    #[error("more files than cotter reads, {MAX_FILES}")]
    TooMany,
    #[error(transparent)]
    Git(#[from] gix::Error),
}

/// An object, or that it has more bytes than were asked for.
pub(super) enum Object {
    Bytes(Vec<u8>),
    TooLarge(u64),
}

/// The object `id`, which is to be a `wanted`.
pub(super) fn object(
    repo: &gix::Repository,
    id: gix::ObjectId,
    wanted: gix::object::Kind,
    limit: u64,
) -> Result<Object, ObjectError> {
    let header = repo.try_find_header(id)?.ok_or(ObjectError::Missing(id))?;
    let kind = header.kind();
    if kind != wanted {
        return Err(ObjectError::Kind { id, kind, wanted });
    }
    if header.size() > limit {
        return Ok(Object::TooLarge(header.size()));
    }
    let mut object = repo.find_object(id)?;
    Ok(Object::Bytes(std::mem::take(&mut object.data)))
}

/// In bytes; a folder of 100,000 files has a tree of half that size.
const MAX_TREE: u64 = 8 << 20;
/// Of one tree with all that is below it. The same folder many times over needs few objects.
const MAX_FILES: usize = 1 << 20;
/// In bytes: Linux takes no longer path.
const MAX_PATH: usize = 4096;

pub(super) type TreeFile = (Vec<u8>, gix::ObjectId, Kind);

/// Adds the files and links of the tree `id`, which stands at `start`, to `files`, but for the folders that `skip`
/// says of, which it is given with their tree. A path that is too long for the disk is passed over.
pub(super) fn walk(
    repo: &gix::Repository,
    id: gix::ObjectId,
    start: &[u8],
    mut skip: impl FnMut(&[u8], gix::ObjectId) -> bool,
    files: &mut Vec<TreeFile>,
) -> Result<(), ObjectError> {
    let mut queue = vec![(start.to_vec(), id)];
    let mut seen = 0;
    while let Some((folder, id)) = queue.pop() {
        if skip(&folder, id) {
            continue;
        }
        let bytes = tree(repo, id)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&bytes, repo.object_hash()) {
            let entry = entry?;
            seen += 1;
            if seen > MAX_FILES {
                return Err(ObjectError::TooMany);
            }
            if folder.len() + entry.filename.len() >= MAX_PATH {
                continue;
            }
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.filename);
            let id = entry.oid.to_owned();
            match Kind::of_tree(entry.mode.kind()) {
                Some(kind) => files.push((path, id, kind)),
                None if entry.mode.is_tree() => queue.push((path, id)),
                None => {}
            }
        }
    }
    Ok(())
}

/// What stands at `path`, with `/`, in the tree `id`.
pub(super) fn at(
    repo: &gix::Repository,
    mut id: gix::ObjectId,
    path: &str,
) -> Result<Option<At>, ObjectError> {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let bytes = tree(repo, id)?;
        let mut found = None;
        for entry in gix::objs::TreeRefIter::from_bytes(&bytes, repo.object_hash()) {
            let entry = entry?;
            if entry.filename.as_bytes() == part.as_bytes() {
                found = Some((entry.oid.to_owned(), entry.mode));
                break;
            }
        }
        match found {
            Some((next, mode)) if mode.is_tree() => id = next,
            Some((file, mode)) if parts.peek().is_none() => {
                return Ok(Kind::of_tree(mode.kind()).map(|kind| At::File(file, kind)));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(At::Folder(id)))
}

/// What a path leads to in a tree.
pub(super) enum At {
    Folder(gix::ObjectId),
    File(gix::ObjectId, Kind),
}

fn tree(repo: &gix::Repository, id: gix::ObjectId) -> Result<Vec<u8>, ObjectError> {
    if id.is_empty_tree() {
        return Ok(Vec::new());
    }
    match object(repo, id, gix::object::Kind::Tree, MAX_TREE)? {
        Object::Bytes(bytes) => Ok(bytes),
        Object::TooLarge(size) => Err(ObjectError::TooLarge {
            id,
            size,
            limit: MAX_TREE,
        }),
    }
}
