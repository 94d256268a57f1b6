//! What `cotter image migrate` makes of Dockerfiles, built by real Nix, read back with skopeo and umoci, and run.

#[path = "../support/mod.rs"]
mod support;

mod case;
mod cases;
mod python;
mod two_systems;
