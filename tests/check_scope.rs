//! `check FILE…` says what `check --all-files` says that is about these files, and nothing else.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{command, run, run_ok};

/// A repository with a fault of nearly every kind.
fn fleet() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fleet.sh");
    let mut fleet = command("bash", dir.path());
    run_ok(
        fleet
            .arg(script)
            .arg(dir.path().join("fleet"))
            .arg("--faults"),
        "bash",
    );
    let ops = dir.path().join("fleet/ops");
    (dir, ops)
}

/// The findings, and the files that each is about.
fn findings(ops: &Path, args: &[&str]) -> BTreeSet<(String, BTreeSet<String>)> {
    let home = tempfile::tempdir().unwrap();
    let mut check = command(env!("CARGO_BIN_EXE_cotter"), home.path());
    check.args(["check", "--format", "json"]).args(args);
    let output = run(check.current_dir(ops), "cotter");
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)));
    let all = document["findings"].as_array().unwrap().iter();
    all.map(|finding| {
        let file = |value: &Value| value["file"].as_str().unwrap().to_owned();
        let related = finding["related"].as_array().unwrap().iter().map(file);
        let files = related.chain([file(finding)]).collect();
        let text = format!("{} {}:{}", finding["code"], file(finding), finding["line"]);
        (text, files)
    })
    .collect()
}

#[test]
fn files_are_checked_as_they_are_among_all() {
    let (_dir, ops) = fleet();
    let all = findings(&ops, &["--all-files"]);
    assert!(all.len() > 30, "{all:?}");
    let files: BTreeSet<&String> = all.iter().flat_map(|(_, files)| files).collect();
    let wanted = |asked: &[&str]| -> BTreeSet<(String, BTreeSet<String>)> {
        let is_about = |files: &BTreeSet<String>| asked.iter().any(|file| files.contains(*file));
        all.iter()
            .filter(|(_, files)| is_about(files))
            .cloned()
            .collect()
    };
    // What these say is about every file.
    let of_all = |file: &&&String| !matches!(file.as_str(), "cotter.toml" | ".gitignore");
    let files: Vec<&String> = files.iter().filter(of_all).copied().collect();
    for file in &files {
        let found = findings(&ops, &["--work-tree", file]);
        assert_eq!(found, wanted(&[file]), "{file}");
    }
    // Two at once, from both ends of the list.
    for (one, other) in files.iter().zip(files.iter().rev()).take(files.len() / 2) {
        let found = findings(&ops, &["--work-tree", one, other]);
        assert_eq!(found, wanted(&[one, other]), "{one} {other}");
    }
}

#[test]
fn a_path_that_means_nothing_is_no_success() {
    let (_dir, ops) = fleet();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(ops.join("new.nix"), "{ }\n").unwrap();
    for (path, words) in [
        ("nowhere", "no such file"),
        ("new.nix", "staged no such file"),
    ] {
        let mut check = command(env!("CARGO_BIN_EXE_cotter"), home.path());
        let output = run(check.args(["check", path]).current_dir(&ops), "cotter");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn the_baseline_lets_what_was_there_be() {
    let (_dir, ops) = fleet();
    let home = tempfile::tempdir().unwrap();
    let check = |args: &[&str]| {
        let mut check = command(env!("CARGO_BIN_EXE_cotter"), home.path());
        let output = run(check.arg("check").args(args).current_dir(&ops), "cotter");
        let words = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(words).unwrap())
    };
    let (code, said) = check(&["--all-files", "--write-baseline"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = check(&["--all-files"]);
    assert_eq!(code, Some(0), "{said}");
    // What is written above a finding does not bring it back; another of its kind is new.
    let file = ops.join("scripts/publish.sh");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("# A line.\n{text}")).unwrap();
    assert_eq!(check(&["--all-files"]).0, Some(0));
    let more = "curl -u \"ci:$TOKEN\" https://git.example.org/\n";
    std::fs::write(&file, format!("{text}\n{more}")).unwrap();
    let (code, said) = check(&["--all-files"]);
    assert!(code == Some(1) && said.contains("found 1 error"), "{said}");
    // What is gone is told, and dropped when the baseline is written anew.
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    let (code, said) = check(&["--all-files"]);
    assert!(code == Some(0) && said.contains("are gone"), "{said}");
    std::fs::write(ops.join("cotter-baseline.json"), "{ \"schema\": 1 ").unwrap();
    let (code, said) = check(&["--all-files"]);
    assert!(
        code == Some(2) && said.contains("cotter-baseline.json:1:"),
        "{said}"
    );
}
