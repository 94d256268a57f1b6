//! The derivations of a store, read when they are asked for, and the order among them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Derivation, DrvError};
use crate::nix::NixError;

/// Reads `.drv` files; each once, for they never change.
#[derive(Debug, Default)]
pub struct Derivations {
    root: Option<PathBuf>,
    read: Mutex<HashMap<String, Arc<Derivation>>>,
}

impl Derivations {
    /// Store paths are where they say they are.
    pub fn new() -> Derivations {
        Derivations::default()
    }

    /// The store of `--store ROOT` or `local?root=ROOT`: `/nix/store/x` lies at `ROOT/nix/store/x`.
    pub fn at(root: Option<PathBuf>) -> Derivations {
        Derivations {
            root,
            ..Derivations::default()
        }
    }

    /// Where the store path `path`, as Nix prints it, lies on the disk.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => Path::new(path).to_owned(),
        }
    }

    /// The derivation of the `.drv` file `path`, as Nix prints it.
    pub fn get(&self, path: &str) -> Result<Arc<Derivation>, NixError> {
        if let Some(known) = self.read().get(path) {
            return Ok(known.clone());
        }
        let file = self.on_disk(path);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(source) => return Err(DrvError::Read { path: file, source }.into()),
        };
        let drv = match Derivation::parse(&text) {
            Ok(drv) => Arc::new(drv),
            Err(source) => return Err(DrvError::Malformed { path: file, source }.into()),
        };
        self.read().insert(path.to_owned(), drv.clone());
        Ok(drv)
    }

    /// `roots` and all derivations that they depend on, inputs before their users, each once.
    pub fn closure(&self, roots: &[String]) -> Result<Vec<String>, NixError> {
        self.ordered(roots, |_, _| true)
    }

    /// The FODs that the derivation `path` depends on, directly or through derivations that are none.
    /// What these FODs themselves depend on is not among them.
    pub fn fod_inputs(&self, path: &str) -> Result<BTreeSet<String>, NixError> {
        let mut fods = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut pending = vec![self.get(path)?];
        while let Some(drv) = pending.pop() {
            for input in drv.input_drvs.keys() {
                if !seen.insert(input.clone()) {
                    continue;
                }
                let found = self.get(input)?;
                if found.fixed().is_some() {
                    fods.insert(input.clone());
                } else {
                    pending.push(found);
                }
            }
        }
        Ok(fods)
    }

    /// For each of `paths`, those derivations that `among` picks which it depends on, directly or through others
    /// that are not picked. One pass over the closure, so for many paths at once.
    pub fn nearest(
        &self,
        paths: &[String],
        among: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, NixError> {
        let order = self.closure(paths)?;
        let mut nearest: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for path in &order {
            let mut found = BTreeSet::new();
            for input in self.get(path)?.input_drvs.keys() {
                if among(input) {
                    found.insert(input.clone());
                } else if let Some(below) = nearest.get(input.as_str()) {
                    found.extend(below.iter().cloned());
                }
            }
            nearest.insert(path, found);
        }
        let of = |path: &String| nearest.get(path.as_str()).cloned().unwrap_or_default();
        Ok(paths.iter().map(|path| (path.clone(), of(path))).collect())
    }

    /// As [`Derivations::closure`], but the inputs of a derivation are left out where `descend` says no.
    pub fn ordered(
        &self,
        roots: &[String],
        descend: impl Fn(&str, &Derivation) -> bool,
    ) -> Result<Vec<String>, NixError> {
        let mut order = Vec::new();
        // False while a derivation's inputs are still being visited.
        let mut done: HashMap<String, bool> = HashMap::new();
        for root in roots {
            let mut pending = vec![Visit::Enter(root.clone())];
            while let Some(visit) = pending.pop() {
                let path = match visit {
                    Visit::Enter(path) => path,
                    Visit::Leave(path) => {
                        done.insert(path.clone(), true);
                        order.push(path);
                        continue;
                    }
                };
                match done.get(&path) {
                    Some(true) => continue,
                    Some(false) => return Err(DrvError::Cycle { path }.into()),
                    None => {}
                }
                let drv = self.get(&path)?;
                done.insert(path.clone(), false);
                let descends = descend(&path, &drv);
                pending.push(Visit::Leave(path));
                if descends {
                    let unseen = drv.input_drvs.keys().rev();
                    pending.extend(
                        unseen
                            .filter(|input| done.get(*input) != Some(&true))
                            .cloned()
                            .map(Visit::Enter),
                    );
                }
            }
        }
        Ok(order)
    }

    fn read(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Derivation>>> {
        // A map is whole whatever thread panicked while it held it.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Visit {
    Enter(String),
    /// All inputs have been visited.
    Leave(String),
}
