//! Which derivations carry which literal: the FODs whose hash is the literal's fake, or its settled hash.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::subject::{State, Subject};
use crate::hash::Hash;
use crate::nix::drv::{Derivation, Derivations};
use crate::nix::{NixError, drv};

/// What an evaluation shows of the literals.
#[derive(Default)]
pub struct Carriers {
    /// `.drv` files of the whole closure, inputs before their users.
    pub closure: Vec<String>,
    /// The literal of each FOD that has one. Of settled literals with equal hashes it is any: they count the same.
    pub literal_of: HashMap<String, usize>,
    /// The FODs of each literal.
    pub by_literal: BTreeMap<usize, BTreeSet<String>>,
    /// The hashes of all FODs.
    hashes: HashSet<Hash>,
}

impl Carriers {
    /// Looks for the hashes that `subjects` have in the derivations that `roots` need.
    pub fn find(
        derivations: &Derivations,
        roots: &[String],
        subjects: &[Subject],
    ) -> Result<Carriers, NixError> {
        let mut by_hash: HashMap<&Hash, usize> = subjects
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(at, subject)| match &subject.state {
                State::Open => Some((&subject.fake, at)),
                State::Settled { hash, .. } => Some((hash, at)),
                _ => None,
            })
            .collect();
        // What was not asked for is a literal all the same: recipes do not depend on what was.
        for (at, subject) in subjects.iter().enumerate() {
            if let (State::Left, Some(hash)) = (&subject.state, subject.literal.hash()) {
                by_hash.entry(hash).or_insert(at);
            }
        }
        let mut found = Carriers {
            closure: derivations.closure(roots)?,
            ..Carriers::default()
        };
        for path in &found.closure {
            let Some(hash) = derivations
                .get(path)?
                .fixed()
                .map(|fixed| fixed.hash.clone())
            else {
                continue;
            };
            if let Some(at) = by_hash.get(&hash) {
                found.literal_of.insert(path.clone(), *at);
                found
                    .by_literal
                    .entry(*at)
                    .or_default()
                    .insert(path.clone());
            }
            found.hashes.insert(hash);
        }
        Ok(found)
    }

    pub fn of(&self, at: usize) -> impl Iterator<Item = &String> {
        self.by_literal.get(&at).into_iter().flatten()
    }

    pub fn has(&self, at: usize) -> bool {
        self.by_literal.contains_key(&at)
    }

    /// Whether some FOD has this hash.
    pub fn is_known(&self, hash: &Hash) -> bool {
        self.hashes.contains(hash)
    }

    /// The names of the literal's FODs: what stays when their hash changes.
    pub fn names(&self, at: usize) -> BTreeSet<&str> {
        self.of(at).filter_map(|path| drv::name_of(path)).collect()
    }

    /// Which derivations have which of `texts` (by index) in their environment or arguments.
    pub fn mentions(
        &self,
        derivations: &Derivations,
        texts: &[String],
    ) -> Result<HashMap<String, BTreeSet<usize>>, NixError> {
        let mut found = HashMap::new();
        // A DFA of so many long texts takes longer to make than to use.
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(texts);
        let Ok(search) = search else {
            return Ok(found);
        };
        for path in self.closure.iter().filter(|_| !texts.is_empty()) {
            let drv = derivations.get(path)?;
            let hits = texts_of(&drv).flat_map(|text| search.find_iter(text));
            let hits: BTreeSet<usize> = hits.map(|hit| hit.pattern().as_usize()).collect();
            if !hits.is_empty() {
                found.insert(path.clone(), hits);
            }
        }
        Ok(found)
    }

    /// The FODs with this hash.
    pub fn with_hash(
        &self,
        derivations: &Derivations,
        hash: &Hash,
    ) -> Result<BTreeSet<String>, NixError> {
        let mut found = BTreeSet::new();
        for path in &self.closure {
            if derivations
                .get(path)?
                .fixed()
                .is_some_and(|fixed| fixed.hash == *hash)
            {
                found.insert(path.clone());
            }
        }
        Ok(found)
    }
}

fn texts_of(drv: &Derivation) -> impl Iterator<Item = &[u8]> {
    let env = drv.env.values().map(AsRef::as_ref);
    env.chain(drv.args.iter().map(AsRef::as_ref))
}
