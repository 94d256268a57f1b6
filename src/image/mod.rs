//! Images: what they are and how they are found. The functions that build them, with their arguments; the keys of an
//! image's config; the calls in Nix files; and what an image is to be, from a folder or a Dockerfile. Images as they are
//! stored ([`archive`]).
//!
//! Not here: the manifests that deploy images (`manifest`, `deploy`).

pub mod archive;
mod builder;
pub mod choose;
mod config;
mod contents;
pub mod emit;
pub mod explain;
mod found;
pub mod migrate;
pub mod names;
pub mod registry;
pub mod spec;
mod system;
#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use config::{KEYS, Key, Port, Wanted, port};
pub use contents::{Contents, Package};
pub use found::{Environment, ImageCall, WORDS, images};
pub use system::{System, is_oci_architecture, oci_architecture};
