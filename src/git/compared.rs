//! The tree of a commit beside the index, read only where git does not remember that the two agree.

use std::collections::{HashMap, HashSet};

use gix::index::extension::Tree;

use super::index::{Entry, plain_path};
use super::object::{At, Kind, ObjectError, at, walk};
use super::{GitError, Index};
use crate::source::RelPath;

/// The part of a commit's tree that lies at the index's folder.
pub(super) struct Compared<'a> {
    index: &'a Index,
    /// Files of folders that may differ.
    files: HashMap<RelPath, (gix::ObjectId, Kind)>,
    /// Folders in which the index has what the tree has; with all that is below them.
    same: HashSet<RelPath>,
}

impl<'a> Compared<'a> {
    /// `tree` is the whole tree of a commit; `None` is an empty one.
    pub fn with(
        index: &'a Index,
        tree: Option<gix::ObjectId>,
        what: &str,
    ) -> Result<Compared<'a>, GitError> {
        let unreadable = |e: ObjectError| GitError::Read {
            location: index.location.to_string(),
            what: what.to_owned(),
            reason: super::error::reason(&e),
        };
        let repo = index.repo.to_thread_local();
        let mut compared = Compared {
            index,
            files: HashMap::new(),
            same: HashSet::new(),
        };
        let start = match tree {
            Some(tree) => at(&repo, tree, &index.prefix).map_err(unreadable)?,
            None => None,
        };
        let Some(At::Folder(start)) = start else {
            return Ok(compared);
        };
        let remembered = index
            .trees
            .as_ref()
            .and_then(|trees| below(trees, index.prefix.as_bytes()));
        let same = &mut compared.same;
        let skip = |folder: &[u8], id| {
            let as_remembered = remembered
                .and_then(|trees| below(trees, folder))
                .is_some_and(|tree| tree.num_entries.is_some() && tree.id == id);
            let path = match folder {
                [] => Some(RelPath::root()),
                _ => plain_path(folder),
            };
            match path {
                Some(path) if as_remembered => same.insert(path),
                _ => false,
            }
        };
        let mut files = Vec::new();
        walk(&repo, start, b"", skip, &mut files).map_err(unreadable)?;
        let named = files
            .into_iter()
            .filter_map(|(path, id, kind)| Some((plain_path(&path)?, (id, kind))));
        compared.files = named.collect();
        Ok(compared)
    }

    /// What the tree has at `path`.
    pub fn get(&self, path: &RelPath) -> Option<(gix::ObjectId, Kind)> {
        match self.is_same(path) {
            true => self.index.entry(path).map(|entry| (entry.id, entry.kind)),
            false => self.files.get(path).copied(),
        }
    }

    /// All files and links of the tree, in no order.
    pub fn paths(&self) -> impl Iterator<Item = &RelPath> {
        let same = self.index.entries.iter().map(|entry| &entry.path);
        self.files
            .keys()
            .chain(same.filter(|path| self.is_same(path)))
    }

    /// The entries of the index that may differ from the tree.
    pub fn doubtful(&self) -> impl Iterator<Item = &'a Entry> {
        let entries = self.index.entries.iter();
        entries.filter(|entry| !self.is_same(&entry.path))
    }

    fn is_same(&self, path: &RelPath) -> bool {
        if self.same.is_empty() {
            return false;
        }
        let mut folder = path.parent();
        loop {
            if self.same.contains(&folder) {
                return true;
            }
            if folder.is_root() {
                return false;
            }
            folder = folder.parent();
        }
    }
}

/// What git remembers of `folder`, seen from that of `tree`.
fn below<'a>(mut tree: &'a Tree, folder: &[u8]) -> Option<&'a Tree> {
    let parts = folder.split(|byte| *byte == b'/');
    for part in parts.filter(|part| !part.is_empty()) {
        let found = tree
            .children
            .binary_search_by(|child| child.name.as_slice().cmp(part));
        tree = tree.children.get(found.ok()?)?;
    }
    Some(tree)
}
