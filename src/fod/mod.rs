//! Fixed-output derivations: their hash literals, and what those should be.
//!
//! Not here: which revision is fetched (`pin`), running Nix (`nix`), and writing files (`transaction`).

pub mod native;
pub mod output_hashes;
