//! What a bump asks of whoever computes hashes that git's objects do not prove. The answer is given from outside:
//! downloads and builds are not a pin's business.

use std::path::Path;

use crate::edit::Edit;
use crate::pin::Found;
use crate::source::{RelPath, Workspace};

/// Computes hashes.
pub trait Hashes {
    /// The hash of each of `ask.wanted`, in this order. Of those of one call each sees the others': a hash of what is
    /// built from a source is that of the new source.
    ///
    /// The last call of a bump is about the hashes that land.
    fn compute(&self, ask: &Ask) -> Vec<Result<Computed, Failed>>;

    /// What becomes of the `outputHashes` in `nix`, of which `lock` is to be what it is in `workspace`.
    fn output_hashes(
        &self,
        before: &Workspace,
        workspace: &Workspace,
        nix: &RelPath,
        lock: &RelPath,
    ) -> Result<OutputHashes, String>;
}

/// What is to be computed.
pub struct Ask<'a> {
    /// The files as they are.
    pub before: &'a Workspace,
    /// The files as they will be, but for the hashes.
    pub after: &'a Workspace,
    /// The pins of `after`.
    pub found: &'a Found,
    /// `--clone`.
    pub clone: Option<&'a Path>,
    pub wanted: &'a [Spot],
}

/// Where a hash stands, or a placeholder for it: in bytes, at a string's first character or an expression's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub file: RelPath,
    /// In the file as it is; `None` for one that is not there yet.
    pub before: Option<usize>,
    /// In the file as it will be.
    pub after: usize,
}

/// A hash that was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// As it is written in this place.
    pub text: String,
    /// What writes it into the file as it is, be it what stands there already; `None` where there is no place for it
    /// yet.
    pub edit: Option<Edit>,
    /// What stands there: in the file as it is, or else as it will be.
    pub old: String,
}

/// Why a hash is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// `None` when nothing was tried, as it was wished.
    pub reason: Option<String>,
    /// The last lines of the log of a build that failed.
    pub log: Vec<String>,
    pub hint: Option<String>,
}

/// Entries that come and go, and those of another commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputHashes {
    /// Of the Nix file as it is. New entries hold a placeholder.
    pub edits: Vec<Edit>,
    /// What stands for a hash in `edits`.
    pub placeholder: String,
    /// Where the hashes of the entries stand that stay and are of another commit now.
    pub moved: Vec<usize>,
}
