//! `cotter fod-rehash` with a real Nix: this machine's, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

mod bench;
mod native;
mod output_hashes;
mod rounds;
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
    let tests = scratch.path().join("live_fod");
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
            report.contains("rounds::a_chain_of_three_takes_three_rounds ... ok"),
            "{root}: {report}"
        );
    }
}
