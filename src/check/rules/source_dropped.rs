//! C610: a source that a flake does not see, or that a filter drops (`filtered`).

mod filtered;

use std::collections::BTreeSet;

use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity, Subject};
use crate::source::RelPath;
use crate::syntax::{Library, PathUse, path_uses, paths_asked_for};

pub static RULE: Rule = Rule {
    code: "C610",
    name: "source-dropped",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A path that a flake takes as a source and that git does not track: `src = ./dist` where `dist` is ignored. Also a \
               file that `lib.cleanSource` drops and that the same derivation uses.",
        why: "A flake sees the files that git tracks and no others. `dist/` must be there before the build, and is on the \
              disk of whoever built it; the flake finds nothing, or, in CI, an older one that was committed by mistake. `cleanSource` drops `*.o`, `*.so`, backups, the folders of version \
              control and symbolic links called `result`; `dist` and `node_modules` it keeps, whatever is said of it.",
        bad: "# .gitignore has dist/\npackages.x86_64-linux.app = pkgs.runCommand \"app\" { } \"cp -r ${./dist} $out\";",
        good: "packages.x86_64-linux.app = pkgs.buildNpmPackage { src = ./.; npmDepsHash = \"sha256-VTFYb2EEG2aebwlJR6ajQkebfmcBi1xiqhjMeE/MHH0=\"; };",
        fix: "Build it in Nix, in a derivation of its own; or track the files (`git add --intent-to-add --force` makes a flake \
              see them without committing their content).",
    },
    checks: &[
        Check::Container { run },
        Check::Nix {
            words: &["cleanSource"],
            run: filtered::run,
        },
    ],
};

/// How many files one flake is followed to.
const MOST_FILES: usize = 500;
/// Functions for which the path need not be there.
const FOR_THE_NAME: [&str; 5] = [
    "pathExists",
    "maybeMissing",
    "toString",
    "baseNameOf",
    "dirOf",
];

fn run(view: &ContainerView, report: &mut Report) {
    let Some(tracked) = view.subject.tracked else {
        return;
    };
    for flake in view.files.iter().filter(|f| f.file_name() == "flake.nix") {
        // One that is not tracked itself is no flake of git's: Nix then copies the whole folder.
        if !is_tracked(tracked, flake) {
            continue;
        }
        for file in evaluated(view.library, view.subject, flake) {
            in_file(view, tracked, &file, report);
        }
    }
}

/// The flake, and the Nix files of the workspace that it leads to by paths.
fn evaluated(library: &Library, subject: &Subject, flake: &RelPath) -> BTreeSet<RelPath> {
    let mut found = BTreeSet::from([flake.clone()]);
    let mut open = vec![flake.clone()];
    while let Some(path) = open.pop() {
        let Some(file) = library.get(&path) else {
            continue;
        };
        for used in path_uses(&file) {
            let next = match used.path.file_name().ends_with(".nix") {
                true => Some(used.path),
                false if is_evaluated(&used) => used.path.join("default.nix"),
                false => None,
            };
            if let Some(next) = next.filter(|next| subject.has_file(next))
                && found.len() < MOST_FILES
                && found.insert(next.clone())
            {
                open.push(next);
            }
        }
    }
    found
}

/// Whether the `default.nix` of a folder is what is meant, not the folder.
fn is_evaluated(used: &PathUse) -> bool {
    let is_call = |name: &str| name == "import" || name.contains("callPackage");
    used.is_listed || used.function.as_deref().is_some_and(is_call)
}

fn in_file(view: &ContainerView, tracked: &[RelPath], path: &RelPath, report: &mut Report) {
    let Some(file) = view.library.get(path) else {
        return;
    };
    let mut missing = path_uses(&file);
    missing.retain(|used| {
        let is_for_the_name = used
            .function
            .as_deref()
            .is_some_and(|function| FOR_THE_NAME.contains(&function));
        !is_for_the_name && !used.is_compared && !is_tracked(tracked, &used.path)
    });
    if missing.is_empty() {
        return;
    }
    let (paths, names) = paths_asked_for(&file);
    for used in missing {
        let is_asked_for = paths.contains(&used.path)
            || used.name.as_ref().is_some_and(|name| names.contains(name));
        if is_asked_for || is_of_submodule(view.subject, &used.path) {
            continue;
        }
        let workspace = view.subject.workspace;
        let on_disk = used.path.to_path(workspace.root());
        // What is not there yet has, as a rule, an ending when it is a file.
        let is_folder = on_disk.is_dir() || !used.path.file_name().contains('.');
        let why = if workspace.is_ignored(&used.path, is_folder) {
            "git ignores"
        } else if on_disk.exists() && !is_empty(&on_disk) {
            "git does not track"
        } else {
            // What is nowhere Nix says itself.
            continue;
        };
        let text = file.source().text();
        let written = text.get(used.range.clone()).unwrap_or_default();
        report
            .add(
                Place::of(file.source(), used.range.clone()),
                format!("{why} `{written}`, so the flake does not see it"),
            )
            .help("build it in Nix, or track it");
    }
}

/// Whether `path` is in a submodule, or holds one: whether a flake sees those is said where it is named.
fn is_of_submodule(subject: &Subject, path: &RelPath) -> bool {
    let file = RelPath::root().join(".gitmodules");
    let Some(file) = file.filter(|file| subject.has_file(file)) else {
        return false;
    };
    let Ok(file) = subject.workspace.read(&file) else {
        return false;
    };
    file.text().lines().any(|line| {
        let module = line.split_once('=').filter(|(key, _)| key.trim() == "path");
        let module = module.and_then(|(_, folder)| RelPath::new(folder.trim()));
        module.is_some_and(|module| path.is_within(&module) || module.is_within(path))
    })
}

/// Whether `path` is tracked, a folder in which something is, or beyond a symbolic link that is.
fn is_tracked(tracked: &[RelPath], path: &RelPath) -> bool {
    let mut above = path.clone();
    while !above.is_root() {
        if tracked.binary_search(&above).is_ok() {
            return true;
        }
        above = above.parent();
    }
    if path.is_root() {
        return true;
    }
    let first = tracked.partition_point(|file| file < path);
    let starting = tracked.get(first..).unwrap_or_default().iter();
    starting
        .take_while(|file| file.as_str().starts_with(path.as_str()))
        .any(|file| file.is_within(path))
}

/// A folder of which git can know nothing, and in which there is nothing to miss.
fn is_empty(path: &std::path::Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_tracked_link_or_above_a_tracked_file_is_tracked() {
        let rel = |path: &str| RelPath::new(path).unwrap();
        let tracked = ["a-b", "a/x", "link"].map(rel);
        for path in ["a", "a/x", "a-b", "link", "link/in/it", ""] {
            assert!(is_tracked(&tracked, &rel(path)), "{path}");
        }
        for path in ["a/y", "b", "lin"] {
            assert!(!is_tracked(&tracked, &rel(path)), "{path}");
        }
    }
}
