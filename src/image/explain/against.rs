//! An image beside an older one: which layers a registry that has the older one must be sent, and what changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::store_paths::{name_of, names, tally};
use super::{NAMED, StoreFacts, absolute};
use crate::image::archive::{File, FileKind, Image, Layer, store_path_len};

/// When a layer is pushed again for little: what did not change is this many bytes at least, and this many times as
/// much as what did.
const HEAVY: u64 = 10 << 20;
const HEAVY_TIMES: u64 = 4;

/// What changed since an older image.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// As it was asked for.
    pub older: String,
    /// Numbers of layers that the older image has, and of those that it has not.
    pub reused: Vec<usize>,
    pub pushed: Vec<usize>,
    /// Uncompressed. `None` when the length of one is not known.
    pub pushed_size: Option<u64>,
    pub reused_size: Option<u64>,
    /// As they are stored, where that is how they would be pushed.
    pub pushed_stored: Option<u64>,
    pub store_paths: Vec<PathChange>,
    /// What is new in each layer that is pushed.
    pub causes: Vec<LayerCause>,
    /// Layers that carry much that did not change.
    pub heavy: Vec<Heavy>,
}

/// A store path that one image has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathChange {
    /// Without the version.
    pub name: String,
    pub change: Change,
    pub old: Option<String>,
    pub new: Option<String>,
    pub old_version: Option<String>,
    pub new_version: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Added,
    Removed,
    /// Another version of it.
    Version,
    /// The same version, built otherwise.
    Rebuilt,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerCause {
    pub layer: usize,
    /// Store paths that the older image has in no layer.
    pub store_paths: Vec<String>,
    /// Files outside of store paths that the older image has not, or not so.
    pub files: Vec<String>,
    /// Whether all that is in it was there, in other layers.
    pub is_regrouped: bool,
}

/// A layer that is pushed again for little.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heavy {
    pub layer: usize,
    pub changed: u64,
    pub unchanged: u64,
}

pub fn compare(name: &str, image: &Image, older: &Image, facts: &StoreFacts) -> Against {
    let known: BTreeSet<&str> = older
        .layers
        .iter()
        .flat_map(|layer| [Some(layer.diff_id.as_str()), layer.digest.as_deref()])
        .flatten()
        .collect();
    let is_known = |layer: &Layer| {
        known.contains(layer.diff_id.as_str())
            || layer
                .digest
                .as_ref()
                .is_some_and(|digest| known.contains(digest.as_str()))
    };
    let numbered = || {
        image
            .layers
            .iter()
            .enumerate()
            .map(|(at, layer)| (at + 1, layer))
    };
    let (reused, pushed): (Vec<_>, Vec<_>) = numbered().partition(|(_, layer)| is_known(layer));
    let numbers = |layers: &[(usize, &Layer)]| layers.iter().map(|(number, _)| *number).collect();
    let size = |layers: &[(usize, &Layer)]| layers.iter().map(|(_, layer)| layer.size).sum();

    let before = names(older);
    let files_before = files_outside(older);
    let sizes: BTreeMap<String, u64> = tally(image, facts)
        .store_paths
        .into_iter()
        .filter_map(|path| Some((path.path, path.size? / path.layers.len().max(1) as u64)))
        .collect();
    let mut causes = Vec::new();
    let mut heavy = Vec::new();
    for (number, layer) in &pushed {
        let (cause, changed, unchanged) = cause(*number, layer, &before, &files_before, &sizes);
        if unchanged >= HEAVY && unchanged / HEAVY_TIMES >= changed && changed > 0 {
            heavy.push(Heavy {
                layer: *number,
                changed,
                unchanged,
            });
        }
        causes.push(cause);
    }
    Against {
        older: name.to_owned(),
        pushed_size: size(&pushed),
        reused_size: size(&reused),
        pushed_stored: pushed
            .iter()
            .map(|(_, layer)| layer.digest.as_ref().and(layer.stored))
            .sum(),
        reused: numbers(&reused),
        pushed: numbers(&pushed),
        store_paths: changes(&before, &names(image)),
        causes,
        heavy,
    }
}

/// Why a layer is another one; and how many bytes of it are new, and how many are not.
fn cause(
    number: usize,
    layer: &Layer,
    before: &BTreeSet<String>,
    files_before: &HashSet<Outside>,
    sizes: &BTreeMap<String, u64>,
) -> (LayerCause, u64, u64) {
    let (mut changed, mut unchanged) = (0_u64, 0_u64);
    let mut count = |is_new: bool, size: u64| {
        let sum = if is_new { &mut changed } else { &mut unchanged };
        *sum = sum.saturating_add(size);
    };
    let contents = layer.contents.iter();
    let paths = contents
        .flat_map(|contents| &contents.store_paths)
        .map(|path| absolute(path));
    let placed = layer.placed.iter().filter(|placed| !placed.is_moved);
    let mut store_paths = Vec::new();
    for path in paths.chain(placed.map(|placed| placed.path.clone())) {
        let is_new = !before.contains(&path);
        count(is_new, sizes.get(&path).copied().unwrap_or(0));
        if is_new {
            store_paths.push(path);
        }
    }
    let mut files = Vec::new();
    for file in layer.contents.iter().flat_map(|contents| &contents.files) {
        if store_path_len(&file.path).is_some() {
            continue;
        }
        let is_new = !files_before.contains(&outside(file));
        count(is_new, file.size);
        if is_new && files.len() < NAMED {
            files.push(absolute(&file.path));
        }
    }
    let is_read = layer.contents.is_some() || !layer.placed.is_empty();
    let cause = LayerCause {
        layer: number,
        is_regrouped: is_read && store_paths.is_empty() && files.is_empty(),
        store_paths,
        files,
    };
    (cause, changed, unchanged)
}

