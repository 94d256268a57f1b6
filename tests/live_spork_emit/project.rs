//! A tiny upstream with feature branches, a workspace with its container, and Nix.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::cotter::{Run, ran};
use crate::support::repo::Repo;
use crate::support::tree::Tree;
use crate::support::{command, folder, roots, run};

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
        let pkgs = format!("import {} {{ }}", self.package_set("pkgs.nix").display());
        self.with_each("nix-build", |nix| {
            nix.args(["--no-out-link", "--arg", "pkgs", &pkgs])
                .arg(&file);
            path_or_said(run(nix, "nix-bin"))
        })
    }

    /// The same of the flake in the container's folder, which is given the library of [`Project::library`].
    pub fn sources_of_flake(&self) -> Vec<Result<PathBuf, String>> {
        let folder = self.ops().join(NIX).parent().unwrap().to_owned();
        let set = self.package_set("nixpkgs/pkgs.nix");
        let set = set.parent().unwrap();
        std::fs::write(set.join("flake.nix"), NIXPKGS).unwrap();
        let (flake, set) = (
            format!("path:{}#oci-image", folder.display()),
            format!("path:{}", set.display()),
        );
        let link = self.root.join("result");
        self.with_each("nix", |nix| {
            let features = ["--extra-experimental-features", "nix-command flakes"];
            nix.args(features)
                .args(["build", "--impure", "--no-write-lock-file"])
                .args(["--override-input", "nixpkgs", &set, &flake, "--out-link"])
                .arg(&link);
            let mut output = run(nix, "nix-bin");
            output.stdout = match std::fs::read_link(&link) {
                Ok(path) => path.into_os_string().into_encoded_bytes(),
                Err(_) => Vec::new(),
            };
            let _ = std::fs::remove_file(&link);
            path_or_said(output)
        })
    }

    /// What `run` makes of `program` of each Nix.
    fn with_each<T>(&self, program: &str, run: impl Fn(&mut Command) -> T) -> Vec<T> {
        let mut all = vec![run(&mut self.program(program))];
        for root in roots::all() {
            let mut nix = roots::inside(&root, &self.root);
            nix.arg(program);
            all.push(run(&mut nix));
        }
        all
    }

    /// The small package set, as a file of this name.
    fn package_set(&self, name: &str) -> PathBuf {
        let path = self.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, include_str!("pkgs.nix")).unwrap();
        path
    }

    /// A repository with the library as it is here: a reference of its commit.
    pub fn library(&self) -> String {
        let repo = Repo::init(self.root.join("cotter"));
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
        for path in folder::files(&library) {
            let name = Path::new("nix").join(&path);
            let bytes = std::fs::read(library.join(&path)).unwrap();
            repo.write(name.to_str().unwrap(), bytes);
        }
        repo.write("flake.nix", COTTER);
        let rev = repo.commit("Library");
        format!("git+file://{}?rev={rev}", repo.dir().display())
    }
}

/// As much of nixpkgs' flake as an emitted flake takes.
const NIXPKGS: &str = "{\n  outputs = _: {\n    lib.genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);\n    \
     legacyPackages.${builtins.currentSystem} = import ./pkgs.nix { };\n  };\n}\n";

/// As much of cotter's: its own inputs are not here.
const COTTER: &str =
    "{\n  inputs.nixpkgs.url = \"path:/nowhere\";\n  outputs = _: { lib = import ./nix; };\n}\n";

fn path_or_said(output: Output) -> Result<PathBuf, String> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(PathBuf::from(text(output.stdout).trim_end())),
        false => Err(text(output.stderr)),
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

/// Asserts that a store path holds what a work tree does: names, contents, links, and what may be executed.
#[track_caller]
pub fn same_tree(built: &Path, work: &Path) {
    let entries = |dir: &Path| -> BTreeMap<PathBuf, (Vec<u8>, Option<PathBuf>, bool)> {
        let tree = Tree::of(dir).0.into_iter();
        let tree = tree.filter(|(path, _)| !path.starts_with(".git"));
        tree.map(|(path, entry)| (path, (entry.bytes, entry.link, entry.mode & 0o100 != 0)))
            .collect()
    };
    assert_eq!(entries(built), entries(work));
}
