//! The repositories that pins are of: local clones, mirrors, what was fetched before and, where that is asked for, remotes.
//!
//! Without `--remote` nothing is fetched and no program is started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::{ContainerView, Subject};
use crate::git::{Git, GitError, Location, Need, Oid, Refs, Repo};
use crate::pin::held::{self, Held};
use crate::pin::location::Places;
use crate::pin::{Moves, Pin, Role};

pub struct Clones<'a> {
    git: &'a Git,
    /// Whether remotes are asked; else `git` is offline.
    remote: bool,
    /// By remote.
    failures: Mutex<BTreeMap<Location, GitError>>,
    held: Mutex<BTreeMap<(Location, String, Oid), Option<Held>>>,
}

/// A repository that knows a pin's revisions.
pub struct PinnedRepo {
    pub location: Location,
    pub repo: Arc<Repo>,
    pub refs: Arc<Refs>,
    /// Whether a commit that it lacks is gone: it is the remote itself or a mirror of it, or was just fetched. A work
    /// clone, and what was fetched before, may be behind.
    pub is_whole: bool,
    /// Whether it is what was fetched before from a remote that is not asked now. What it knows of a commit's past is
    /// so; what holds the commit may have changed since: `pin protect` may have made a branch for it.
    pub is_old: bool,
}

impl<'a> Clones<'a> {
    pub fn new(git: &'a Git, remote: bool) -> Clones<'a> {
        Clones {
            git,
            remote,
            failures: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Asks the remotes of `pins` at the same time, where remotes are asked. What they say is remembered.
    pub fn ask_all(&self, subject: &Subject, pins: &[Pin]) {
        if !self.remote {
            return;
        }
        let places = places(subject, pins);
        let asked = pins.iter().filter(|pin| commit_of(pin).is_some());
        let all: BTreeSet<Location> = asked.filter_map(|pin| places.remote_of(pin)).collect();
        self.git.refs_of_all(&Vec::from_iter(all));
    }

    /// Where each of `pins` of the container is looked up, in their order: where remotes are asked the remote, else the
    /// clone that `cotter.toml` names. `None` where nothing is there to ask: the clone need not be on every machine
    /// that checks.
    pub fn of(&self, view: &ContainerView, pins: &[&Pin]) -> Vec<Option<Arc<PinnedRepo>>> {
        let all: Vec<Pin> = view.pins.iter().map(|pin| (*pin).clone()).collect();
        let places = places(view.subject, &all);
        let mut known: BTreeMap<Location, Option<Arc<PinnedRepo>>> = BTreeMap::new();
        pins.iter()
            .map(|pin| {
                commit_of(pin)?;
                let location = self.location(&places, pin)?;
                let repo = known
                    .entry(location)
                    .or_insert_with_key(|location| self.open(location).map(Arc::new));
                repo.clone()
            })
            .collect()
    }

    fn location(&self, places: &Places, pin: &Pin) -> Option<Location> {
        let remote = || places.remote_of(pin);
        match (self.remote.then(remote).flatten(), places.of(pin)?) {
            (Some(remote), _) => Some(remote),
            (None, Location::Clone(path)) if !path.exists() => remote(),
            (None, place) => Some(place),
        }
    }

    fn open(&self, location: &Location) -> Option<PinnedRepo> {
        // Before the history, which is fetched anew only where the refs are not what they were.
        let refs = self.git.refs(location);
        let opened = refs.and_then(|refs| Ok((refs, self.git.repo(location, &Need::History)?)));
        match opened {
            Ok((refs, repo)) => {
                let is_here = || self.git.is_here(location);
                let is_remote = matches!(location, Location::Remote(_));
                let is_old = is_remote && !self.remote && !is_here();
                Some(PinnedRepo {
                    location: location.clone(),
                    is_whole: !is_old && (is_remote || repo.is_bare()),
                    is_old,
                    repo,
                    refs,
                })
            }
            Err(error) => {
                if self.remote && matches!(location, Location::Remote(_)) {
                    let mut failures = locked(&self.failures);
                    failures.insert(location.clone(), error);
                }
                None
            }
        }
    }

    /// What holds `commit`, a pin's of the container; `None` where that cannot be told.
    pub fn held(&self, view: &ContainerView, known: &PinnedRepo, commit: Oid) -> Option<Held> {
        if known.is_old || !known.repo.has_commit(commit) {
            return None;
        }
        let key = (known.location.clone(), view.name.to_owned(), commit);
        if let Some(answer) = locked(&self.held).get(&key) {
            return answer.clone();
        }
        let answer = held::held(&known.repo, &known.refs, commit, view.config).ok();
        locked(&self.held).insert(key, answer.clone());
        answer
    }

    /// The remotes that were asked and did not answer.
    pub fn failures(&self) -> Vec<GitError> {
        locked(&self.failures).values().cloned().collect()
    }
}

fn places<'p>(subject: &'p Subject, pins: &'p [Pin]) -> Places<'p> {
    Places {
        workspace: subject.workspace,
        containers: subject.containers,
        pins,
        clone: None,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the commit that `pin` names can be looked up: it is written in full, and is not a flake input's, whose
/// repository may be as large as nixpkgs and whose tree the lock file's hash holds.
pub fn commit_of(pin: &Pin) -> Option<Oid> {
    if pin.moves != Moves::Rev || matches!(pin.role, Role::FlakeInput(_)) {
        return None;
    }
    pin.rev.as_deref()?.parse().ok()
}
