//! Which store paths are in which layer, and what they take.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::why::Why;
use super::{StoreFacts, absolute};
use crate::image::archive::{Image, store_path_len};

/// How many of the biggest files of a store path, or outside of any, are named.
const BIGGEST: usize = 8;

/// A store path of an image.
#[derive(Clone, Debug, Serialize)]
pub struct StorePath {
    pub path: String,
    /// Its name, without the hash part.
    pub name: String,
    /// Those that hold it: more than one is a waste.
    pub layers: Vec<usize>,
    /// Of its files in all layers. `None` when it is not known.
    pub size: Option<u64>,
    pub files: usize,
    pub why: Option<Why>,
    #[serde(skip)]
    pub biggest: Vec<FileSize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSize {
    pub path: String,
    pub size: u64,
}

/// All layers' store paths, and those of each layer.
pub struct Tallied {
    pub store_paths: Vec<StorePath>,
    pub layers: Vec<TalliedLayer>,
}

#[derive(Default)]
pub struct TalliedLayer {
    pub store_paths: Vec<String>,
    pub other_files: usize,
    pub other_size: u64,
    pub biggest_others: Vec<FileSize>,
}

#[derive(Default)]
struct Tally<'a> {
    size: u64,
    files: usize,
    biggest: Biggest<'a>,
}

/// The biggest files, in order.
#[derive(Default)]
struct Biggest<'a>(Vec<(u64, &'a [u8])>);

impl<'a> Biggest<'a> {
    fn add(&mut self, size: u64, path: &'a [u8]) {
        let at = self.0.partition_point(|(other, _)| *other >= size);
        if size > 0 && at < BIGGEST {
            self.0.insert(at, (size, path));
            self.0.truncate(BIGGEST);
        }
    }

    fn named(&self) -> Vec<FileSize> {
        let named = self.0.iter().map(|(size, path)| FileSize {
            path: absolute(path),
            size: *size,
        });
        named.collect()
    }
}

pub fn tally(image: &Image, facts: &StoreFacts) -> Tallied {
    let mut all: BTreeMap<String, StorePath> = BTreeMap::new();
    let mut layers = Vec::new();
    for (at, layer) in image.layers.iter().enumerate() {
        let mut tallied = TalliedLayer::default();
        let mut paths: Vec<(String, Option<u64>, usize, Vec<FileSize>)> = Vec::new();
        if let Some(contents) = &layer.contents {
            let mut tallies: BTreeMap<&[u8], Tally> = BTreeMap::new();
            for path in &contents.store_paths {
                tallies.insert(path, Tally::default());
            }
            let mut others = Biggest::default();
            for file in &contents.files {
                let tally = store_path_len(&file.path)
                    .and_then(|len| file.path.get(..len))
                    .and_then(|path| tallies.get_mut(path));
                match tally {
                    Some(tally) => {
                        tally.size = tally.size.saturating_add(file.size);
                        tally.files += 1;
                        tally.biggest.add(file.size, &file.path);
                    }
                    None => {
                        tallied.other_files += 1;
                        tallied.other_size = tallied.other_size.saturating_add(file.size);
                        others.add(file.size, &file.path);
                    }
                }
            }
            tallied.biggest_others = others.named();
            paths.extend(tallies.into_iter().map(|(path, tally)| {
                let named = tally.biggest.named();
                (absolute(path), Some(tally.size), tally.files, named)
            }));
        }
        for placed in layer.placed.iter().filter(|placed| !placed.is_moved) {
            let size = facts.paths.get(&placed.path).map(|(size, _)| *size);
            paths.push((placed.path.clone(), size, 0, Vec::new()));
        }
        paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for (path, size, files, biggest) in paths {
            tallied.store_paths.push(path.clone());
            let entry = all.entry(path).or_insert_with_key(|path| StorePath {
                path: path.clone(),
                name: name_of(path).to_owned(),
                layers: Vec::new(),
                size: Some(0),
                files: 0,
                why: None,
                biggest: Vec::new(),
            });
            entry.layers.push(at + 1);
            entry.size = entry.size.zip(size).map(|(a, b)| a.saturating_add(b));
            entry.files += files;
            if entry.biggest.is_empty() {
                entry.biggest = biggest;
            }
        }
        layers.push(tallied);
    }
    let mut store_paths: Vec<StorePath> = all.into_values().collect();
    store_paths.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    Tallied {
        store_paths,
        layers,
    }
}

/// Every store path of `image`.
pub fn names(image: &Image) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for layer in &image.layers {
        let contents = layer.contents.iter();
        names.extend(
            contents
                .flat_map(|contents| &contents.store_paths)
                .map(|path| absolute(path)),
        );
        let placed = layer.placed.iter().filter(|placed| !placed.is_moved);
        names.extend(placed.map(|placed| placed.path.clone()));
    }
    names
}

/// `NAME` of `/nix/store/HASH-NAME`.
pub fn name_of(path: &str) -> &str {
    crate::nix::drv::store_path_parts(path).map_or(path, |(_, _, name)| name)
}
