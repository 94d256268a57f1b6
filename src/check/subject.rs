//! What a run looks at, and whom it may ask.

use std::collections::BTreeSet;

use super::{Before, Clones};
use crate::config::Config;
use crate::fod::Literal;
use crate::fod::lock::Lock;
use crate::fod::run::Comparison;
use crate::naming::Containers;
use crate::source::{RelPath, Workspace};

/// The workspace as it is checked: as it is staged, or as it lies on the disk.
pub struct Subject<'a> {
    pub workspace: &'a Workspace,
    pub config: &'a Config,
    pub containers: &'a Containers<'a>,
    /// All files, sorted: what git tracks or does not ignore; of staged content, what is staged.
    pub files: &'a [RelPath],
    /// What git tracks, sorted: what a flake sees. `None` outside of a git work tree.
    pub tracked: Option<&'a [RelPath]>,
    pub lock: &'a Lock,
    /// The commit that the content is compared with; `None` where there is none.
    pub before: Option<&'a Before<'a>>,
    /// Where pinned commits are looked up; `None` where nothing is to be.
    pub clones: Option<&'a Clones<'a>>,
    /// How the recipes of recorded hashes stand now; `None` where Nix was not asked.
    pub recipes: Option<&'a [(Literal, Comparison)]>,
}

/// Which findings are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Those that are about one of these files.
    Files(BTreeSet<RelPath>),
}

impl Scope {
    pub fn has(&self, file: &RelPath) -> bool {
        match self {
            Scope::All => true,
            Scope::Files(files) => files.contains(file),
        }
    }
}

impl Subject<'_> {
    /// Whether there is such a file.
    pub fn has_file(&self, path: &RelPath) -> bool {
        self.files.binary_search(path).is_ok()
    }

    /// The files at or below `folder`.
    pub fn files_in(&self, folder: &RelPath) -> impl Iterator<Item = &RelPath> {
        let first = self.files.partition_point(|file| file < folder);
        // Between a folder and what is in it may stand its siblings: `a`, `a-b`, `a/c`.
        self.files[first..]
            .iter()
            .take_while(|file| file.as_str().starts_with(folder.as_str()))
            .filter(|file| file.is_within(folder))
    }
}
