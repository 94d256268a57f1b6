//! `cotter pin bump` of flake inputs: the binary, real repositories, and this machine's Nix as well as each of those
//! in the root directories that `COTTER_TEST_NIX_ROOTS` lists.

mod bench;
mod moves;
mod refusals;
#[path = "../support/mod.rs"]
mod support;

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(this_one, "a_rev_in_the_url_and_the_lock_move_together");
}
