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

/// All of the tests again, with fewer kills, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    let fewer = [(killed::KILLS, "24")];
    support::roots::run_again_with(&fewer, this_one, "killed::killed_at_random_moments");
}
