//! Where a clone was cloned from, as its configuration says it.

use std::path::PathBuf;

use super::Repo;

impl Repo {
    /// The URL of the remote `origin` as it is written down, credentials and all, without `url.<base>.insteadOf`: what
    /// another machine would be told. `None` where there is no such remote, or its URL is not UTF-8.
    pub fn origin(&self) -> Option<String> {
        let repo = self.inner.to_thread_local();
        let url = repo.config_snapshot().string("remote.origin.url")?;
        String::from_utf8(url.to_vec()).ok()
    }

    /// The folder that a relative path in its configuration is seen from.
    pub fn top(&self) -> PathBuf {
        let repo = self.inner.to_thread_local();
        repo.workdir().unwrap_or(repo.git_dir()).to_owned()
    }
}
