//! A commit that the workspace is compared with: what a branch started from, or the last commit.

use std::path::Path;

use super::compared::Compared;
use super::object::{At, Kind, Object, ObjectError, at, object};
use super::work_tree::WorkTree;
use super::{GitError, Index, Location, Oid, Repo};
use crate::source::{MAX_FILE, RelPath};

/// A commit that the workspace's content is compared with. Paths are relative to the folder that it was opened for.
pub struct Base {
    repo: Repo,
    commit: Oid,
    tree: gix::ObjectId,
    /// That folder as git names it: `""`, or a path with `/` at its end.
    prefix: String,
}

/// Paths of files and links, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// New, or with another content than at the base.
    pub changed: Vec<RelPath>,
    /// At the base, and no more.
    pub removed: Vec<RelPath>,
}

impl Base {
    /// The commit for the work tree around `root`: without `rev` HEAD, and `None` where there is no commit yet or no
    /// work tree; else, as `git diff REV...` takes it, where the history of HEAD left that of `rev`, or `rev` itself
    /// where the two have nothing in common. `rev` is whatever `git rev-parse` takes for a commit.
    pub fn open(root: &Path, rev: Option<&str>) -> Result<Option<Base>, GitError> {
        let tree = match (WorkTree::around(root)?, rev) {
            (Some(tree), _) => tree,
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(GitError::Open {
                    path: root.to_owned(),
                    reason: "it is in no work tree of git".to_owned(),
                });
            }
        };
        let (location, prefix) = (tree.location(), tree.prefix.clone());
        let repo = Repo::of(tree);
        let local = repo.local();
        let failed = |e: gix::Error| repo.unreadable("HEAD", &e);
        let head = local.head().map_err(failed)?;
        let head = match head.is_unborn() {
            true => None,
            false => Some(Oid(local.head_commit().map_err(failed)?.id)),
        };
        let commit = match (rev, head) {
            (None, None) => return Ok(None),
            (None, Some(head)) => head,
            (Some(rev), head) => {
                let named = named(&repo, &local, &location, rev)?;
                match head {
                    Some(head) => fork(&repo, &local, named, head)?,
                    None => named,
                }
            }
        };
        let tree = local
            .find_commit(commit.0)
            .and_then(|commit| commit.tree_id().map(|id| id.detach()))
            .map_err(|e| repo.unreadable(commit.to_string(), &e))?;
        Ok(Some(Base {
            repo,
            commit,
            tree,
            prefix,
        }))
    }

    /// The repository that it is of: that of the workspace.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    pub fn commit(&self) -> Oid {
        self.commit
    }

    /// The bytes of the file at the base; `None` when there was none, or a link.
    pub fn read(&self, path: &RelPath) -> Result<Option<Vec<u8>>, GitError> {
        let failed = |e: ObjectError| {
            let what = format!("`{path}` of {}", self.commit);
            self.repo.unreadable(what, &e)
        };
        let repo = self.repo.local();
        let whole = format!("{}{}", self.prefix, path.as_str());
        let found = at(&repo, self.tree, &whole).map_err(failed)?;
        let Some(At::File(id, Kind::File | Kind::Executable)) = found else {
            return Ok(None);
        };
        match object(&repo, id, gix::object::Kind::Blob, MAX_FILE).map_err(failed)? {
            Object::Bytes(bytes) => Ok(Some(bytes)),
            Object::TooLarge(size) => Err(failed(ObjectError::TooLarge {
                id,
                size,
                limit: MAX_FILE,
            })),
        }
    }

    /// Those of `files` that are new or have another content than at the base, and what is gone since: from the disk
    /// with `on_disk`, else from `index`, which is that of the same folder. A changed mode is no changed content.
    pub fn changed(
        &self,
        files: &[RelPath],
        index: &Index,
        on_disk: bool,
    ) -> Result<Changed, GitError> {
        let then = Compared::with(index, Some(self.tree), &self.commit.to_string())?;
        let differs = |path: &RelPath| {
            let Some((id, kind)) = then.get(path) else {
                return true;
            };
            let staged = index.entry(path);
            if let Some(entry) = staged.filter(|entry| !on_disk || index.is_as_staged(entry)) {
                return (entry.id, entry.kind.is_link()) != (id, kind.is_link());
            }
            // What is not staged is gone; of what is on the disk the content decides.
            !on_disk || !index.disk_has(path, id, kind)
        };
        let is_there = |path: &RelPath| match on_disk {
            true => path.to_path(&index.root).symlink_metadata().is_ok(),
            false => index.entry(path).is_some(),
        };
        let known = |path: &RelPath| files.binary_search(path).is_ok();
        let mut removed: Vec<RelPath> = then
            .paths()
            .filter(|path| !known(path) && !is_there(path))
            .cloned()
            .collect();
        removed.sort();
        let changed = files.iter().filter(|path| differs(path)).cloned();
        Ok(Changed {
            changed: changed.collect(),
            removed,
        })
    }
}

/// The commit that a word means.
fn named(
    repo: &Repo,
    local: &gix::Repository,
    location: &Location,
    rev: &str,
) -> Result<Oid, GitError> {
    let absent = |_| GitError::NoSuchRev {
        location: location.to_string(),
        rev: rev.to_owned(),
    };
    let id = local.rev_parse_single(rev).map_err(absent)?;
    let object = id.object().map_err(absent)?;
    let kind = object.kind;
    if !matches!(kind, gix::object::Kind::Commit | gix::object::Kind::Tag) {
        return Err(GitError::NotACommit {
            location: location.to_string(),
            name: rev.to_owned(),
            kind: kind.to_string(),
        });
    }
    let commit = object.peel_to_commit();
    let commit = commit.map_err(|e| repo.unreadable(format!("`{rev}`"), &e))?;
    Ok(Oid(commit.id))
}

/// Where the history of `head` left that of `named`.
fn fork(repo: &Repo, local: &gix::Repository, named: Oid, head: Oid) -> Result<Oid, GitError> {
    if named == head {
        return Ok(named);
    }
    match local.merge_base(named.0, head.0) {
        Ok(base) => Ok(base.map_or(named, |id| Oid(id.detach()))),
        // A history that is cut off may end before the two meet.
        Err(_) if repo.is_shallow() => Ok(named),
        Err(error) => {
            let what = format!("the history of {named} and {head}");
            Err(repo.unreadable(what, &error as &(dyn std::error::Error + 'static)))
        }
    }
}
