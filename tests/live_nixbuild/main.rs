//! `cotter nixbuild` with a real Nix, this machine's and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists; and with a real containerd, Docker, podman and registry, where this machine
//! has them.

mod build;
mod containerd;
mod docker;
mod emit;
mod load;
mod podman;
mod refuse;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod watch;

/// What is of this machine only is left out: its tools and daemons are not in the root directories.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    let skipped = [
        this_one,
        "containerd::",
        "docker::",
        "load::",
        "podman::",
        "on_this_machine",
    ];
    support::roots::run_again_with(
        &[],
        &skipped,
        "build::every_kind_of_image_is_built_and_told",
    );
}
