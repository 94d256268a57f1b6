//! What `cotter spork emit` writes, built by real Nix: images read back and run, and what no patch carries.

#[path = "../support/mod.rs"]
mod support;

mod images;
mod library;
mod patches;
mod project;
