//! What `cotter image emit` writes, built by real Nix, read back with skopeo and umoci, and run.

#[path = "../support/mod.rs"]
mod support;

mod bazel;
mod dockerfile;
mod flakes;
mod injection;
mod kinds;
mod locked;
mod rehash;
mod same;
