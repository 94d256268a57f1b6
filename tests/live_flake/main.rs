//! Flake locks computed by a real Nix on real repositories: this machine's Nix, and each of those in the root
//! directories that `COTTER_TEST_NIX_ROOTS` lists.

mod bench;
mod failures;
mod moves;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let binary = scratch.path().join("live_flake");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    for root in roots.split(':').filter(|root| !root.is_empty()) {
        let mut inside = Command::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/scripts/nix-in-root.sh"
        ));
        inside
            .args([Path::new(root), scratch.path(), &binary])
            .args(["--skip", "every_nix_of_the_other_roots"]);
        let report = support::run_ok(&mut inside, "debootstrap");
        assert!(
            report.contains("a_pin_is_kept_by_nix_while_flake_nix_names_a_branch ... ok"),
            "{root}: {report}"
        );
    }
}
