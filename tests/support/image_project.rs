//! A project with its spec, in a repository of its own.

use std::fs;
use std::path::{Path, PathBuf};

use cotter::image::spec::{self, Spec};
use cotter::source::{RelPath, SourceFile};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cotter::{Run, ran};
use super::image::Image;
use super::images::{self, Nix};
use super::repo::Repo;
use super::{command, folder, run_ok};

const COTTER: &str = env!("CARGO_BIN_EXE_cotter");

/// Where the library is, in tests.
const LIBRARY_URL: &str = "https://git.example.org/team/cotter.git";

/// The builders of Nix's.
pub const BUILDERS: [&str; 3] = ["layered", "stream", "nix2container"];

pub struct Project {
    dir: TempDir,
    repo: Repo,
}

impl Project {
    /// One of `fixtures/image_sources`, or none, with `spec` as its `image.toml`.
    pub fn new(source: Option<&str>, spec: &str) -> Project {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("project"));
        if let Some(source) = source {
            folder::copy(&images::source(source), repo.dir());
        }
        let project = Project { dir, repo };
        project.write("image.toml", spec);
        project
    }

    /// A case of `fixtures/image_migrate`: its Dockerfile, and the files that are copied.
    pub fn of_dockerfile(case: &str) -> Project {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("project"));
        let case = images::fixtures().join("image_migrate").join(case);
        folder::copy(&case.join("context"), repo.dir());
        fs::copy(case.join("Dockerfile"), repo.dir().join("Dockerfile")).unwrap();
        Project { dir, repo }
    }

    pub fn path(&self) -> &Path {
        self.repo.dir()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn spec(&self) -> Spec {
        let source =
            SourceFile::from_text(RelPath::new("image.toml").unwrap(), self.read("image.toml"));
        spec::of_file(&source).unwrap()
    }

    /// A command of git's as it is told to people.
    pub fn git(&self, command: &str) {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        self.repo.git(&words);
    }

    /// For flakes, which see what git knows.
    pub fn stage(&self) {
        self.repo.git(&["add", "--all", "."]);
    }

    /// Locks the flake's inputs as `nix flake lock` does where the package sets of the tests are what stands at their URLs.
    pub fn lock(&self, nix: &Nix, inputs: &[(&str, &Path)]) {
        let mut lock = nix.command("nix");
        lock.args(["flake", "lock"]).arg(self.path());
        for (input, place) in inputs {
            lock.args(["--override-input", input]);
            lock.arg(format!("path:{}", place.display()));
        }
        run_ok(&mut lock, "nix-bin");
        let mut locked: Value = serde_json::from_str(&self.read("flake.lock")).unwrap();
        for (input, _) in inputs {
            let node = locked["nodes"]["root"]["inputs"][input].as_str().unwrap();
            let node = node.to_owned();
            locked["nodes"][node]["original"] = match *input {
                "nixpkgs" => {
                    json!({ "type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-25.05" })
                }
                "nix2container" => {
                    json!({ "type": "github", "owner": "nlewo", "repo": "nix2container" })
                }
                _ => json!({ "type": "git", "url": LIBRARY_URL }),
            };
        }
        self.write("flake.lock", &format!("{locked:#}\n"));
    }

    pub fn cotter(&self, arguments: &[&str]) -> Run {
        let mut cotter = command(COTTER, self.dir.path());
        cotter.current_dir(self.path()).args(arguments);
        ran(&mut cotter)
    }

    pub fn emit(&self, arguments: &[&str]) {
        self.cotter(&[&["image", "emit", "image.toml"], arguments].concat())
            .expect(0);
    }

    /// cotter, with `nix` as the Nix that it finds.
    pub fn cotter_with(&self, nix: &Nix, arguments: &[&str]) -> Run {
        let mut cotter = nix.passed_on(COTTER);
        cotter.env("COTTER_CACHE_DIR", self.dir.path().join("cache"));
        cotter.current_dir(self.path()).args(arguments);
        ran(&mut cotter)
    }

    /// What yields the image, with the package sets of the tests.
    pub fn expression(&self, builder: &str) -> String {
        let arguments = match builder {
            "nix2container" => "{ inherit ((import <nix2container> { })) nix2container; }",
            _ => "{ }",
        };
        format!("import {} {arguments}", self.path().display())
    }

    pub fn image(&self, nix: &Nix, builder: &str) -> Image {
        self.built(nix, &self.expression(builder))
    }

    /// The image of `default.nix` with these arguments.
    pub fn image_with(&self, nix: &Nix, arguments: &str) -> Image {
        self.built(
            nix,
            &format!("import {} {{ {arguments} }}", self.path().display()),
        )
    }

    fn built(&self, nix: &Nix, expression: &str) -> Image {
        nix.image(expression).unwrap_or_else(|said| {
            let text = self.read("default.nix");
            panic!("{}, {expression}: {said}\n{text}", nix.name)
        })
    }

    /// The image of an output of the flake, with the package sets of the tests in place of its inputs.
    pub fn flake_image(&self, nix: &Nix, builder: &str, output: &str) -> Image {
        let inputs: &[&str] = match builder {
            "nix2container" => &["nixpkgs", "nix2container"],
            _ => &["nixpkgs"],
        };
        let flake = |attribute: &str| format!("{}#{attribute}", self.path().display());
        let built = nix
            .build_flake(&flake(output), inputs)
            .unwrap_or_else(|e| panic!("{output}: {e}"));
        match Image::is_nix2container(&built) {
            true => {
                let copy = nix
                    .build_flake(&flake(&format!("{output}.copyTo")), inputs)
                    .unwrap();
                Image::copied_by(&copy.join("bin/copy-to")).unwrap()
            }
            false => Image::read(&built).unwrap(),
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}
