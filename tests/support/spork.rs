//! A spork: upstream with two feature branches, what serves it, and the workspace that pins it. The binary is run on
//! it in a scrubbed environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use super::cotter::{Run, Stopped, ran};
use super::repo::Repo;
use super::store::Store;
use super::tree::Tree;
use super::{command, roots, run_ok};

pub const NIX: &str = "containers/kf/default.nix";
pub const LOCK: &str = "containers/kf/Cargo.lock";
const PKGS: &str = include_str!("../../fixtures/example/ops/nix/pkgs.nix");

/// What follows the bindings of a spork's Nix file: `list` is the features as a list.
pub const TAIL: &str = r#"
  upstream = builtins.fetchGit { inherit url; rev = upstreamRev; ref = "main"; };
  fetchFeature = feature: builtins.fetchGit { inherit url; inherit (feature) rev; allRefs = true; };
  patchOf = feature: pkgs.runCommand "${feature.name}.patch" { } ''
    ln -s ${upstream} a
    ln -s ${fetchFeature feature} b
    TZ=UTC diff -ruN a b > $out || [ $? -eq 1 ]
    [ -s $out ]
  '';
  src = pkgs.applyPatches { name = "kf-${version}-source"; src = upstream; patches = map patchOf list; };
  package = pkgs.rustPlatform.buildRustPackage {
    pname = "kf";
    inherit version src;
    cargoLock.lockFile = ./Cargo.lock;
  };
"#;

/// The bindings that most tests use.
pub const BINDINGS: &str = r#"
  version = "@UP:7@"; # CONTAINER_APP_VERSION
  upstreamRev = "@UP@";

  features = [
    { name = "one"; rev = "@ONE@"; } # one, of ours
    {
      name = "two";
      branch = "feature/local/two";
      rev = "@TWO@";
    }
  ];
  list = features;
  url = "@URL@";
"#;

/// A Nix file of these bindings.
pub fn let_in(bindings: &str) -> String {
    format!(
        "# Built from main and our features.\n{{ pkgs ? import ../../nix/pkgs.nix {{ }} }}:\nlet{bindings}{TAIL}in\n\
         {{ inherit src version package; }}\n"
    )
}

pub struct Scene {
    dir: TempDir,
    root: PathBuf,
    pub work: Repo,
    url: Mutex<String>,
    templates: Mutex<BTreeMap<String, String>>,
}

impl Scene {
    /// Upstream with two features, served as `srv/kf.git`, and a workspace `ops` without a container.
    pub fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["home", "srv"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let work = Repo::init(root.join("work"));
        work.write(
            "src/main.rs",
            "fn main() {\n    one();\n\n\n\n\n\n    two();\n}\n",
        )
        .write("README", "kf 0.4\n")
        .write("Cargo.toml", cargo_toml("0.4.0", ""))
        .write("Cargo.lock", cargo_lock("0.4.0", &[]));
        work.commit("Release 0.4");
        let scene = Scene {
            url: Mutex::new(format!("file://{}", root.join("srv/kf.git").display())),
            templates: Mutex::default(),
            dir,
            root,
            work,
        };
        scene.feature("feature/upstream/one", |work| {
            work.write(
                "src/main.rs",
                "fn main() {\n    one(1);\n\n\n\n\n\n    two();\n}\n",
            );
        });
        scene.feature("feature/local/two", |work| {
            work.write("extra/two.txt", "two\n");
        });
        scene.deploy();
        scene.bare("srv/kf.git");
        Repo::init(scene.ops());
        scene.file("nix/pkgs.nix", PKGS);
        scene
    }

    /// A scene with the container that most tests use.
    pub fn usual() -> Scene {
        Scene::new().filled_in()
    }

