//! Derivations as their `.drv` files say them, and the graph that they make up.
//!
//! Read from the files themselves: their format is the same for every Nix, which the JSON of
//! `nix derivation show` is not. Not here: making derivations, and what a recipe is (`fod`).

mod aterm;
mod derivations;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bstr::BString;

pub use aterm::AtermError;
pub use derivations::Derivations;

use crate::hash::Hash;

/// One `.drv` file. Texts that a user may fill are bytes: Nix does not ask for UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    pub outputs: Vec<DrvOutput>,
    /// The `.drv` paths of the inputs, and which of their outputs are used.
    pub input_drvs: BTreeMap<String, Vec<String>>,
    /// Store paths that no derivation of this graph makes.
    pub input_srcs: Vec<String>,
    pub system: BString,
    pub builder: BString,
    pub args: Vec<BString>,
    pub env: BTreeMap<BString, BString>,
}

impl Derivation {
    /// Reads the text of a `.drv` file.
    pub fn parse(text: &[u8]) -> Result<Derivation, AtermError> {
        aterm::parse(text)
    }

    /// What fixes the output, when this is a fixed-output derivation (FOD): it has one output, `out`.
    pub fn fixed(&self) -> Option<&FixedOutput> {
        match self.outputs.as_slice() {
            [output] => output.fixed.as_ref(),
            _ => None,
        }
    }
}

/// An output of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrvOutput {
    pub name: String,
    /// The store path; empty where it is known only after a build.
    pub path: String,
    /// As written: `r:sha256`, `sha256`, `text:sha256`, or empty for an input-addressed output.
    pub hash_algo: String,
    /// As written: base 16, or empty where no hash is fixed.
    pub hash: String,
    /// `None` too for a hash algorithm that cotter does not know.
    pub fixed: Option<FixedOutput>,
}

/// The hash that an output must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedOutput {
    pub method: Method,
    pub hash: Hash,
}

/// What the hash of an output is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The bytes of a single file.
    Flat,
    /// The NAR of a file tree.
    Recursive,
    /// The bytes of a file that may refer to other store paths.
    Text,
    /// The git object of a file tree.
    Git,
}

/// Why a derivation could not be read from the store.
#[derive(Debug, thiserror::Error)]
pub enum DrvError {
    #[error("{}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: not a derivation that cotter can read: {source}", path.display())]
    Malformed { path: PathBuf, source: AtermError },
    #[error("{path}: the derivation depends on itself")]
    Cycle { path: String },
}

impl DrvError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            DrvError::Read { .. } => Some("was it removed from the store during the run?"),
            DrvError::Malformed {
                source: AtermError::Dynamic,
                ..
            } => Some("hashes of dynamic derivations cannot be kept by cotter"),
            DrvError::Malformed { .. } | DrvError::Cycle { .. } => {
                Some("`nix-store --verify --check-contents --repair` mends a damaged store")
            }
        }
    }
}

/// The length of the hash part that a store path's last component begins with.
const HASH_PART: usize = 32;

/// The folder, hash part and name of a store path: `/nix/store`, 32 characters, `NAME`. `None` when it is none.
pub fn store_path_parts(path: &str) -> Option<(&str, &str, &str)> {
    let (dir, base) = path.rsplit_once('/')?;
    let (hash, name) = base.split_at_checked(HASH_PART)?;
    let name = name.strip_prefix('-')?;
    (!name.is_empty()).then_some((dir, hash, name))
}

/// The name of a derivation: `NAME` of `/nix/store/<hash>-NAME.drv`. `None` when `path` is no such path.
pub fn name_of(path: &str) -> Option<&str> {
    let (_, _, name) = store_path_parts(path)?;
    name.strip_suffix(".drv").filter(|name| !name.is_empty())
}
