//! Derivations instantiated and built by a real Nix, and what cotter reads out of that: this machine's Nix, and each
//! of those in the root directories that `COTTER_TEST_NIX_ROOTS` lists.

mod builds;
mod evaluation;
mod killed;
#[path = "../support/mod.rs"]
mod support;
mod system;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let roots = std::env::var("COTTER_TEST_NIX_ROOTS").unwrap_or_default();
    let scratch = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let binary = scratch.path().join("live_realise");
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
            report.contains("each_of_sixteen_of_one_name_gets_its_own_hash ... ok"),
            "{root}: {report}"
        );
    }
}
