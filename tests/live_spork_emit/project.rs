//! A tiny upstream with feature branches, a workspace with its container, and Nix.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::cotter::{Run, ran};
use crate::support::repo::Repo;
use crate::support::tree::Tree;
use crate::support::{command, roots, run};

/// Where the emitted file comes to stand.
pub const NIX: &str = "containers/kf/default.nix";

pub struct Project {
    dir: TempDir,
    root: PathBuf,
    pub work: Repo,
}

impl Project {
    /// Upstream with these files, and a workspace that has it as the clone of `kf`.
    pub fn new(files: &[(&str, &str)]) -> Project {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("home")).unwrap();
        let work = Repo::init(root.join("work"));
        for (path, text) in files {
            work.write(path, text);
        }
        work.commit("Upstream");
        let ops = Repo::init(root.join("ops"));
        ops.write(
            "cotter.toml",
            "[container.kf]\nnix = \"containers/kf/default.nix\"\nclone = \"../work\"\n",
        );
        Project { dir, root, work }
    }

    /// A branch from `main` with one commit.
    pub fn feature(&self, name: &str, change: impl FnOnce(&Repo)) {
        let branch = format!("feature/local/{name}");
        self.work.git(&["checkout", "-q", "-b", &branch, "main"]);
        change(&self.work);
        self.work.commit(&branch);
        self.work.git(&["checkout", "-q", "main"]);
    }

    pub fn rev(&self, name: &str) -> String {
        self.work
            .git(&["rev-parse", &format!("feature/local/{name}")])
    }

    pub fn ops(&self) -> PathBuf {
        self.root.join("ops")
    }

    pub fn read(&self) -> String {
        std::fs::read_to_string(self.ops().join(NIX)).unwrap()
    }

    pub fn write(&self, text: &str) {
        std::fs::write(self.ops().join(NIX), text).unwrap();
    }

    pub fn tree(&self) -> Tree {
        let mut tree = Tree::of(&self.ops());
        tree.0.retain(|path, _| !path.starts_with(".git"));
        tree
    }

    /// A program with a store of the project's own, and with the package set of the tests as `<nixpkgs>`.
    fn program(&self, program: &str) -> Command {
        let store = self.root.join("nix");
        let mut command = command(program, &self.root.join("home"));
        let set = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/nixpkgs");
        command
            .current_dir(self.ops())
            .env("COTTER_CACHE_DIR", self.root.join("cache"))
            .env("XDG_CACHE_HOME", store.join("xdg"))
            .env("NIX_STORE_DIR", store.join("store"))
            .env("NIX_STATE_DIR", store.join("state"))
            .env("NIX_LOG_DIR", store.join("log"))
            .env("NIX_CONF_DIR", store.join("conf"))
            .env("NIX_PATH", format!("nixpkgs={set}"))
            .env(
                "NIX_CONFIG",
                "experimental-features = nix-command\nsandbox = false\nsubstituters =\nbuild-users-group =\n",
            );
        command
    }

    pub fn cotter(&self, args: &[&str]) -> Run {
        ran(self.program(env!("CARGO_BIN_EXE_cotter")).args(args))
    }

    /// Emits the container; its remote is upstream's own work tree.
    #[track_caller]
    pub fn emit(&self, args: &[&str]) -> Run {
        let url = format!("file://{}", self.root.join("work").display());
        self.cotter(&[&["spork", "emit", "kf", "--url", &url], args].concat())
    }

    /// Builds the image, and gives its path.
    #[track_caller]
    pub fn build(&self) -> PathBuf {
        let file = self.ops().join(NIX);
        let output = run(
            self.program("nix-build").arg("--no-out-link").arg(file),
            "nix-bin",
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
    }

    /// The patched source, as each Nix that there is builds it: its path, or what was said instead.
    pub fn sources(&self) -> Vec<Result<PathBuf, String>> {
        let file = self.ops().join(NIX);
        let set = self.root.join("pkgs.nix");
        std::fs::write(&set, include_str!("pkgs.nix")).unwrap();
        let pkgs = format!("import {} {{ }}", set.display());
        let build = |mut nix: Command| {
            nix.args(["--no-out-link", "--arg", "pkgs", &pkgs])
                .arg(&file);
            let output = run(&mut nix, "nix-bin");
            let text = |bytes| String::from_utf8(bytes).unwrap();
            match output.status.success() {
                true => Ok(PathBuf::from(text(output.stdout).trim_end())),
                false => Err(text(output.stderr)),
            }
        };
        let mut built = vec![build(self.program("nix-build"))];
        for root in roots::all() {
            let mut nix = roots::inside(&root, &self.root);
            nix.arg("nix-build");
            built.push(build(nix));
        }
        built
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let _ = Command::new("chmod")
            .arg("-R")
            .arg("u+w")
            .arg(self.dir.path())
            .status();
    }
}

/// Makes a file of the work tree a program.
pub fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
