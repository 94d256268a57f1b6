//! `cotter pin list` over the trees of `fixtures/pin_list`, as plain folders and as git work trees.
//!
//! A case is a folder with `in/`, `expected.json` (standard output) and, where there is more to it, `expected.txt` (exit
//! code and standard error). `SNAPSHOTS=overwrite cargo test --test pin_list` writes both anew.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use snapbox::Assert;
use snapbox::Data;
use support::repo::Repo;
use support::{command, run};

const REV: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pin_list")
}

/// Runs `cotter` in `root`.
fn cotter(root: &Path, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_cotter"), home.path());
    run(command.current_dir(root).args(args), "cotter")
}

fn list(root: &Path, args: &[&str]) -> Output {
    cotter(root, &[&["--root", ".", "pin", "list"], args].concat())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The names that `pin list` shows, and its exit code.
fn names(root: &Path, args: &[&str]) -> (Vec<String>, i32) {
    let output = list(root, &[args, &["--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    let names = document["pins"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pin| pin["name"].as_str().unwrap().to_owned())
        .collect();
    (names, output.status.code().unwrap())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn fetch(url: &str) -> String {
    format!("{{ src = fetchGit {{ url = \"{url}\"; rev = \"{REV}\"; }}; }}\n")
}

/// A folder with `files`.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn every_case_lists_what_is_expected() {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "{cases:?}");
    let assert = Assert::new().action_env("SNAPSHOTS");
    for case in cases {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("in");
        copy(&case.join("in"), &root);
        let plain = list(&root, &["--format", "json"]);
        assert.eq(
            Data::text(stdout(&plain)),
            Data::read_from(&case.join("expected.json"), None).raw(),
        );
        let code = plain.status.code().unwrap();
        let told = case.join("expected.txt");
        if code != 0 || !plain.stderr.is_empty() || told.exists() {
            let actual = format!("exit {code}\n{}", stderr(&plain));
            assert.eq(Data::text(actual), Data::read_from(&told, None).raw());
        }

        let repo = Repo::init(&root);
        repo.commit("all");
        let tracked = list(&root, &["--format", "json"]);
        assert_eq!(stdout(&tracked), stdout(&plain), "{}", case.display());
        assert_eq!(tracked.status.code(), plain.status.code());
    }
}
