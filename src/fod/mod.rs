//! Fixed-output derivations (FODs): what they are made from, and so whether a recorded hash still stands.
//!
//! Not here: reading `.drv` files (`nix`), spelling hashes (`hash`), and what a pin is (`pin`).

mod content;
mod mentions;
mod recipe;
#[cfg(test)]
mod recipe_tests;
mod workspace_sources;

pub use content::StoreContents;
pub use recipe::{Recipe, Recipes};
pub use workspace_sources::WorkspaceSources;
