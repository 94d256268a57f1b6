//! A commit's tree as a list of steps through it, in the order of a NAR.
//!
//! Not here: what the steps are hashed into (`nar`) and which fetchers yield such a tree (`checkout`).

use std::path::PathBuf;

use gix::objs::tree::EntryKind;

use super::{Oid, Repo};
use crate::hash::NarError;

/// More than any tree that people check out; fewer than one made to unfold into all memory.
const MOST_STEPS: usize = 2_000_000;

/// Why a tree could not be read from a repository's objects.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Missing (a shallow or partial clone, a commit never fetched) or damaged.
    #[error("{repo}: git object {oid} cannot be read: {reason}", repo = .repo.display())]
    Object {
        repo: PathBuf,
        oid: Oid,
        reason: String,
    },
    #[error("{repo}: commit {commit} has no `{path}`", repo = .repo.display())]
    NoPath {
        repo: PathBuf,
        commit: Oid,
        path: String,
    },
    #[error("{repo}: the tree of {commit} unfolds into more than {MOST_STEPS} files", repo = .repo.display())]
    TooLarge { repo: PathBuf, commit: Oid },
    /// The tree holds what no file system can: a name twice, `..`.
    #[error("{repo}: the tree of {commit} cannot be checked out: {source}", repo = .repo.display())]
    Unreal {
        repo: PathBuf,
        commit: Oid,
        source: NarError,
    },
}

/// A step of a walk in which each directory's entries are sorted by the bytes of their names.
pub(super) enum Step {
    Enter {
        name: Vec<u8>,
    },
    Leave,
    /// A blob that is a file or the target of a symbolic link.
    Blob {
        name: Vec<u8>,
        kind: BlobKind,
        id: gix::ObjectId,
    },
    /// A commit of another repository: a submodule.
    Gitlink {
        name: Vec<u8>,
    },
}

impl Step {
    /// The name of what the step comes to; empty for the root.
    pub fn name(&self) -> Option<&[u8]> {
        match self {
            Step::Enter { name } | Step::Blob { name, .. } | Step::Gitlink { name } => Some(name),
            Step::Leave => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BlobKind {
    File { executable: bool },
    Link,
}

impl Repo {
    /// This thread's view of the repository. Objects that the clone replaces for itself (`git replace`)
    /// are read as they were made: no one who fetches the commit sees the replacements.
    pub(super) fn plain_objects(&self) -> gix::Repository {
        let mut repo = self.inner.to_thread_local();
        repo.objects.ignore_replacements = true;
        repo
    }

    pub(super) fn unreadable_object(&self, oid: gix::ObjectId, reason: impl ToString) -> TreeError {
        TreeError::Object {
            repo: self.inner.path().to_owned(),
            oid: Oid(oid),
            reason: reason.to_string(),
        }
    }

    /// The steps through the tree of `commit` (which may be an annotated tag), or through what lies at
    /// `below` in it: components joined by `/`, empty for all. The first step is the root and has no name.
    pub(super) fn steps(&self, commit: Oid, below: &str) -> Result<Vec<Step>, TreeError> {
        let repo = self.plain_objects();
        let mut tree = repo
            .find_object(commit.0)
            .and_then(|object| object.peel_to_tree())
            .map_err(|e| self.unreadable_object(commit.0, e))?;
        let components: Vec<&[u8]> = below
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::as_bytes)
            .collect();
        let (kind, id) = if components.is_empty() {
            (EntryKind::Tree, tree.id)
        } else {
            let entry = tree
                .peel_to_entry(components)
                .map_err(|e| self.unreadable_object(commit.0, e))?
                .ok_or_else(|| TreeError::NoPath {
                    repo: self.inner.path().to_owned(),
                    commit,
                    path: below.to_owned(),
                })?;
            (entry.mode().kind(), entry.oid().to_owned())
        };

        // What is still to be visited, the next one last. `None` leaves the directory around it.
        let mut pending = vec![Some((Vec::new(), kind, id))];
        let mut steps = Vec::new();
        let mut buffer = Vec::new();
        while let Some(next) = pending.pop() {
            if steps.len() >= MOST_STEPS {
                return Err(TreeError::TooLarge {
                    repo: self.inner.path().to_owned(),
                    commit,
                });
            }
            let Some((name, kind, id)) = next else {
                steps.push(Step::Leave);
                continue;
            };
            let kind = match kind {
                EntryKind::Blob => BlobKind::File { executable: false },
                EntryKind::BlobExecutable => BlobKind::File { executable: true },
                EntryKind::Link => BlobKind::Link,
                EntryKind::Commit => {
                    steps.push(Step::Gitlink { name });
                    continue;
                }
                EntryKind::Tree => {
                    steps.push(Step::Enter { name });
                    pending.push(None);
                    let first = pending.len();
                    let entries =
                        gix::objs::FindExt::find_tree_iter(&repo.objects, &id, &mut buffer)
                            .map_err(|e| self.unreadable_object(id, e))?;
                    for entry in entries {
                        let entry = entry.map_err(|e| self.unreadable_object(id, e))?;
                        let name = entry.filename.to_vec();
                        pending.push(Some((name, entry.mode.kind(), entry.oid.to_owned())));
                    }
                    // Git sorts a directory as if its name ended in `/`; a NAR does not.
                    if let Some(children) = pending.get_mut(first..) {
                        children.sort_by(|a, b| b.cmp(a));
                    }
                    continue;
                }
            };
            steps.push(Step::Blob { name, kind, id });
        }
        Ok(steps)
    }
}
