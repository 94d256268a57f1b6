//! The hashes of a bump, computed by the engine of `fod-rehash`: where `pin` and `fod`, which do not know of each other,
//! meet.
//!
//! What the engine is asked (`engine`), what its rows say to a bump (`answer`), the entries that a lock file asks for
//! (`entries`), and what cotter.lock is to record of it all (`record`). Not here: which revision is taken (`pin`) and how
//! a hash is found (`fod`).

mod answer;
mod engine;
mod entries;
mod record;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Config;
use crate::fod::lock::{Entry, Lock};
use crate::fod::run::{Building, Watch};
use crate::git::Git;
use crate::net::Downloads;
use crate::pin::bump::{Ask, Computed, Failed, HashSpot, Hashes, OutputHashes};
use crate::source::{RelPath, Workspace};

/// What stands in new entries of `outputHashes` until their hash is known. It never reaches the user's files.
const PLACEHOLDER: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Computes the hashes of a bump with the engine of `fod-rehash`.
pub struct BumpHashes<'a> {
    pub config: &'a Config,
    /// The folder of the workspace that the user is in.
    pub folder: RelPath,
    /// Where work copies are made.
    pub cache_dir: PathBuf,
    pub git: &'a Git,
    pub downloads: Downloads,
    /// `None`: what needs a build is not computed.
    pub building: Option<Building>,
    /// What cotter.lock records.
    pub lock: &'a Lock,
    pub watch: RefCell<&'a mut dyn Watch>,
    pub known: RefCell<Known>,
}

/// What came of it so far.
#[derive(Default)]
pub struct Known {
    /// What was computed for which recipe, so that it need not be built a second time.
    computed: Option<Lock>,
    /// What the last call of [`Hashes::compute`] came to: what lands.
    landed: BTreeMap<(RelPath, String), Entry>,
}

impl Hashes for BumpHashes<'_> {
    fn compute(&self, ask: &Ask) -> Vec<Result<Computed, Failed>> {
        self.known.borrow_mut().landed.clear();
        if ask.wanted.is_empty() {
            return Vec::new();
        }
        match self.rehashed(ask) {
            Ok(rehashed) => {
                let answer = |spot: &HashSpot| self.answer(ask, &rehashed, spot);
                let answers = ask.wanted.iter().map(answer).collect();
                self.known.borrow_mut().computed = Some(rehashed.rehash.lock);
                answers
            }
            Err(failed) => vec![Err(failed); ask.wanted.len()],
        }
    }

    fn output_hashes(
        &self,
        before: &Workspace,
        workspace: &Workspace,
        nix: &RelPath,
        lock: &RelPath,
    ) -> Result<OutputHashes, String> {
        entries::output_hashes(self.config, before, workspace, nix, lock)
    }
}
