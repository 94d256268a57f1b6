//! Changes between two commits that no patch of text carries, as `diff -ruN` makes it and `patch` applies it.

use gix::objs::tree::EntryKind;

use super::changes::{Changes, Entry, Sides, bytes, changes, is_binary};
use super::object::ObjectError;
use super::{GitError, Oid, Repo};

/// A path, and why its change is not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncarried {
    /// What is not UTF-8 in it is replaced.
    pub path: String,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// One of the two sides is no text.
    Binary,
    /// A file becomes a link or a folder, or the other way round.
    Kind,
    /// Nix fetches none unless it is told to.
    Submodule,
}

impl Why {
    pub fn word(self) -> &'static str {
        match self {
            Why::Binary => "binary",
            Why::Kind => "another kind of file",
            Why::Submodule => "submodule",
        }
    }
}

impl Repo {
    /// What a patch from `old` to `new` does not carry, in order of path. Of a file that is too large to look at nothing
    /// is said.
    pub fn uncarried(&self, old: Oid, new: Oid) -> Result<Vec<Uncarried>, GitError> {
        let repo = self.local();
        let what = || format!("what differs between {old} and {new}");
        let trees = (self.tree(&repo, old)?, self.tree(&repo, new)?);
        let all = changes(&repo, &trees.0, &trees.1).map_err(|e| self.unreadable(what(), &e))?;
        let mut found = Vec::new();
        for (path, sides) in &all {
            let why = why(&repo, sides).map_err(|e| self.unreadable(what(), &e))?;
            let why = why.or_else(|| is_folder_too(&all, path, sides).then_some(Why::Kind));
            found.extend(why.map(|why| Uncarried {
                path: path.to_string(),
                why,
            }));
        }
        Ok(found)
    }
}

fn why(repo: &gix::Repository, sides: &Sides) -> Result<Option<Why>, ObjectError> {
    let entries = || [sides.before, sides.after].into_iter().flatten();
    if entries().any(|entry| entry.kind == EntryKind::Commit) {
        return Ok(Some(Why::Submodule));
    }
    if let (Some(before), Some(after)) = (sides.before, sides.after) {
        if before.is_file() != after.is_file() {
            return Ok(Some(Why::Kind));
        }
        if before.id == after.id {
            return Ok(None);
        }
    }
    for entry in entries().filter(Entry::is_file) {
        if bytes(repo, entry)?.is_some_and(|bytes| is_binary(&bytes)) {
            return Ok(Some(Why::Binary));
        }
    }
    Ok(None)
}

/// Whether `path` is a folder on the side where it is no file.
fn is_folder_too(all: &Changes, path: &[u8], sides: &Sides) -> bool {
    let mut below = path.to_vec();
    below.push(b'/');
    let has = |sides: &Sides, is_after: bool| match is_after {
        true => sides.after.is_some(),
        false => sides.before.is_some(),
    };
    // A folder that a file takes the place of is gone, and what takes the place of a file is new.
    let is_after = match (sides.before, sides.after) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return false,
    };
    all.range::<[u8], _>((
        std::ops::Bound::Included(below.as_slice()),
        std::ops::Bound::Unbounded,
    ))
    .take_while(|(other, _)| other.starts_with(&below))
    .any(|(_, other)| has(other, is_after))
}