/// A file outside of store paths: its path, its length and checksum, what kind it is and where it leads to.
type Outside<'a> = (&'a [u8], u64, Option<u32>, &'a FileKind);

fn outside(file: &File) -> Outside<'_> {
    (&file.path, file.size, file.checksum, &file.kind)
}

fn files_outside(image: &Image) -> HashSet<Outside<'_>> {
    let contents = image
        .layers
        .iter()
        .filter_map(|layer| layer.contents.as_ref());
    let files = contents.flat_map(|contents| &contents.files);
    let files = files.filter(|file| store_path_len(&file.path).is_none());
    files.map(outside).collect()
}

/// Store paths that came and went. Two are the same package where that is certain: one of that name on either side.
fn changes(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<PathChange> {
    let mut by_name: BTreeMap<&str, (Vec<&String>, Vec<&String>)> = BTreeMap::new();
    for path in before.difference(after) {
        let (name, _) = name_and_version(name_of(path));
        by_name.entry(name).or_default().0.push(path);
    }
    for path in after.difference(before) {
        let (name, _) = name_and_version(name_of(path));
        by_name.entry(name).or_default().1.push(path);
    }
    let mut changes = Vec::new();
    for (name, (mut old, mut new)) in by_name {
        let mut pairs: Vec<(Option<&String>, Option<&String>)> = Vec::new();
        // Of the same name and version: the same, built otherwise.
        new.retain(|path| {
            let same = |other: &&String| name_of(other) == name_of(path);
            let is_only = old.iter().copied().filter(|other| same(other)).count() == 1;
            let at = old.iter().position(same).filter(|_| is_only);
            match at {
                Some(at) => {
                    pairs.push((Some(old.remove(at)), Some(path)));
                    false
                }
                None => true,
            }
        });
        match (old.as_slice(), new.as_slice()) {
            ([one], [other]) => pairs.push((Some(one), Some(other))),
            _ => {
                pairs.extend(old.iter().map(|path| (Some(*path), None)));
                pairs.extend(new.iter().map(|path| (None, Some(*path))));
            }
        }
        let version = |path: Option<&String>| {
            let (_, version) = name_and_version(name_of(path?));
            version.map(str::to_owned)
        };
        changes.extend(pairs.into_iter().map(|(old, new)| PathChange {
            name: name.to_owned(),
            change: match (old, new) {
                (Some(old), Some(new)) if name_of(old) == name_of(new) => Change::Rebuilt,
                (Some(_), Some(_)) => Change::Version,
                (Some(_), None) => Change::Removed,
                _ => Change::Added,
            },
            old_version: version(old),
            new_version: version(new),
            old: old.cloned(),
            new: new.cloned(),
        }));
    }
    changes
}

/// As `builtins.parseDrvName`: the version begins behind the first dash that no letter follows.
fn name_and_version(name: &str) -> (&str, Option<&str>) {
    let dash = name.match_indices('-').find(|(at, _)| {
        let next = name.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|c| !c.is_ascii_alphabetic())
    });
    match dash {
        Some((at, _)) => (name.get(..at).unwrap_or(name), name.get(at + 1..)),
        None => (name, None),
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    const HASHES: [&str; 3] = [
        "0000000000000000000000000000000a",
        "1111111111111111111111111111111a",
        "2222222222222222222222222222222a",
    ];

    fn set(names: &[(usize, &str)]) -> BTreeSet<String> {
        let path = |(hash, name): &(usize, &str)| format!("/nix/store/{}-{name}", HASHES[*hash]);
        names.iter().map(path).collect()
    }

    #[test]
    fn paths_are_the_same_package_only_when_that_is_certain() {
        let shown = |before: &[(usize, &str)], after: &[(usize, &str)]| -> Vec<String> {
            let changes = changes(&set(before), &set(after));
            let shown = changes.into_iter().map(|change| {
                format!(
                    "{} {:?} {} {}",
                    change.name,
                    change.change,
                    change.old_version.unwrap_or_default(),
                    change.new_version.unwrap_or_default()
                )
            });
            shown.collect()
        };
        assert_eq!(
            shown(&[(0, "a-1.0")], &[(1, "a-1.1")]),
            ["a Version 1.0 1.1"]
        );
        assert_eq!(
            shown(&[(0, "a-1.0")], &[(1, "a-1.0")]),
            ["a Rebuilt 1.0 1.0"]
        );
        assert_eq!(shown(&[(0, "a-1.0")], &[(0, "a-1.0")]), [""; 0]);
        assert_eq!(
            shown(
                &[(0, "a-1.0"), (1, "a-1.0-lib")],
                &[(1, "a-1.1"), (2, "a-1.1-lib")]
            ),
            [
                "a Removed 1.0 ",
                "a Removed 1.0-lib ",
                "a Added  1.1",
                "a Added  1.1-lib"
            ]
        );
        assert_eq!(
            shown(&[(0, "gnu-hello"), (1, "x-y")], &[(2, "x-y")]),
            ["gnu-hello Removed  ", "x-y Rebuilt  "]
        );
    }
}
