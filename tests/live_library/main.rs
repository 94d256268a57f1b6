//! The library for Nix expressions (`nix/`), evaluated and built by a real Nix: this machine's, and for sporks each Nix of
//! `COTTER_TEST_NIX_ROOTS` too.

mod flake;
mod image;
mod spork;
#[path = "../support/mod.rs"]
mod support;
