//! `cotter pin bump` of pins that are no sporks: the binary on repositories behind git's own http server, and what it
//! wrote built by real Nix.

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod bench;
mod contract;
mod evaluated;
mod forges;
mod hashes;
mod left;
mod sharing;
mod versions;
