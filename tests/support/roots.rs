//! The tests of a binary once more, under other versions of Nix.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::run_ok;

/// Names the program where it is not the one that cargo has just built.
const PROGRAM: &str = "COTTER_TEST_BINARY";

/// The program that tests run: the one that cargo has just built, or the copy of it inside of a root directory.
pub fn program() -> PathBuf {
    match std::env::var_os(PROGRAM) {
        Some(program) => program.into(),
        None => env!("CARGO_BIN_EXE_cotter").into(),
    }
}

/// The root directories with another Nix, as `scripts/nix-roots.sh` makes them: `COTTER_TEST_NIX_ROOTS`.
pub fn all() -> Vec<PathBuf> {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let roots = roots.split(':').filter(|root| !root.is_empty());
    roots.map(PathBuf::from).collect()
}

/// A command in `root`, that sees `dir` of the machine.
pub fn inside(root: &Path, dir: &Path) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/nix-in-root.sh");
    let mut command = Command::new(script);
    command.args([root, dir]);
    command
}

/// Runs all tests of this binary but `this_one` again in each root directory; `proof` has to be among them.
pub fn run_again_in_each(this_one: &str, proof: &str) {
    run_again_with(&[], this_one, proof);
}

/// The same with more variables.
pub fn run_again_with(variables: &[(&str, &str)], this_one: &str, proof: &str) {
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (tests, program) = (scratch.path().join("tests"), scratch.path().join("cotter"));
    fs::copy(std::env::current_exe().unwrap(), &tests).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_cotter"), &program).unwrap();
    for root in all() {
        let mut again = inside(&root, scratch.path());
        again
            .arg("env")
            .arg(format!("{PROGRAM}={}", program.display()))
            .args(
                variables
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .arg(&tests)
            .args(["--skip", this_one]);
        let report = run_ok(&mut again, "debootstrap");
        assert!(
            report.contains(&format!("{proof} ... ok")),
            "{}: {report}",
            root.display()
        );
    }
}
