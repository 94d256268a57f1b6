//! The commits of a `Cargo.lock`, and which keys of `outputHashes` stand for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fetched::{Fetched, Origin, algo_of_fake};
use crate::git::{FetchMethod, Location};
use crate::hash::{Algo, HashError, HashText};
use crate::manifest::cargo_lock::{CargoLock, GitSource};
use crate::source::RelPath;
use crate::spot::Spot;
use crate::syntax::{Attrs, Library};

/// Where the hash of an entry stands, whether it is taken by a name, and its algorithm: a literal or a placeholder of
/// nixpkgs'.
fn place(
    library: &Library,
    set: &Attrs,
    name: &str,
) -> Option<(RelPath, usize, bool, Option<Algo>)> {
    let Some(text) = set.get(library, name).text() else {
        let (file, offset, last) = set.name_behind(library, name)?;
        return Some((file, offset, true, Some(algo_of_fake(&last)?)));
    };
    let spot = Spot::literal(&text)?;
    let algo = match HashText::parse(&spot.value, Some(Algo::Sha256)) {
        Ok(text) => Some(text.hash.algo()),
        Err(HashError::Empty) => None,
        Err(_) => return None,
    };
    Some((spot.file.clone(), spot.offset(), spot.via().is_some(), algo))
}

/// What the entries are the hashes of, those that are literals or placeholders.
pub fn entries(
    library: &Library,
    set: &Attrs,
    names: &[String],
    commits: &Commits,
) -> Vec<Fetched> {
    names
        .iter()
        .filter_map(|name| {
            let source = commits.by_key.get(name)?;
            let (file, offset, by_name, algo) = place(library, set, name)?;
            Some(Fetched {
                file,
                offset,
                by_name,
                algo,
                what: Origin::Git {
                    url: source.url.clone(),
                    at: Location::Remote(source.url.clone()),
                    rev: source.rev.clone(),
                    method: FetchMethod::Checkout,
                    submodules: true,
                },
                obstacle: None,
            })
        })
        .collect()
}

/// The commits of a lock file, as `importCargoLock` sees them.
pub struct Commits {
    /// Which commit a key stands for.
    by_key: BTreeMap<String, Arc<GitSource>>,
    /// All keys with their commits, in the order of the file.
    all: Vec<(String, Arc<GitSource>)>,
}

impl Commits {
    pub fn of(lock: &CargoLock) -> Commits {
        let all: Vec<(String, Arc<GitSource>)> = lock
            .packages
            .iter()
            .filter_map(|package| {
                let key = format!("{}-{}", package.name, package.version);
                Some((key, Arc::new(package.git()?)))
            })
            .collect();
        let mut by_key = BTreeMap::new();
        for (key, source) in &all {
            by_key.entry(key.clone()).or_insert_with(|| source.clone());
        }
        Commits { by_key, all }
    }

    /// Whether some crate from git is called so.
    pub fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// A key for each commit that none of `names` stands for, and a key that would have to stand for two commits.
    pub fn missing(&self, names: &[String]) -> (Vec<String>, Option<String>) {
        let mut known: BTreeSet<&str> = names
            .iter()
            .filter_map(|name| Some(self.by_key.get(name)?.rev.as_str()))
            .collect();
        let mut missing = Vec::new();
        for (key, source) in &self.all {
            let stands_for_it = self.by_key.get(key).is_some_and(|of| of.rev == source.rev);
            if stands_for_it && known.insert(&source.rev) {
                missing.push(key.clone());
            }
        }
        let ambiguous = self
            .all
            .iter()
            .find(|(_, source)| !known.contains(source.rev.as_str()))
            .map(|(key, _)| key.clone());
        (missing, ambiguous)
    }
}
