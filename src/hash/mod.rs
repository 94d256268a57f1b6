//! Hashes as Nix spells them, and the NAR serialisation that they are taken over.
//!
//! Not here: where a hash stands in a source file (`syntax`, `fod`) and what it should be (`git`, `nix`).

mod algo;
pub mod nar;
mod nix32;
mod spelling;
mod text;

pub use algo::{Algo, Hasher};
pub use nar::{NarError, NarWriter};
pub use spelling::Spelling;
pub use text::{Hash, HashError, HashText};
