//! `cotter fod-rehash` with a real Nix: this machine's, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

mod daemon;
mod deadlock;
mod eval_time;
mod failing;
mod flakes;
mod ignored;
mod jobs;
mod list;
mod lock;
mod native;
mod output_hashes;
mod places;
mod recipes;
mod rounds;
mod spellings;
#[path = "../support/mod.rs"]
mod support;
mod targets;

/// All of the tests again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(this_one, "rounds::a_chain_of_three_takes_three_rounds");
}
