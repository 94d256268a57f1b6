//! `cotter pin bump` of pins whose hash needs a build or a download, with a real Nix: this machine's, and each of those
//! in the root directories that `COTTER_TEST_NIX_ROOTS` lists.

// The bench of `fod-rehash`, of which a part is used here.
#[allow(dead_code)]
#[path = "../live_fod/bench.rs"]
mod bench;
mod files;
mod locked;
mod packages;
mod scene;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// All of the tests again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let tests = scratch.path().join("live_bump_built");
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
            .arg(&tests)
            .args(["--skip", "every_nix_of_the_other_roots"]);
        let report = support::run_ok(&mut inside, "debootstrap");
        assert!(
            report.contains("packages::a_source_and_the_modules_made_of_it_move_together ... ok"),
            "{root}: {report}"
        );
    }
}
