//! `cotter fod-rehash` that is killed, watched and hindered: the workspace is as it was or completely updated, nothing
//! goes on running, nothing is left. With this machine's Nix, and each of those in the root directories that
//! `COTTER_TEST_NIX_ROOTS` lists.

// Shared with the tests of the command itself, which use the rest of it.
#[allow(dead_code)]
#[path = "../live_fod/bench.rs"]
mod bench;
mod killed;
mod scene;
#[path = "../support/mod.rs"]
mod support;
