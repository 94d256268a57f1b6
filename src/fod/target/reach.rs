//! Which targets a file takes part in, told from the paths that files name: fewer need to be evaluated when only some
//! hashes were asked for.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::Target;
use crate::source::RelPath;
use crate::syntax::{Library, paths};

/// Those of `targets` that may evaluate one of `wanted`, or all where no target does: then what leads there is put
/// together by evaluation.
///
/// A target evaluates what lies below its own folder, and every path that its file names, or a file that is named so
/// does, and so on. `files`: the workspace's, sorted.
pub fn reaching(
    targets: &[Target],
    wanted: &[RelPath],
    files: &[RelPath],
    library: &Library,
) -> Vec<Target> {
    let mut graph = Graph {
        library,
        files,
        named: HashMap::new(),
    };
    let found: Vec<Target> = targets
        .iter()
        .filter(|target| {
            let entry = target.entry();
            let folder = entry.parent();
            wanted.iter().any(|file| file.is_within(&folder)) || graph.leads(entry, wanted)
        })
        .cloned()
        .collect();
    match found.is_empty() {
        true => targets.to_vec(),
        false => found,
    }
}

struct Graph<'l, 'w> {
    library: &'l Library<'w>,
    files: &'l [RelPath],
    /// By file, the paths that it names.
    named: HashMap<RelPath, Rc<[RelPath]>>,
}

impl Graph<'_, '_> {
    /// Whether one of `wanted` is named by `entry`, or by what it names, or lies in a folder that is.
    fn leads(&mut self, entry: RelPath, wanted: &[RelPath]) -> bool {
        let mut seen = BTreeSet::from([entry.clone()]);
        let mut waiting = vec![entry];
        while let Some(path) = waiting.pop() {
            if wanted.iter().any(|file| file.is_within(&path)) {
                return true;
            }
            for next in self.named_by(&path).iter() {
                if seen.insert(next.clone()) {
                    waiting.push(next.clone());
                }
            }
        }
        false
    }

    /// What a file names; for a folder, its `default.nix`.
    fn named_by(&mut self, path: &RelPath) -> Rc<[RelPath]> {
        if let Some(known) = self.named.get(path) {
            return known.clone();
        }
        let is_file = |path: &RelPath| self.files.binary_search(path).is_ok();
        let found: Vec<RelPath> = if is_file(path) {
            match path.file_name().ends_with(".nix") {
                true => self.library.get(path).map(|file| paths(&file)),
                false => None,
            }
            .unwrap_or_default()
        } else {
            path.join("default.nix")
                .filter(is_file)
                .into_iter()
                .collect()
        };
        let found: Rc<[RelPath]> = found.into();
        self.named.insert(path.clone(), found.clone());
        found
    }
}
