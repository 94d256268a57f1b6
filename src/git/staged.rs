//! What is staged: how the index differs from the last commit.

use super::compared::Compared;
use super::{GitError, Index};
use crate::source::RelPath;

/// Paths of files and links, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// Added, or with another content or mode than in the last commit.
    pub changed: Vec<RelPath>,
    pub removed: Vec<RelPath>,
}

impl Index {
    /// How the index differs from the commit at HEAD; all is changed where there is none yet.
    pub fn staged(&self) -> Result<Staged, GitError> {
        let repo = self.repo.to_thread_local();
        let failed = |e: gix::Error| GitError::Read {
            location: self.location.to_string(),
            what: "the commit at HEAD".to_owned(),
            reason: super::error::reason(&e),
        };
        let head = match repo.head().map_err(failed)?.is_unborn() {
            true => None,
            false => Some(repo.head_tree_id().map_err(failed)?.detach()),
        };
        let head = Compared::with(self, head, "the commit at HEAD")?;
        let changed = head
            .doubtful()
            .filter(|entry| head.get(&entry.path) != Some((entry.id, entry.kind)))
            .map(|entry| entry.path.clone())
            .collect();
        let mut removed: Vec<RelPath> = head
            .paths()
            .filter(|path| self.entry(path).is_none())
            .cloned()
            .collect();
        removed.sort();
        Ok(Staged { changed, removed })
    }
}
