//! A repository on this disk, clone or bare.

use std::path::{Path, PathBuf};

use super::TreeError;

/// What went wrong with git, in words for the user: which place, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{path}: not a git repository that can be opened: {reason}")]
    Open { path: PathBuf, reason: String },
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// An opened repository; cheap to share between threads.
pub struct Repo {
    pub(super) inner: gix::ThreadSafeRepository,
}

impl Repo {
    /// Opens the repository at `path`: a work tree, its `.git`, or a bare one.
    pub fn open(path: &Path) -> Result<Repo, GitError> {
        let inner = gix::ThreadSafeRepository::open(path).map_err(|e| GitError::Open {
            path: path.into(),
            reason: e.to_string(),
        })?;
        Ok(Repo { inner })
    }
}
