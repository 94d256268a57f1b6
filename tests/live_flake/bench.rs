//! A place for one test: its own home, Nix store and repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cotter::nix::{FlakeLock, FlakeUpdate, InputMove, Nix, NixError};
use cotter::process::{Invocation, Output as Answer, ProcessError, Runner, System};
use tempfile::TempDir;

use crate::support;
use crate::support::repo::Repo;

const NIX_CONFIG: &str = "sandbox = false\nsubstituters =\nbuild-users-group =\n\
    experimental-features = nix-command flakes\nflake-registry =\n";

/// A home, a store and repositories of its own.
pub struct Bench {
    scratch: TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        let scratch = TempDir::new().unwrap();
        fs::create_dir(scratch.path().join("home")).unwrap();
        Bench { scratch }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A repository with a flake, and with one commit.
    pub fn repo(&self, name: &str) -> Repo {
        let repo = Repo::init(self.path(name));
        repo.write("flake.nix", "{ outputs = _: { }; }\n");
        repo.commit("first");
        repo
    }

    /// All that a program gets to see; the inner one of two: first goes through cotter's own runner.
    fn environment(&self) -> Vec<String> {
        let root = self.scratch.path().display();
        vec![
            format!("PATH={}", support::TOOL_PATH),
            format!("HOME={root}/home"),
            format!("XDG_CACHE_HOME={root}/home/cache"),
            format!("NIX_CONFIG={NIX_CONFIG}"),
            format!("NIX_CONF_DIR={root}/none"),
            format!("NIX_STORE_DIR={root}/store"),
            format!("NIX_STATE_DIR={root}/state"),
            format!("NIX_LOG_DIR={root}/log"),
            "GIT_CONFIG_NOSYSTEM=1".into(),
            "GIT_CONFIG_GLOBAL=/dev/null".into(),
        ]
    }

    /// What Nix itself does with the flake in `dir`.
    pub fn nix(&self, dir: &Path, args: &[&str]) -> String {
        support::run_ok(&mut self.command(dir, args), "nix-bin")
    }

    /// The same, also where Nix fails.
    pub fn nix_output(&self, dir: &Path, args: &[&str]) -> Output {
        support::run(&mut self.command(dir, args), "nix-bin")
    }

    fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("env");
        command
            .arg("-i")
            .args(self.environment())
            .arg("nix")
            .args(args)
            .current_dir(dir);
        command
    }

    /// The lock file that Nix itself makes of `flake_nix` and `flake_lock`.
    pub fn nix_lock(&self, flake_nix: &str, flake_lock: Option<&str>, args: &[&str]) -> String {
        let dir = TempDir::new_in(self.scratch.path()).unwrap();
        fs::write(dir.path().join("flake.nix"), flake_nix).unwrap();
        if let Some(text) = flake_lock {
            fs::write(dir.path().join("flake.lock"), text).unwrap();
        }
        self.nix(dir.path(), &[&["flake", "lock", "path:."], args].concat());
        fs::read_to_string(dir.path().join("flake.lock")).unwrap()
    }

    pub fn update(
        &self,
        flake_nix: &str,
        flake_lock: Option<&str>,
        moves: &[InputMove],
    ) -> Result<String, NixError> {
        let nix = Nix::find(self)?;
        FlakeUpdate {
            flake_nix,
            flake_lock,
            folder: None,
            moves: moves.to_vec(),
        }
        .run(&nix)
    }
}

impl Runner for Bench {
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Answer, ProcessError> {
        let mut scrubbed = Invocation::new("env")
            .args(["-i"])
            .args(self.environment())
            .args([&invocation.program])
            .args(&invocation.args);
        scrubbed.dir = invocation.dir.clone();
        scrubbed.timeout = invocation.timeout;
        System.run_watched(&scrubbed, on_line)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let _ = Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(self.scratch.path())
            .status();
    }
}

pub fn url(repo: &Repo) -> String {
    format!("git+file://{}", repo.dir().display())
}

pub fn refresh(name: &str) -> InputMove {
    InputMove::Refresh(name.into())
}

pub fn pin(name: &str, flake_ref: String) -> InputMove {
    InputMove::Pin {
        name: name.into(),
        flake_ref,
    }
}

pub fn rev(lock: &str, input: &str) -> String {
    let lock = FlakeLock::parse(lock).unwrap();
    let node = lock
        .input(input)
        .unwrap_or_else(|| panic!("no input {input}"));
    node.locked.as_ref().unwrap().rev.clone().unwrap()
}
