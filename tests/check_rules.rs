//! Every rule of `cotter check` over the workspaces of `fixtures/check/RULE/CASE`.
//!
//! A case is a folder with
//! - `in/`: the workspace, which is committed;
//! - `before/`, where what it was before counts: that is committed, and `in/` is staged in its place;
//! - `make.sh`, where there is more to it: run in the folder above the workspace, whose path it is given, before anything is
//!   committed, to make clones and to fill in revisions; `$COTTER` is the program, and Nix has a store of its own;
//! - `arguments`: more arguments of `check`, a line each;
//! - `expected`: the findings, a line each. A case whose name begins with `good` has none; one that begins with `bad` has
//!   some of its rule;
//! - `fixed/`: the files that `check --fix` changes, as it leaves them.
//!
//! `SNAPSHOTS=overwrite cargo test --test check_rules` writes `expected` and `fixed/` anew.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use cotter::check::rules;
use snapbox::{Assert, Data};
use support::folder::{copy, files};
use support::repo::Repo;
use support::store::Store;
use support::{run, run_ok};

const COTTER: &str = env!("CARGO_BIN_EXE_cotter");

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/check")
}

fn folders(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A case, made.
struct Case {
    dir: PathBuf,
    /// The workspace is `ops` in it.
    made: tempfile::TempDir,
    store: Store,
}

impl Case {
    fn make(dir: &Path) -> Case {
        let made = tempfile::tempdir().unwrap();
        let store = Store::new_in(made.path());
        let ops = made.path().join("ops");
        let repo = Repo::init(&ops);
        let has_before = dir.join("before").is_dir();
        copy(&dir.join(if has_before { "before" } else { "in" }), &ops);
        let script = dir.join("make.sh");
        let make = || {
            if script.is_file() {
                let mut bash = store.nix("bash");
                bash.arg(&script).arg(&ops).current_dir(made.path());
                bash.env("COTTER", COTTER)
                    .env("COTTER_CACHE_DIR", made.path().join("cache"));
                for who in ["AUTHOR", "COMMITTER"] {
                    bash.env(format!("GIT_{who}_NAME"), "A. Tester")
                        .env(format!("GIT_{who}_EMAIL"), "tester@example.org")
                        .env(format!("GIT_{who}_DATE"), "2024-01-01T00:00:00Z");
                }
                run_ok(&mut bash, "bash");
            }
        };
        make();
        repo.commit("Begin");
        if has_before {
            for file in files(&dir.join("before")) {
                fs::remove_file(ops.join(file)).unwrap();
            }
            copy(&dir.join("in"), &ops);
            make();
            repo.git(&["add", "--all", "."]);
        }
        Case {
            dir: dir.to_owned(),
            made,
            store,
        }
    }

    fn ops(&self) -> PathBuf {
        self.made.path().join("ops")
    }

    fn check(&self, args: &[&str]) -> Output {
        let mut command = self.store.nix(COTTER);
        command.env("COTTER_CACHE_DIR", self.made.path().join("cache"));
        let more = fs::read_to_string(self.dir.join("arguments")).unwrap_or_default();
        command
            .arg("--root")
            .arg(self.ops())
            .arg("check")
            .args(args);
        run(command.args(more.lines()).current_dir(self.ops()), "cotter")
    }

    /// The findings, a line each.
    fn findings(&self, args: &[&str]) -> String {
        let output = self.check(&[&["--format", "json"], args].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {err}", self.dir.display()));
        let findings = document["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("{}: {document}", self.dir.display()));
        let lines: Vec<String> = findings
            .iter()
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap().to_owned();
                let (file, message) = (text("file"), text("message"));
                let (line, column) = (&one["line"], &one["column"]);
                format!("{} {file}:{line}:{column} {message}\n", text("code"))
            })
            .collect();
        let code = output.status.code();
        let wanted = if lines.is_empty() { 0 } else { 1 };
        assert_eq!(code, Some(wanted), "{}: {err}", self.dir.display());
        lines
            .concat()
            .replace(&self.made.path().display().to_string(), "[DIR]")
    }
}

#[test]
fn every_case_gives_what_is_expected() {
    let assert = Assert::new().action_env("SNAPSHOTS");
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let only = std::env::var("COTTER_TEST_RULE").ok();
    for rule in folders(&fixtures()) {
        if only.as_ref().is_some_and(|only| *only != rule) {
            continue;
        }
        for name in folders(&fixtures().join(&rule)) {
            let dir = fixtures().join(&rule).join(&name);
            let case = Case::make(&dir);
            let found = case.findings(&["--all-files"]);
            if name.starts_with("good") {
                assert_eq!(found, "", "{rule}/{name}");
            } else {
                let code = rules::by_word(&rule).unwrap_or_else(|| panic!("no rule {rule}"));
                let own = found.lines().any(|line| line.starts_with(code.code));
                assert!(own || overwrite, "{rule}/{name}: {found}");
                let path = dir.join("expected");
                let expected = match path.is_file() {
                    true => Data::read_from(&path, None),
                    false => {
                        fs::write(&path, "").unwrap();
                        Data::read_from(&path, None)
                    }
                };
                assert.eq(found, expected.raw());
            }
            fixed(&case, &rule, &name, overwrite);
        }
    }
}

/// `--fix` leaves what `fixed/` says and nothing of it to do; where there is no `fixed/`, nothing is changed.
fn fixed(case: &Case, rule: &str, name: &str, overwrite: bool) {
    let ops = case.ops();
    let before: Vec<(PathBuf, Vec<u8>)> = sources(&ops);
    let output = case.check(&["--all-files", "--fix", "--format", "json"]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{rule}/{name}: {err}"
    );
    let after = sources(&ops);
    let changed: Vec<&(PathBuf, Vec<u8>)> =
        after.iter().filter(|file| !before.contains(file)).collect();
    let expected = case.dir.join("fixed");
    if overwrite && !changed.is_empty() {
        for (path, text) in &changed {
            fs::create_dir_all(expected.join(path).parent().unwrap()).unwrap();
            fs::write(expected.join(path), text).unwrap();
        }
    }
    let wanted: BTreeSet<PathBuf> = match expected.is_dir() {
        true => files(&expected).into_iter().collect(),
        false => BTreeSet::new(),
    };
    let got: BTreeSet<PathBuf> = changed.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(got, wanted, "{rule}/{name}: what --fix changes");
    for (path, text) in &changed {
        let text = String::from_utf8_lossy(text);
        let fixed = fs::read_to_string(expected.join(path)).unwrap();
        assert_eq!(text, fixed, "{rule}/{name}: {}", path.display());
    }
    let output = case.check(&["--all-files", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for finding in document["findings"].as_array().unwrap() {
        assert_eq!(finding["fixable"], false, "{rule}/{name}: {finding}");
    }
}

fn sources(ops: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(ops)
        .into_iter()
        .filter(|path| !path.starts_with(".git"))
        .map(|path| (path.clone(), fs::read(ops.join(&path)).unwrap()))
        .collect()
}

#[test]
fn every_rule_has_a_bad_and_a_good_case() {
    let known: BTreeSet<String> = folders(&fixtures()).into_iter().collect();
    for rule in rules::ALL {
        assert!(
            known.contains(rule.name),
            "fixtures/check/{} is missing",
            rule.name
        );
        let cases = folders(&fixtures().join(rule.name));
        for kind in ["bad", "good"] {
            let has = cases.iter().any(|case| case.starts_with(kind));
            assert!(has, "fixtures/check/{} has no {kind} case", rule.name);
        }
        let is_fixed = |case: &String| fixtures().join(rule.name).join(case).join("fixed").is_dir();
        let fixes = cases.iter().any(is_fixed);
        assert_eq!(
            fixes, rule.fixable,
            "{}: fixable, and a case with fixed/",
            rule.name
        );
    }
    for name in known {
        assert!(
            rules::by_word(&name).is_some(),
            "fixtures/check/{name} is of no rule"
        );
    }
}
