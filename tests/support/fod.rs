//! A workspace with fixed-output derivations, a Nix store of its own, and the binary run on them.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::cotter::{Run, ran};
use super::{command, roots, run_ok};

/// A right-looking hash that is the hash of nothing here.
pub const STALE: &str = "sha256-c3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUhISE=";

/// `fod.nix` of every workspace: a fixed-output derivation that runs a shell script.
const FOD: &str = r#"{ name, script, hash, env ? { } }:
derivation ({
  inherit name;
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-ec" script ];
  PATH = "/usr/bin:/bin";
  outputHash = hash;
  outputHashMode = "flat";
} // env)
"#;

pub struct Bench {
    dir: TempDir,
    root: PathBuf,
    /// How many stores were made to build from nothing.
    fresh: Cell<usize>,
}

impl Bench {
    pub fn new() -> Bench {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["home", "ws"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let bench = Bench {
            dir,
            root,
            fresh: Cell::new(0),
        };
        bench.write("fod.nix", FOD);
        bench
    }

    /// A place beside the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn workspace(&self) -> PathBuf {
        self.path("ws")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.workspace().join(path)).unwrap()
    }

    /// Makes the workspace a git repository that tracks all that is in it now.
    pub fn track(&self) {
        let git = |args: &[&str]| {
            let mut git = command("git", &self.path("home"));
            run_ok(git.arg("-C").arg(self.workspace()).args(args), "git")
        };
        git(&["init", "-q"]);
        git(&["add", "-A"]);
    }

    /// A program that sees this place's store and nothing of the caller's environment.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        self.program_on(program, "nix")
    }

    fn program_on(&self, program: impl AsRef<Path>, store: &str) -> Command {
        let store = self.path(store);
        let program = program.as_ref().to_str().unwrap();
        let mut program = command(program, &self.path("home"));
        program
            .current_dir(self.workspace())
            .env("COTTER_CACHE_DIR", self.path("cache"))
            .env("XDG_CACHE_HOME", store.join("xdg"))
            .env("NIX_STORE_DIR", store.join("store"))
            .env("NIX_STATE_DIR", store.join("state"))
            .env("NIX_LOG_DIR", store.join("log"))
            .env("NIX_CONF_DIR", store.join("conf"))
            .env(
                "NIX_CONFIG",
                "experimental-features = nix-command flakes\nsandbox = false\nsubstituters =\n\
                 build-users-group =\nmax-jobs = 16\nflake-registry =\n",
            );
        program
    }

    /// What one of Nix's programs prints.
    pub fn nix(&self, program: &str, args: &[&str]) -> String {
        run_ok(self.program(program).args(args), "nix-bin")
    }

    /// The binary's command line, `cotter fod-rehash ARGS`.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut cotter = self.program(roots::program());
        cotter.arg("fod-rehash").args(args);
        cotter
    }

    pub fn cotter(&self, args: &[&str]) -> Run {
        ran(&mut self.command(args))
    }

    /// The rows of a run that has to end with `code`, by literal.
    #[track_caller]
    pub fn rows(&self, code: i32, args: &[&str]) -> Rows {
        let args = [&["--format", "json"], args].concat();
        let run = self.cotter(&args).expect(code);
        Rows(run.json())
    }

    /// Builds `file` in a store that has nothing yet: only right hashes do.
    #[track_caller]
    pub fn builds(&self, file: &str) {
        self.builds_with(file, &[]);
    }

    #[track_caller]
    pub fn builds_with(&self, file: &str, args: &[&str]) {
        self.fresh.set(self.fresh.get() + 1);
        let store = format!("fresh-{}", self.fresh.get());
        let mut build = self.program_on("nix-build", &store);
        run_ok(build.args(["--no-out-link", file]).args(args), "nix-bin");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let mut open = vec![self.dir.path().to_owned()];
        while let Some(folder) = open.pop() {
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o755));
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            open.extend(
                entries
                    .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                    .map(|entry| entry.path()),
            );
        }
    }
}

/// What `--format json` printed.
#[derive(Debug)]
pub struct Rows(pub Value);

impl Rows {
    /// The row of the literal whose name ends in `:attrpath`.
    #[track_caller]
    pub fn of(&self, attrpath: &str) -> &Value {
        let ending = format!(":{attrpath}");
        let rows = self.0["fods"].as_array().unwrap();
        rows.iter()
            .find(|row| row["name"].as_str().unwrap().ends_with(&ending))
            .unwrap_or_else(|| panic!("no {attrpath}: {:#}", self.0))
    }

    #[track_caller]
    pub fn status(&self, attrpath: &str) -> &str {
        self.of(attrpath)["status"].as_str().unwrap()
    }

    /// How many literals have each status: `[updated, verified, failed, unreached]`.
    pub fn counts(&self) -> [usize; 4] {
        let rows = self.0["fods"].as_array().unwrap();
        ["updated", "verified", "failed", "unreached"]
            .map(|status| rows.iter().filter(|row| row["status"] == status).count())
    }

    pub fn rounds(&self) -> u64 {
        self.0["rounds"].as_u64().unwrap()
    }

    pub fn written(&self) -> bool {
        self.0["written"].as_bool().unwrap()
    }
}