    /// With the container that most tests use.
    pub fn filled_in(self) -> Scene {
        let scene = self;
        scene.put(NIX, &let_in(BINDINGS)).put(LOCK, "@LOCK@");
        scene.put("services.yaml", SERVICES);
        scene.file("cotter.toml", CONFIG);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn ops(&self) -> PathBuf {
        self.path("ops")
    }

    pub fn set_url(&self, url: impl Into<String>) {
        *self.url.lock().unwrap() = url.into();
    }

    /// A branch from `main` with one commit; the work tree is on `main` again afterwards.
    pub fn feature(&self, branch: &str, change: impl FnOnce(&Repo)) {
        self.work.git(&["checkout", "-q", "-B", branch, "main"]);
        change(&self.work);
        self.work.commit(branch);
        self.work.git(&["checkout", "-q", "main"]);
    }

    /// A commit on `main`, and the features rebased onto it; not pushed.
    pub fn advance(&self, change: impl FnOnce(&Repo)) {
        change(&self.work);
        self.work.git(&["add", "--all", "."]);
        // On another day than what was before.
        let mut commit = self.work.command();
        commit.args(["commit", "-q", "--allow-empty", "-m", "More"]);
        commit.env("GIT_COMMITTER_DATE", "2024-03-05T12:00:00Z");
        run_ok(&mut commit, "git");
        for branch in ["feature/upstream/one", "feature/local/two"] {
            self.work.git(&["rebase", "-q", "main", branch]);
        }
        self.work.git(&["checkout", "-q", "main"]);
        self.deploy();
    }

    /// Upstream moves on, the features are rebased and force-pushed, `deploy` is made anew.
    pub fn sync(&self) {
        self.advance(|work| {
            work.write("README", "kf 0.5\n")
                .write("Cargo.toml", cargo_toml("0.5.0", ""))
                .write("Cargo.lock", cargo_lock("0.5.0", &[]));
        });
        self.push("srv/kf.git");
    }

    fn deploy(&self) {
        self.work.git(&["checkout", "-q", "-B", "deploy", "main"]);
        #[rustfmt::skip]
        self.work.git(&[
            "merge", "-q", "--no-ff", "-m", "Deploy", "feature/upstream/one", "feature/local/two",
        ]);
        self.work.git(&["checkout", "-q", "main"]);
    }

    /// A bare repository that holds what the work tree has.
    pub fn bare(&self, name: &str) {
        let to = self.path(name);
        self.git_in(
            &self.root,
            &[
                "init",
                "-q",
                "--bare",
                "--initial-branch=main",
                to.to_str().unwrap(),
            ],
        );
        self.push(name);
    }

    pub fn push(&self, name: &str) {
        let to = self.path(name).display().to_string();
        self.work.git(&["push", "-q", "--mirror", &to]);
    }

    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        run_ok(
            command("git", &self.path("home"))
                .arg("-C")
                .arg(dir)
                .args(args),
            "git",
        )
    }

    pub fn rev(&self, name: &str) -> String {
        self.work.git(&["rev-parse", name])
    }

    /// `template` with `@UP@`, `@UP:7@`, `@ONE@`, `@TWO@`, `@DATE@`, `@LOCK@` and `@URL@` as they are now.
    pub fn filled(&self, template: &str) -> String {
        let up = self.rev("main");
        let mut text = template
            .replace("@UP@", &up)
            .replace("@ONE@", &self.rev("feature/upstream/one"))
            .replace("@TWO@", &self.rev("feature/local/two"))
            .replace(
                "@DATE@",
                &self.work.git(&["log", "-1", "--format=%cs", "main"]),
            )
            .replace(
                "@LOCK@",
                &(self.work.git(&["show", "main:Cargo.lock"]) + "\n"),
            )
            .replace("@URL@", &self.url.lock().unwrap());
        for length in [7, 8, 12] {
            text = text.replace(&format!("@UP:{length}@"), &up[..length]);
        }
        text
    }

    /// A file of the workspace as it is.
    pub fn file(&self, path: &str, text: &str) -> &Scene {
        let full = self.ops().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
        self
    }

    /// A file of the workspace, filled in now, and to be filled in anew by [`Scene::assert_bumped`].
    pub fn put(&self, path: &str, template: &str) -> &Scene {
        self.templates
            .lock()
            .unwrap()
            .insert(path.into(), template.into());
        self.file(path, &self.filled(template))
    }

