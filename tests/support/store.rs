//! A Nix store of a test's own, and the Nix of the machine to work on it.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{command, run_ok};

/// Store, state, logs, caches and home, all in a temporary folder.
pub struct Store {
    dir: TempDir,
}

impl Store {
    pub fn new() -> Store {
        Store {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A store inside a folder that someone else removes.
    pub fn new_in(folder: &Path) -> Store {
        Store {
            dir: tempfile::tempdir_in(folder).unwrap(),
        }
    }

    /// One of Nix's programs, without sandbox, substituters or build users.
    pub fn nix(&self, program: &str) -> Command {
        let root = self.dir.path();
        let mut nix = command(program, root);
        nix.env("NIX_STORE_DIR", root.join("store"))
            .env("NIX_STATE_DIR", root.join("var"))
            .env("NIX_LOG_DIR", root.join("log"))
            .env("NIX_CONF_DIR", root.join("etc"))
            .env("NIX_REMOTE", "local")
            .env(
                "NIX_CONFIG",
                "experimental-features = nix-command\n\
                 sandbox = false\n\
                 substituters =\n\
                 build-users-group =\n",
            );
        nix
    }

    /// Runs one of Nix's programs; what it printed, without the last line ending.
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        run_ok(self.nix(program).args(args), "nix-bin")
    }

    /// The SRI of the NAR of `path`.
    pub fn hash_path(&self, path: &Path) -> String {
        run_ok(
            self.nix("nix")
                .args(["hash", "path", "--type", "sha256"])
                .arg(path),
            "nix-bin",
        )
    }
}
