//! The work tree around a folder, found as git finds it.

use std::path::{Path, PathBuf};

use super::error::{GitError, reason};
use super::refs::View;
use super::repo::reading;
use super::{Location, Repo};
use crate::source::RelPath;

/// A folder in a work tree, and the repository of that work tree.
pub(super) struct WorkTree {
    pub repo: gix::Repository,
    /// The work tree's top, links resolved.
    pub top: PathBuf,
    /// The folder that was asked about, links resolved.
    pub root: PathBuf,
    /// That folder as git names it: `""`, or a path with `/` at its end.
    pub prefix: String,
}

impl WorkTree {
    /// `None` where `root` is in no work tree.
    pub fn around(root: &Path) -> Result<Option<WorkTree>, GitError> {
        let failed = |error: &(dyn std::error::Error + 'static)| GitError::Open {
            path: root.to_owned(),
            reason: reason(error),
        };
        let root = root.canonicalize().map_err(|e| failed(&e))?;
        // Found by hand: with gix's own search, a damaged repository would pass for a plain folder.
        let Some(top) = root.ancestors().find(|folder| {
            let git = folder.join(".git");
            git.is_file() || git.join("HEAD").symlink_metadata().is_ok()
        }) else {
            return Ok(None);
        };
        let repo = gix::open_opts(top, reading()).map_err(|e| failed(&e))?;
        let Some(top) = repo.workdir() else {
            return Ok(None);
        };
        let top = top.canonicalize().map_err(|e| failed(&e))?;
        let Ok(below) = root.strip_prefix(&top) else {
            return Ok(None);
        };
        // No file below a folder whose name is not UTF-8 can be named.
        let Some(below) = RelPath::new(below) else {
            return Ok(None);
        };
        let prefix = match below.is_root() {
            true => String::new(),
            false => format!("{below}/"),
        };
        Ok(Some(WorkTree {
            repo,
            top,
            root,
            prefix,
        }))
    }

    /// What messages call it.
    pub fn location(&self) -> Location {
        Location::Clone(self.top.clone())
    }

    pub fn unreadable(
        &self,
        what: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
    ) -> GitError {
        GitError::Read {
            location: self.location().to_string(),
            what: what.into(),
            reason: reason(error),
        }
    }
}

impl Repo {
    /// The repository of the work tree around `root`; `None` where `root` is in no work tree.
    pub fn around(root: &Path) -> Result<Option<Repo>, GitError> {
        Ok(WorkTree::around(root)?.map(Repo::of))
    }

    /// The URL of the remote `name`, as it is configured; `None` where there is none.
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let repo = self.inner.to_thread_local();
        let remote = repo.find_remote(name).ok()?;
        let url = remote.url(gix::remote::Direction::Fetch)?;
        Some(url.to_bstring().to_string())
    }

    /// The folder `root` as seen from the top of the work tree that it is in.
    pub fn folder_in(root: &Path) -> Result<Option<RelPath>, GitError> {
        Ok(
            WorkTree::around(root)?
                .and_then(|tree| RelPath::new(tree.prefix.trim_end_matches('/'))),
        )
    }

    pub(super) fn of(tree: WorkTree) -> Repo {
        Repo {
            location: tree.location(),
            inner: tree.repo.into_sync(),
            view: View::Mirror,
        }
    }
}
