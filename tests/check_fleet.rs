//! `cotter check` on a realistic repository: twenty containers of all kinds, made by `scripts/fleet.sh`. As it is,
//! nothing is wrong with it; with the mistakes that the script makes, each of them is found and nothing else.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cotter::check::{Asks, rules};
use support::cotter::{Run, ran};
use support::{command, run_ok};

/// What is found: the code, the file and the line.
type Found = (String, String, u64);

struct Fleet {
    dir: tempfile::TempDir,
    home: tempfile::TempDir,
    /// What is seeded in it.
    faults: Vec<Found>,
}

impl Fleet {
    /// Runs the script with `more` arguments.
    fn new(more: &[&str]) -> Fleet {
        let dir = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fleet.sh");
        let mut bash = command("bash", home.path());
        let told = run_ok(bash.arg(script).arg(dir.path()).args(more), "bash");
        let faults = told.lines().map(fault).collect();
        Fleet { dir, home, faults }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("ops")
    }

    fn cotter(&self, args: &[&str]) -> Run {
        let mut cotter: Command = command(env!("CARGO_BIN_EXE_cotter"), self.home.path());
        ran(cotter.arg("--root").arg(self.root()).args(args))
    }

    fn git(&self, args: &[&str]) -> String {
        let mut git = command("git", self.home.path());
        run_ok(git.arg("-C").arg(self.root()).args(args), "git")
    }

    /// What `check` finds, which exits with `code`.
    fn check(&self, args: &[&str], code: i32) -> Vec<Found> {
        let run = self.cotter(&[&["check", "--format", "json"], args].concat());
        let document = run.expect(code).json();
        let findings = document["findings"].as_array().unwrap();
        let mut found: Vec<Found> = findings
            .iter()
            .map(|finding| {
                let text = |key: &str| finding[key].as_str().unwrap().to_owned();
                (
                    text("code"),
                    text("file"),
                    finding["line"].as_u64().unwrap(),
                )
            })
            .collect();
        found.sort();
        found
    }
}

/// A line of what the script prints.
fn fault(line: &str) -> Found {
    let parts: Vec<&str> = line.split('\t').collect();
    let [code, file, line, _] = parts.as_slice() else {
        panic!("{line}");
    };
    (
        (*code).to_owned(),
        (*file).to_owned(),
        line.parse().unwrap(),
    )
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let fleet = Fleet::new(&[]);
    assert_eq!(fleet.check(&["--all-files"], 0), []);
    assert_eq!(fleet.check(&[], 0), []);
}

#[test]
fn every_mistake_is_found_and_nothing_else() {
    let fleet = Fleet::new(&["--faults"]);
    let mut seeded = fleet.faults.clone();
    seeded.sort();
    assert!(seeded.len() >= 30, "{seeded:?}");
    let found = fleet.check(&["--all-files"], 1);
    let only = |these: &[Found], those: &[Found]| -> Vec<Found> {
        these
            .iter()
            .filter(|one| !those.contains(one))
            .cloned()
            .collect()
    };
    let (missed, besides) = (only(&seeded, &found), only(&found, &seeded));
    assert!(
        missed.is_empty() && besides.is_empty(),
        "not found: {missed:#?}\nfound beside: {besides:#?}"
    );
    assert_eq!(found, seeded, "each of them once");

    // All of it is staged. The Dockerfile is not: the policy that forbids it is, and it may be found or not.
    let staged = fleet.git(&["diff", "--cached", "--name-only"]);
    let staged: BTreeSet<&str> = staged.lines().collect();
    seeded.retain(|(_, file, _)| staged.contains(file.as_str()));
    assert!(seeded.len() >= 30, "{seeded:?}");
    let mut found = fleet.check(&[], 1);
    found.retain(|(code, file, _)| code != "C611" || staged.contains(file.as_str()));
    assert_eq!(found, seeded, "in a hook");
}

#[test]
fn each_rule_that_needs_no_nix_has_a_mistake() {
    let fleet = Fleet::new(&["--faults"]);
    let seeded: BTreeSet<&str> = fleet.faults.iter().map(|fault| fault.0.as_str()).collect();
    let rules: BTreeSet<&str> = rules::ALL
        .iter()
        .filter(|rule| rule.asks != Asks::Nix)
        .map(|rule| rule.code)
        .collect();
    assert_eq!(seeded, rules);
}

#[test]
fn its_pins_and_hashes_are_listed() {
    let fleet = Fleet::new(&[]);
    let pins = fleet.cotter(&["pin", "list", "--format", "json"]).expect(0);
    assert_eq!(pins.err, "");
    let pins = pins.json()["pins"].as_array().unwrap().len();
    assert!(pins > 30, "{pins}");
    let hashes = fleet.cotter(&["fod-rehash", "--list"]).expect(0);
    assert_eq!(hashes.err, "");
    let hashes = hashes.out.lines().count();
    assert!(hashes > 20, "{hashes}");
}

#[test]
fn it_grows() {
    let fleet = Fleet::new(&["--containers", "40"]);
    let containers = fleet.root().join("containers");
    assert_eq!(std::fs::read_dir(containers).unwrap().count(), 40);
    let files = fleet.git(&["ls-files"]).lines().count();
    assert!(files >= 600, "{files}");
}
