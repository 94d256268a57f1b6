//! Fixed-output hashes: where they stand in the user's files, and how each is brought to what Nix makes of its
//! derivation now.
//!
//! Not here: revisions (`pin`), running Nix (`nix`), and writing files (`transaction`).

mod fake;
mod literal;

pub use fake::{FakeError, apply, fake, fake_for};
pub use literal::{Kind, Literal, Literals, find};
