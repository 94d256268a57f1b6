//! `cotter fod-rehash` that is killed, watched and hindered: the workspace is as it was or completely updated, nothing
//! goes on running, nothing is left. With this machine's Nix, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

mod hostile;
mod killed;
mod leftover;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod watched;

/// All of the tests again, with fewer kills, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let fewer = [(killed::KILLS, "24")];
    let skipped = [
        "every_nix_of_the_other_roots_does_the_same",
        // It mounts, which it cannot do there, and it is not Nix that it is about.
        "a_cache_without_room_or_leave",
    ];
    support::roots::run_again_with(&fewer, &skipped, "killed::killed_at_random_moments");
}
