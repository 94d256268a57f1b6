//! `cotter pin bump` of sporks: the binary on real repositories, and what it wrote built by real Nix.

#[path = "../support/mod.rs"]
mod support;

mod choose;
mod hostile;
mod invariants;
mod killed;
mod lockfile;
mod private;
mod shapes;
mod transports;
mod wrong;
