//! `cotter pin bump` of sporks: the binary on real repositories, and what it wrote built by real Nix.

#[path = "../support/mod.rs"]
mod support;

mod transports;
