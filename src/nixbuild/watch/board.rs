//! What became of each build: kept in memory, written to the status files, and told.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::scan::Seen;
use super::{Key, Status, status_file};
use crate::nixbuild::status::Outcome;
use crate::nixbuild::wanted::Wanted;
use crate::source::Stamp;

/// Told whenever a build begins or ends.
#[derive(Debug)]
pub struct Report<'a> {
    /// The file, and the object in it.
    pub id: &'a str,
    pub image: Option<&'a str>,
    pub outcome: &'a Outcome,
}

/// Hears reports.
type Hear = Box<dyn Fn(&Report) + Send + Sync>;

/// All builds of a folder.
pub struct Board {
    node: String,
    status_dir: PathBuf,
    hear: Hear,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Entry>,
    /// Those that a worker has, or is to have.
    asked: HashSet<Key>,
    /// Nothing is written any more.
    is_over: bool,
}

struct Entry {
    wanted: Result<Wanted, String>,
    stamp: Option<Stamp>,
    outcome: Outcome,
    /// Whether no worker has taken it yet.
    is_waiting: bool,
}

impl Board {
    pub fn new(node: String, status_dir: PathBuf, hear: Hear) -> Board {
        Board {
            node,
            status_dir,
            hear,
            state: Mutex::default(),
        }
    }

    /// What this machine is called.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Whether every build has succeeded.
    pub fn is_all_well(&self) -> bool {
        let state = self.state();
        let mut entries = state.entries.values();
        entries.all(|entry| matches!(entry.outcome, Outcome::Succeeded(_)))
    }

    /// Takes in what there is now. The builds that nobody was asked for yet.
    pub fn take_in(&self, found: BTreeMap<String, Seen>) -> Vec<Key> {
        let mut state = self.state();
        let gone: Vec<String> = state
            .entries
            .keys()
            .filter(|id| !found.contains_key(*id))
            .cloned()
            .collect();
        for id in gone {
            state.entries.remove(&id);
            // Nothing to be done about one that somebody else has removed.
            let _ = fs::remove_file(status_file(&self.status_dir, &id));
        }
        let mut keys = Vec::new();
        for (id, seen) in found {
            let is_known = state.entries.get(&id).is_some_and(|old| old.is_as(&seen));
            if is_known {
                continue;
            }
            let (outcome, is_waiting) = match &seen.wanted {
                Ok(_) => (Outcome::Building, true),
                Err(why) => (Outcome::Failed(why.clone()), false),
            };
            let entry = Entry {
                wanted: seen.wanted,
                stamp: seen.stamp,
                outcome,
                is_waiting,
            };
            self.tell(&state, &id, &entry);
            if let Some(key) = entry.key()
                && state.asked.insert(key.clone())
            {
                keys.push(key);
            }
            state.entries.insert(id, entry);
        }
        keys
    }

    /// Those who wait for the build `key`, and no longer do. When there is none, it can be asked for again.
    pub fn waiting(&self, key: &Key) -> Vec<(String, Wanted)> {
        let mut state = self.state();
        let mut waiting = Vec::new();
        for (id, entry) in &mut state.entries {
            if entry.is_waiting
                && entry.key().as_ref() == Some(key)
                && let Ok(wanted) = &entry.wanted
            {
                entry.is_waiting = false;
                waiting.push((id.clone(), wanted.clone()));
            }
        }
        if waiting.is_empty() {
            state.asked.remove(key);
        }
        waiting
    }

    /// Notes what became of a build, unless something else is wanted by now.
    pub fn finish(&self, id: &str, wanted: &Wanted, outcome: Outcome) {
        let mut state = self.state();
        let Some(mut entry) = state.entries.remove(id) else {
            return;
        };
        if entry.wanted.as_ref() == Ok(wanted) && !entry.is_waiting {
            entry.outcome = outcome;
            self.tell(&state, id, &entry);
        }
        state.entries.insert(id.to_owned(), entry);
    }

    /// Notes that what is being built will not be, and that nothing follows.
    pub fn interrupt(&self) {
        let mut state = self.state();
        let why = Outcome::Failed("interrupted before the build had ended".to_owned());
        for (id, entry) in &state.entries {
            if matches!(entry.outcome, Outcome::Building) {
                self.write(id, entry, &why);
            }
        }
        state.is_over = true;
    }

    fn tell(&self, state: &State, id: &str, entry: &Entry) {
        if state.is_over {
            return;
        }
        self.write(id, entry, &entry.outcome);
        let image = entry
            .wanted
            .as_ref()
            .ok()
            .map(|wanted| wanted.image_tag.as_str());
        (self.hear)(&Report {
            id,
            image,
            outcome: &entry.outcome,
        });
    }

    fn write(&self, id: &str, entry: &Entry, outcome: &Outcome) {
        let status = Status {
            wanted: entry.wanted.as_ref().ok(),
            outcome,
            node: &self.node,
            at: SystemTime::now(),
        };
        if let Err(error) = status.write(&status_file(&self.status_dir, id)) {
            let outcome = Outcome::Failed(error.to_string());
            (self.hear)(&Report {
                id,
                image: None,
                outcome: &outcome,
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is there is whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn key(&self) -> Option<Key> {
        let wanted = self.wanted.as_ref().ok()?;
        let (url, package, system) = wanted.key();
        Some((url.to_owned(), package.to_owned(), system.to_owned()))
    }

    /// Whether nothing is to be done about `seen`. What failed is tried again when its file is saved again.
    fn is_as(&self, seen: &Seen) -> bool {
        let is_failed = matches!(self.outcome, Outcome::Failed(_));
        self.wanted == seen.wanted && (!is_failed || self.stamp == seen.stamp)
    }
}
