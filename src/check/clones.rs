//! The repositories that pins are of: local clones, mirrors, what was fetched before and, where that is asked for, remotes.
//!
//! Without `--remote` nothing is fetched and no program is started.

use std::sync::{Arc, Mutex};

use super::ContainerView;
use crate::git::{Git, GitError, Location, Need, Oid, Refs, Repo};
use crate::pin::location::Places;
use crate::pin::{Moves, Pin, Role};

pub struct Clones<'a> {
    git: &'a Git,
    /// Whether remotes are asked; else `git` is offline.
    remote: bool,
    failures: Mutex<Vec<GitError>>,
}

/// A repository that knows a pin's revisions.
pub struct PinnedRepo {
    pub location: Location,
    pub repo: Arc<Repo>,
    pub refs: Arc<Refs>,
    /// Whether a commit that it lacks is gone: it is the remote itself or a mirror of it, or was just fetched. A work
    /// clone, and what was fetched before, may be behind.
    pub is_whole: bool,
}

impl<'a> Clones<'a> {
    pub fn new(git: &'a Git, remote: bool) -> Clones<'a> {
        Clones {
            git,
            remote,
            failures: Mutex::default(),
        }
    }

    /// Where each of `pins` of the container is looked up, in their order. `None` where nothing is there to ask: a
    /// clone that `cotter.toml` names need not be on every machine that checks.
    pub fn of(&self, view: &ContainerView, pins: &[&Pin]) -> Vec<Option<Arc<PinnedRepo>>> {
        let all: Vec<Pin> = view.pins.iter().map(|pin| (*pin).clone()).collect();
        let places = Places {
            workspace: view.subject.workspace,
            containers: view.subject.containers,
            pins: &all,
            clone: None,
        };
        let mut known: Vec<(Location, Option<Arc<PinnedRepo>>)> = Vec::new();
        pins.iter()
            .map(|pin| {
                let location = places.of(pin)?;
                if let Some((_, repo)) = known.iter().find(|(place, _)| *place == location) {
                    return repo.clone();
                }
                let repo = self.open(&location).map(Arc::new);
                known.push((location, repo.clone()));
                repo
            })
            .collect()
    }

    fn open(&self, location: &Location) -> Option<PinnedRepo> {
        let opened = self
            .git
            .repo(location, &Need::History)
            .and_then(|repo| Ok((repo, self.git.refs(location)?)));
        match opened {
            Ok((repo, refs)) => Some(PinnedRepo {
                location: location.clone(),
                is_whole: match location {
                    Location::Clone(_) => repo.is_bare(),
                    Location::Remote(_) => self.remote || self.git.is_here(location),
                },
                repo,
                refs,
            }),
            Err(error) => {
                if self.remote
                    && matches!(location, Location::Remote(_))
                    && let Ok(mut failures) = self.failures.lock()
                {
                    failures.push(error);
                }
                None
            }
        }
    }

    /// The remotes that were asked and did not answer.
    pub fn failures(&self) -> Vec<GitError> {
        self.failures
            .lock()
            .map(|failures| failures.clone())
            .unwrap_or_default()
    }
}

/// Whether the commit that `pin` names can be looked up: it is written in full, and is not a flake input's, whose
/// repository may be as large as nixpkgs and whose tree the lock file's hash holds.
pub fn commit_of(pin: &Pin) -> Option<Oid> {
    if pin.moves != Moves::Rev || matches!(pin.role, Role::FlakeInput(_)) {
        return None;
    }
    pin.rev.as_deref()?.parse().ok()
}
