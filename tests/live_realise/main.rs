//! Derivations instantiated and built by a real Nix, and what cotter reads out of that: this machine's Nix, and each
//! of those in the root directories that `COTTER_TEST_NIX_ROOTS` lists.

mod builds;
mod evaluation;
mod killed;
#[path = "../support/mod.rs"]
mod support;
mod system;

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(this_one, "each_of_sixteen_of_one_name_gets_its_own_hash");
}
