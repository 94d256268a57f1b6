//! Fixed-output derivations (FODs): the hash literals of the workspace, what is made of them and what they should be.
//!
//! Not here: which revision is fetched (`pin`), running Nix and reading its `.drv` files (`nix`), spelling hashes
//! (`hash`), and writing files (`transaction`).

mod content;
mod fake;
mod literal;
pub mod lock;
mod mentions;
pub mod native;
pub mod output_hashes;
mod recipe;
#[cfg(test)]
mod recipe_tests;
mod report;
pub mod run;
pub mod target;
mod workspace_sources;

pub use content::StoreContents;
pub use fake::{FakeError, apply, fake, fake_for};
pub use literal::{Kind, Literal, Literals, find, in_file};
pub use recipe::{Known, Recipe, Recipes};
pub use report::{Row, Status, Strategy};
pub use workspace_sources::WorkspaceSources;
