//! `cotter pin bump` of pins whose hash needs a build or a download, with a real Nix: this machine's, and each of those
//! in the root directories that `COTTER_TEST_NIX_ROOTS` lists.

mod files;
mod killed;
mod locked;
mod packages;
mod scene;
mod sporks;
#[path = "../support/mod.rs"]
mod support;

/// All of the tests again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    let proof = "packages::a_source_and_the_modules_made_of_it_move_together";
    support::roots::run_again_in_each(this_one, proof);
}
