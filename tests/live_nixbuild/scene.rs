//! A repository with a flake, a Nix store, and a folder of manifests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cotter::manifest::{self, Node};
use cotter::source::{RelPath, SourceFile};
use tempfile::TempDir;

use crate::support::cotter::{Run, ran};
use crate::support::repo::Repo;
use crate::support::roots::program;
use crate::support::store::Store;

pub const IMAGE: &str = "registry.example.org/team/hello";

pub struct Scene {
    pub dir: TempDir,
    pub store: Store,
    pub repo: Repo,
    pub rev: String,
}

impl Scene {
    pub fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("repo"));
        let marks = dir.path().join("marks");
        let flake = include_str!("flake.nix").replace("@MARKS@", marks.to_str().unwrap());
        repo.write("flake.nix", flake);
        let rev = repo.commit("A flake of images");
        fs::create_dir(dir.path().join("work")).unwrap();
        Scene {
            store: Store::new_in(dir.path()),
            repo,
            rev,
            dir,
        }
    }

    /// The folder in which the program runs.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub fn flake_url(&self) -> String {
        format!("git+file://{}?rev={}", self.repo.dir().display(), self.rev)
    }

    pub fn tag(&self) -> String {
        format!("{IMAGE}:{}", self.rev)
    }

    /// The text of a NixBuild.
    pub fn nixbuild(&self, name: &str, package: &str) -> String {
        format!(
            "apiVersion: enbi.hrzn.ee/v1alpha1\nkind: NixBuild\nmetadata:\n  name: {name}\nspec:\n  flakeUrl: {}\n  \
             imageTag: {}\n  packageName: {package}\n  system: x86_64-linux\n",
            self.flake_url(),
            self.tag()
        )
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self) -> Command {
        let mut cotter = self.store.nix(program().to_str().unwrap());
        cotter
            .env("COTTER_CACHE_DIR", self.cache())
            .current_dir(self.work())
            .arg("nixbuild");
        cotter
    }

    pub fn run(&self, args: &[&str]) -> Run {
        ran(self.command().args(args))
    }

    /// Builds `package` as a manifest names it.
    pub fn build(&self, package: &str, args: &[&str]) -> Run {
        self.write("manifest.yaml", &self.nixbuild("hello", package));
        self.run(&[&["build", "manifest.yaml", "--format", "json"], args].concat())
    }

    /// How often the package that leaves marks was built.
    pub fn marks(&self) -> usize {
        let marks = fs::read_to_string(self.dir.path().join("marks"));
        marks.map_or(0, |marks| marks.lines().count())
    }

    /// Nothing of any run is left in the cache.
    #[track_caller]
    pub fn is_clean(&self) {
        let work = self.cache().join("work");
        let left: Vec<_> = match fs::read_dir(&work) {
            Ok(entries) => entries.map(|entry| entry.unwrap().file_name()).collect(),
            Err(_) => Vec::new(),
        };
        let folders = left
            .iter()
            .filter(|name| !name.to_string_lossy().ends_with(".lock"));
        assert_eq!(folders.count(), 0, "{left:?}");
    }
}

/// What a status file says under `status`.
pub fn status(path: &Path, keys: &[&str]) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let file = SourceFile::from_text(RelPath::new("status.yaml").unwrap(), text);
    let tree = manifest::parse(&file).unwrap();
    let node = tree.documents.first()?.get("status")?.at(keys)?;
    node.as_str().map(str::to_owned)
}

/// Type, reason and status of each condition.
pub fn conditions(path: &Path) -> Vec<[String; 3]> {
    let text = fs::read_to_string(path).unwrap();
    let file = SourceFile::from_text(RelPath::new("status.yaml").unwrap(), text);
    let tree = manifest::parse(&file).unwrap();
    let conditions = tree.documents[0].at(&["status", "conditions"]).unwrap();
    let text = |node: &Node, key: &str| node.get(key).unwrap().as_str().unwrap().to_owned();
    let of = |node: &Node| ["type", "reason", "status"].map(|key| text(node, key));
    conditions.items().iter().map(of).collect()
}
