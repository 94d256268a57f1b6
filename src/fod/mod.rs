//! Fixed-output derivations (FODs): what they are made from, what their hashes should be, and so whether a recorded
//! hash still stands.
//!
//! Not here: reading `.drv` files and running Nix (`nix`), spelling hashes (`hash`), and what a pin is (`pin`).

pub mod lock;
pub mod target;
