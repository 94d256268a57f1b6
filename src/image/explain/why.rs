//! Why a store path is in an image: the shortest way to it from what the image's user sees, by references.
//!
//! References are what stands in the files of the image, as Nix finds them, or what Nix knows of its store. What
//! registers every store path, as a Nix database in the image does, is no reason.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use super::{StoreFacts, absolute};
use crate::image::archive::{
    Execution, FileKind, HashPart, Image, References, hash_part, store_path_len,
};

/// Nix's own state, where it is in the image.
const NIX_STATE: &[u8] = b"nix/var/nix/";

/// Why a store path is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    pub root: Root,
    /// Store paths, from the one that the root leads to, to the one that is explained.
    pub chain: Vec<String>,
}

/// What the image's user sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "kebab-case")]
pub enum Root {
    /// A field of the config, with the path in it where that is a link of the image.
    Config(String),
    /// A link outside of the store.
    Link(String),
    /// A file outside of the store.
    File(String),
    /// What nix2container copies to the root of the image.
    CopiedToRoot(String),
}

/// The store paths of an image, by number.
struct Graph {
    paths: Vec<String>,
    by_path: BTreeMap<String, usize>,
    by_hash: BTreeMap<HashPart, usize>,
    references: Vec<BTreeSet<usize>>,
}

/// Why the store paths of `image` are there, as far as that can be seen.
pub fn reasons(image: &Image, facts: &StoreFacts) -> BTreeMap<String, Why> {
    let mut graph = Graph::of(image);
    graph.read_contents(image);
    graph.ask(facts);
    let mut from: Vec<Option<usize>> = vec![None; graph.paths.len()];
    let mut roots: BTreeMap<usize, Root> = BTreeMap::new();
    let mut queue = VecDeque::new();
    for (root, target) in graph.roots(image, facts) {
        roots.entry(target).or_insert_with(|| {
            queue.push_back(target);
            root
        });
    }
    while let Some(at) = queue.pop_front() {
        for to in graph.references.get(at).into_iter().flatten() {
            if let Some(slot) = from.get_mut(*to)
                && slot.is_none()
                && !roots.contains_key(to)
            {
                *slot = Some(at);
                queue.push_back(*to);
            }
        }
    }
    let mut reasons = BTreeMap::new();
    for (number, path) in graph.paths.iter().enumerate() {
        let mut chain = vec![number];
        let mut first = number;
        while let Some(before) = from.get(first).copied().flatten() {
            chain.push(before);
            first = before;
        }
        let Some(root) = roots.get(&first) else {
            continue;
        };
        let chain = chain.into_iter().rev();
        let chain = chain.filter_map(|number| graph.paths.get(number).cloned());
        let why = Why {
            root: root.clone(),
            chain: chain.collect(),
        };
        reasons.insert(path.clone(), why);
    }
    reasons
}

impl Graph {
    fn of(image: &Image) -> Graph {
        let paths: Vec<String> = super::store_paths::names(image).into_iter().collect();
        let by_path = paths
            .iter()
            .enumerate()
            .map(|(at, path)| (path.clone(), at));
        let by_hash = paths.iter().enumerate().filter_map(|(at, path)| {
            let base = path.rsplit('/').next()?;
            Some((hash_part(base.as_bytes())?, at))
        });
        Graph {
            by_path: by_path.collect(),
            by_hash: by_hash.collect(),
            references: vec![BTreeSet::new(); paths.len()],
            paths,
        }
    }

    /// What stands in the files of store paths.
    fn read_contents(&mut self, image: &Image) {
        for contents in image.layers.iter().flat_map(|layer| &layer.contents) {
            for (referrer, hashes) in &contents.references {
                if store_path_len(referrer) == Some(referrer.len()) {
                    let targets = self.targets(hashes);
                    let slot = self.by_path.get(&absolute(referrer));
                    if let Some(slot) = slot.and_then(|at| self.references.get_mut(*at)) {
                        slot.extend(targets);
                    }
                }
            }
        }
    }

