//! A workspace that pins git repositories and files beside it, and takes its fetchers from `<pkgs>`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::cotter::{Run, ran};
use crate::support::fod::Bench;
use crate::support::repo::Repo;
use crate::support::roots;

pub use crate::support::fod::STALE;

const PKGS: &str = include_str!("pkgs.nix");

pub struct Scene {
    pub bench: Bench,
}

impl Scene {
    pub fn new() -> Scene {
        let bench = Bench::new();
        std::fs::create_dir(bench.path("pkgs")).unwrap();
        std::fs::write(bench.path("pkgs/default.nix"), PKGS).unwrap();
        let include = format!(
            "[nix.include]\npkgs = \"{}\"\n",
            bench.path("pkgs").display()
        );
        bench.write("cotter.toml", &include);
        Scene { bench }
    }

    /// A repository beside the workspace, with one commit that is tagged `v1.0`.
    pub fn repo(&self, name: &str, go_sum: &str) -> Repo {
        let repo = Repo::init(self.bench.path(name));
        repo.git(&["config", "protocol.file.allow", "always"]);
        repo.write("main.go", "package main\n")
            .write("go.sum", go_sum)
            .commit("1.0");
        repo.git(&["tag", "v1.0"]);
        repo
    }

    /// The text of a file with `{ pkgs ? import <pkgs> { } }:` before it.
    pub fn put(&self, path: &str, text: &str) -> String {
        let text = format!("{{ pkgs ? import <pkgs> {{ }} }}:\n{text}");
        self.bench.write(path, &text);
        text
    }

    pub fn read(&self, path: &str) -> String {
        self.bench.read(path)
    }

    /// `cotter pin bump ARGS`
    pub fn command(&self, args: &[&str]) -> Command {
        let mut cotter = self.bench.program(roots::program());
        cotter.args(["pin", "bump"]).args(args);
        cotter
    }

    pub fn bump(&self, args: &[&str]) -> Run {
        ran(&mut self.command(args))
    }

    /// Bumps; a second run finds nothing to do. The changes: `field old new`, by the name of the pin.
    #[track_caller]
    pub fn bumped(&self, args: &[&str]) -> Vec<(String, String)> {
        let json = self
            .bump(&[&["--format", "json"], args].concat())
            .expect(0)
            .json();
        assert_eq!(json["written"], true);
        let again = self.bump(&["--dry-run"]).expect(0);
        assert!(again.out.contains("nothing to change"), "{}", again.out);
        fields(&json)
    }

    /// Builds `file` in a store that has nothing yet: only right hashes do.
    #[track_caller]
    pub fn builds(&self, file: &str) {
        let pkgs = format!("pkgs={}", self.bench.path("pkgs").display());
        self.bench.builds_with(file, &["-I", &pkgs]);
    }

    pub fn url(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.bench.path(name)
    }
}

/// Name and field of each change.
pub fn fields(json: &Value) -> Vec<(String, String)> {
    let changes = json["changes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    changes
        .iter()
        .map(|change| (text(&change["name"]), text(&change["field"])))
        .collect()
}

/// `fields` as they are compared with.
pub fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, field)| ((*name).to_owned(), (*field).to_owned()))
        .collect()
}
