//! Flake locks computed by a real Nix on real repositories: this machine's Nix, and each of those in the root
//! directories that `COTTER_TEST_NIX_ROOTS` lists.

mod behind;
mod bench;
mod failures;
mod moves;
#[path = "../support/mod.rs"]
mod support;

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(
        this_one,
        "a_pin_is_kept_by_nix_while_flake_nix_names_a_branch",
    );
}