    /// Forgets a template: its file is gone.
    pub fn put_away(&self, path: &str) {
        self.templates.lock().unwrap().remove(path);
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.ops().join(path)).unwrap()
    }

    /// The files of the workspace, each as the templates with the present revisions make it; nothing else is there.
    #[track_caller]
    pub fn assert_bumped(&self, before: &Tree) {
        let mut expected = before.clone();
        for (path, template) in self.templates.lock().unwrap().iter() {
            let text = self.filled(template);
            assert_eq!(self.read(path), text, "{path}");
            let entry = expected.0.get_mut(Path::new(path)).unwrap();
            entry.bytes = text.into_bytes();
        }
        assert_eq!(self.tree(), expected);
    }

    /// The workspace but for `.git`.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::of(&self.ops());
        tree.0.retain(|path, _| !path.starts_with(".git"));
        tree
    }

    /// Everything there is: workspace, home, cache, repositories.
    pub fn everything(&self) -> Tree {
        Tree::of(&self.root)
    }

    /// The binary, in the workspace.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), &self.path("home"));
        cotter
            .current_dir(self.ops())
            .env("COTTER_CACHE_DIR", self.path("cache"))
            .args(args);
        cotter
    }

    pub fn cotter(&self, args: &[&str]) -> Run {
        ran(&mut self.command(args))
    }

    pub fn bump(&self, args: &[&str]) -> Run {
        self.cotter(&[&["pin", "bump"], args].concat())
    }

    /// The binary, stopped at a step of its writing.
    pub fn stopped_at(&self, args: &[&str], step: &str) -> Stopped {
        Stopped::at(&mut self.command(args), step)
    }

    /// A run that fails with `code`, says `words`, and writes nothing anywhere.
    #[track_caller]
    pub fn refuses(&self, args: &[&str], code: i32, words: &[&str]) -> Run {
        let before = self.everything();
        let run = self.bump(args).expect(code).says(words);
        assert_eq!(
            self.everything().changed_since(&before),
            Vec::<PathBuf>::new()
        );
        run
    }

    /// The patched source, built by the machine's Nix and each Nix of `COTTER_TEST_NIX_ROOTS`: both features and
    /// what upstream has now are in it.
    #[track_caller]
    pub fn assert_builds(&self, nix_file: &str) {
        let file = self.ops().join(nix_file);
        let store = Store::new_in(&self.root);
        let args = ["--no-out-link", file.to_str().unwrap(), "-A", "src"];
        self.assert_source(Path::new(&store.run("nix-build", &args)));
        for root in roots::all() {
            let mut inside = roots::inside(&root, &self.root);
            inside.arg("nix-build").args(args);
            self.assert_source(Path::new(&run_ok(&mut inside, "debootstrap")));
        }
    }

    fn assert_source(&self, built: &Path) {
        let read = |path: &str| std::fs::read_to_string(built.join(path)).unwrap();
        let show = |what: &str| self.work.git(&["show", what]) + "\n";
        assert_eq!(read("README"), show("main:README"));
        assert_eq!(
            read("src/main.rs"),
            show("feature/upstream/one:src/main.rs")
        );
        assert_eq!(
            read("extra/two.txt"),
            show("feature/local/two:extra/two.txt")
        );
        assert_eq!(read("Cargo.lock"), show("main:Cargo.lock"));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let _ = Command::new("chmod")
            .arg("-R")
            .arg("u+w")
            .arg(self.dir.path())
            .status();
    }
}

pub const CONFIG: &str = "[container.kf]\nnix = \"containers/kf/default.nix\"\n\
    service = { file = \"services.yaml\", name = \"kf\" }\n";
const SERVICES: &str =
    "services:\n  - name: kf\n    current-version: '@UP:7@' # see containers/kf\n";

pub fn cargo_toml(version: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"kf\"\nversion = \"{version}\"\n\n[dependencies]\n{dependencies}")
}

/// `packages`: name, version and source of what `kf` depends on.
pub fn cargo_lock(version: &str, packages: &[(&str, &str, &str)]) -> String {
    let mut text = format!("version = 4\n\n[[package]]\nname = \"kf\"\nversion = \"{version}\"\n");
    if !packages.is_empty() {
        let names: Vec<String> = packages
            .iter()
            .map(|(name, ..)| format!(" \"{name}\",\n"))
            .collect();
        text += &format!("dependencies = [\n{}]\n", names.concat());
    }
    for (name, version, source) in packages {
        text += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
        );
    }
    text
}
