//! `cotter fod-rehash` that is killed, watched and hindered: the workspace is as it was or completely updated, nothing
//! goes on running, nothing is left. With this machine's Nix, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

// Shared with the tests of the command itself, which use the rest of it.
#[allow(dead_code)]
#[path = "../live_fod/bench.rs"]
mod bench;
mod hostile;
mod killed;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod watched;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// All of the tests again, with fewer kills, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let tests = scratch.path().join("live_fod_killed");
    let cotter = scratch.path().join("cotter");
    fs::copy(std::env::current_exe().unwrap(), &tests).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_cotter"), &cotter).unwrap();
    for root in roots.split(':').filter(|root| !root.is_empty()) {
        let mut inside = Command::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/scripts/nix-in-root.sh"
        ));
        inside
            .args([Path::new(root), scratch.path(), Path::new("env")])
            .arg(format!("{}={}", bench::BINARY, cotter.display()))
            .arg(format!("{}=24", killed::KILLS))
            .arg(&tests)
            .args(["--skip", "every_nix_of_the_other_roots"]);
        let report = support::run_ok(&mut inside, "debootstrap");
        assert!(
            report.contains("killed::killed_at_random_moments ... ok"),
            "{root}: {report}"
        );
    }
}