    /// What Nix knows.
    fn ask(&mut self, facts: &StoreFacts) {
        for (path, (_, references)) in &facts.paths {
            let targets = references.iter().filter_map(|path| self.by_path.get(path));
            let targets: Vec<usize> = targets.copied().collect();
            let slot = self.by_path.get(path);
            if let Some(slot) = slot.and_then(|at| self.references.get_mut(*at)) {
                slot.extend(targets);
            }
        }
    }

    fn targets(&self, hashes: &BTreeSet<HashPart>) -> Vec<usize> {
        let targets = hashes.iter().filter_map(|hash| self.by_hash.get(hash));
        targets.copied().collect()
    }

    /// What leads to a store path from outside: what is run first, then links, then other files.
    fn roots(&self, image: &Image, facts: &StoreFacts) -> Vec<(Root, usize)> {
        let mut links: BTreeMap<&[u8], BTreeSet<HashPart>> = BTreeMap::new();
        let mut files: BTreeMap<&[u8], &BTreeSet<HashPart>> = BTreeMap::new();
        for contents in image.layers.iter().flat_map(|layer| &layer.contents) {
            for file in &contents.files {
                if let FileKind::Symlink(to) = &file.kind
                    && store_path_len(&file.path).is_none()
                {
                    links.insert(&file.path, hashes_in(to));
                }
            }
            let outside = contents.references.iter();
            let outside = outside.filter(|(referrer, _)| store_path_len(referrer).is_none());
            files.extend(outside.map(|(referrer, hashes)| (&**referrer, hashes)));
        }
        let mut roots = Vec::new();
        for (field, texts) in config_texts(&image.config.config) {
            for text in texts {
                for target in self.targets(&hashes_in(text.as_bytes())) {
                    roots.push((Root::Config(field.clone()), target));
                }
                let link = text
                    .strip_prefix('/')
                    .and_then(|path| links.get(path.as_bytes()));
                for target in link.map(|hashes| self.targets(hashes)).unwrap_or_default() {
                    roots.push((Root::Config(format!("{field} {text}")), target));
                }
            }
        }
        for placed in image.layers.iter().flat_map(|layer| &layer.placed) {
            let references = facts.paths.get(&placed.path).filter(|_| placed.is_moved);
            let targets = references.iter().flat_map(|(_, references)| references);
            for target in targets.filter_map(|path| self.by_path.get(path)) {
                roots.push((Root::CopiedToRoot(placed.path.clone()), *target));
            }
        }
        let is_seen = |path: &[u8]| !path.starts_with(NIX_STATE);
        for (path, hashes) in links.iter().filter(|(path, _)| is_seen(path)) {
            for target in self.targets(hashes) {
                roots.push((Root::Link(absolute(path)), target));
            }
        }
        let files = files
            .iter()
            .filter(|(path, _)| is_seen(path) && !links.contains_key(*path));
        for (path, hashes) in files {
            for target in self.targets(hashes) {
                roots.push((Root::File(absolute(path)), target));
            }
        }
        roots
    }
}

fn hashes_in(text: &[u8]) -> BTreeSet<HashPart> {
    let mut references = References::default();
    references.take(text);
    references.finish()
}

/// What of the config may name a store path. Of variables the name is told, never the value.
fn config_texts(config: &Execution) -> Vec<(String, Vec<&str>)> {
    let mut texts: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, words) in [("Entrypoint", &config.entrypoint), ("Cmd", &config.cmd)] {
        texts.push((name.to_owned(), words.iter().map(String::as_str).collect()));
    }
    texts.push(("WorkingDir".to_owned(), vec![&config.working_dir]));
    for variable in &config.env {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        texts.push((format!("Env {name}"), vec![value]));
    }
    for (name, value) in &config.labels {
        texts.push((format!("Labels {name}"), vec![value]));
    }
    texts
}
