//! Repositories with fixed identities and dates: the same steps make the same commits everywhere.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{command, run_ok};

/// 2024-01-01T00:00:00Z; each git run in a repository is a minute younger than the one before.
const FIRST_COMMIT: u64 = 1_704_067_200;

/// A work tree with its `.git`, on branch `main`.
pub struct Repo {
    dir: PathBuf,
    runs: AtomicU64,
}

impl Repo {
    pub fn init(dir: impl AsRef<Path>) -> Repo {
        let dir = dir.as_ref().to_owned();
        std::fs::create_dir_all(&dir).unwrap();
        let repo = Repo {
            dir,
            runs: AtomicU64::new(0),
        };
        repo.git(&["init", "-q", "--initial-branch=main", "."]);
        // No garbage collection behind a test's back.
        repo.git(&["config", "gc.auto", "0"]);
        repo
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file of the work tree, with the folders above it. `path` may be any bytes.
    pub fn write(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> &Repo {
        let path = self.dir.join(std::ffi::OsStr::from_bytes(path.as_ref()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Commits all of the work tree, also when nothing changed, and gives the full name of the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the work tree; what it printed, without the last line ending.
    pub fn git(&self, args: &[&str]) -> String {
        run_ok(self.command().args(args), "git")
    }

    /// A git to run in the work tree, for a test that looks at its failure or changes its environment.
    pub fn command(&self) -> Command {
        let count = self.runs.fetch_add(1, Ordering::Relaxed);
        let date = format!("{} +0000", FIRST_COMMIT + count * 60);
        // Home and temporary files are kept out of the work tree, where a commit would take them in.
        let mut git = command("git", &self.dir.join(".git"));
        git.current_dir(&self.dir)
            .env("GIT_AUTHOR_NAME", "A. Tester")
            .env("GIT_AUTHOR_EMAIL", "tester@example.org")
            .env("GIT_COMMITTER_NAME", "A. Tester")
            .env("GIT_COMMITTER_EMAIL", "tester@example.org")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        git
    }
}
