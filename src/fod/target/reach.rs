//! Which targets a file takes part in, told from the paths that files name: fewer need to be evaluated when only some
//! hashes were asked for.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::Target;
use crate::source::{RelPath, Workspace};
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

/// The files that git ignores and that Nix takes all the same, since a file that it evaluates names them or the folder
/// that holds nothing else: what was built beforehand, such as `./dist`. Of flakes none: they see only what git tracks.
pub fn ignored(
    targets: &[Target],
    files: &[RelPath],
    workspace: &Workspace,
    library: &Library,
) -> Vec<RelPath> {
    let mut graph = Graph {
        library,
        files,
        named: HashMap::new(),
    };
    let mut seen = BTreeSet::new();
    for target in targets {
        if let Target::File { path, .. } = target {
            graph.visit(path.clone(), &mut seen, |_| false);
        }
    }
    let is_known = |path: &RelPath| {
        let inside = format!("{path}/");
        let next = files.partition_point(|file| file.as_str() < inside.as_str());
        let holds_some = files.get(next).is_some_and(|file| file.is_within(path));
        path.is_root() || holds_some || files.binary_search(path).is_ok()
    };
    let unknown = seen.iter().filter(|path| !is_known(path));
    let mut found: Vec<RelPath> = unknown
        .flat_map(|path| workspace.everything_at(path))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
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
        let is_wanted = |path: &RelPath| wanted.iter().any(|file| file.is_within(path));
        self.visit(entry, &mut BTreeSet::new(), is_wanted)
    }

    /// Adds `entry` to `seen`, and what it names, and what that does; until `ends` says so of one of them.
    fn visit(
        &mut self,
        entry: RelPath,
        seen: &mut BTreeSet<RelPath>,
        ends: impl Fn(&RelPath) -> bool,
    ) -> bool {
        let mut waiting = vec![entry.clone()];
        seen.insert(entry);
        while let Some(path) = waiting.pop() {
            if ends(&path) {
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
