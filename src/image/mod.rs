//! Images: what they are and how they are found. The functions that build them, with their arguments; the keys of an
//! image's config; and the calls in Nix files. Images as they are stored ([`archive`]).
//!
//! Not here: the manifests that deploy images (`manifest`, `deploy`).

pub mod archive;
mod builder;
mod config;
mod contents;
pub mod explain;
mod found;
pub mod registry;
mod system;
#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use config::{KEYS, Key, Port, Wanted, port};
pub use contents::{Contents, Package};
pub use found::{Environment, ImageCall, WORDS, images};
pub use system::{System, is_oci_architecture, oci_architecture};
