//! Nix, asked: which version it is, what it writes into a `flake.lock`, which derivations there are and what their
//! `.drv` files say, what becomes of their builds.
//!
//! Thin functions run it, through one [`Runner`](crate::process::Runner); pure ones read what it wrote. Imports
//! `process`, which spawns, and `hash`. Not here: Nix source text (`syntax`) and which input is to move (`pin`).

mod builds;
mod command;
pub mod drv;
mod events;
mod failure;
mod flake_copy;
mod flake_lock;
mod flake_pin;
mod flake_update;
mod instantiate;
mod leftover;
mod mismatch;
mod realise;
#[cfg(test)]
mod recorded_tests;
mod registered;
mod repository;
mod settings;
mod store;
mod version;

pub use builds::{DrvFailure, Progress, Step};
pub use command::Nix;
pub use events::{Event, Message, Position};
pub use failure::FailureKind;
pub use flake_lock::{FlakeLock, InputLink, LockError, Node, Source};
pub use flake_update::{FlakeUpdate, InputMove};
pub use instantiate::{EvalFailure, FileTarget, Instantiate, Instantiated, Target, attr_names};
pub use mismatch::Mismatch;
pub use realise::{Realise, Realised};
pub use registered::Registered;
pub use version::{Flavour, Version};

use crate::process::ProcessError;

/// What went wrong with Nix. Commands and texts are without credentials.
#[derive(Debug, thiserror::Error)]
pub enum NixError {
    #[error("`nix` is not installed, or not on PATH")]
    NotInstalled,
    #[error(transparent)]
    Process(ProcessError),
    #[error("`{command}` printed what cotter cannot read: {output}")]
    Unparsable { command: String, output: String },
    #[error(transparent)]
    Drv(#[from] drv::DrvError),
    #[error("flake.lock: {0}")]
    Lock(#[from] LockError),
    /// A flake.lock that Nix has just written.
    #[error("the flake.lock that Nix wrote cannot be read: {0}")]
    Written(LockError),
    /// An older Nix writes no lock file then.
    #[error("the flake has no inputs to lock")]
    NoInputs,
    #[error("the flake has no input `{0}`")]
    NoSuchInput(String),
    #[error("`{flake_ref}` holds a credential, which would show in the list of processes")]
    Credential { flake_ref: String },
    #[error("input `{input}` was to be locked by `{flake_ref}`, but Nix locked it {found}")]
    NotPinned {
        input: String,
        flake_ref: String,
        found: String,
    },
    #[error("Nix does not take the computed flake.lock as it is: {0}")]
    NotAccepted(ProcessError),
    /// What Nix said of derivations that are to be built.
    #[error("Nix cannot read the derivations that are to be built: {0}")]
    NotInStore(String),
    /// The folder that keeps derivations from being collected as garbage.
    #[error("cannot keep derivations by links in {path}: {source}")]
    Roots {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("cannot make the copy of the flake that Nix works on: {path}: {source}")]
    Copy {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
}

impl NixError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            NixError::NotInstalled => Some(
                "install it from https://nixos.org/download, or the package `nix-bin` of Debian and Ubuntu",
            ),
            NixError::Process(ProcessError::TimedOut { .. }) => {
                Some("is a remote of an input out of reach? a longer timeout may help as well")
            }
            NixError::Drv(error) => error.hint(),
            NixError::Lock(_) => {
                Some("`nix flake lock` writes a new flake.lock when the old one is gone")
            }
            NixError::Credential { .. } => Some(
                "take it out of the URL: git has credential helpers, and Nix reads ~/.netrc and `access-tokens`",
            ),
            NixError::NotPinned { .. } => {
                Some("a reference that pins must hold the full revision that is to be locked")
            }
            _ => None,
        }
    }
}

impl From<ProcessError> for NixError {
    fn from(error: ProcessError) -> NixError {
        match error {
            ProcessError::NotInstalled { .. } => NixError::NotInstalled,
            error => NixError::Process(error),
        }
    }
}
