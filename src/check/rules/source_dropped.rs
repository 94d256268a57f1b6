//! C610: a source that a flake does not see, or that a filter drops.

use std::collections::BTreeSet;

use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity, Subject};
use crate::source::RelPath;
use crate::syntax::{Library, path_literals};

pub static RULE: Rule = Rule {
    code: "C610",
    name: "source-dropped",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A path that a flake takes as a source and that git does not track: `src = ./dist` where `dist` is ignored.",
        why: "A flake sees the files that git tracks and no others. `dist/` must be there before the build, and is on the \
              disk of whoever built it; the flake finds nothing, or, in CI, an older one that was committed by mistake.",
        bad: "# .gitignore has dist/\npackages.x86_64-linux.app = pkgs.runCommand \"app\" { } \"cp -r ${./dist} $out\";",
        good: "packages.x86_64-linux.app = pkgs.buildNpmPackage { src = ./.; npmDepsHash = \"sha256-VTFYb2EEG2aebwlJR6ajQkebfmcBi1xiqhjMeE/MHH0=\"; };",
        fix: "Build it in Nix, in a derivation of its own; or track the files (`git add --intent-to-add --force` makes a flake \
              see them without committing their content).",
    },
    checks: &[Check::Container { run }],
};

/// How many files one flake is followed to.
const MOST_FILES: usize = 500;

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
        for (_, target) in path_literals(&file) {
            let as_folder = target.join("default.nix");
            let next = match target.file_name().ends_with(".nix") {
                true => Some(target),
                false => as_folder,
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

fn in_file(view: &ContainerView, tracked: &[RelPath], path: &RelPath, report: &mut Report) {
    let Some(file) = view.library.get(path) else {
        return;
    };
    for (range, target) in path_literals(&file) {
        if is_tracked(tracked, &target) {
            continue;
        }
        let workspace = view.subject.workspace;
        let on_disk = target.to_path(workspace.root());
        // What is not there yet has, as a rule, an ending when it is a file.
        let is_folder = on_disk.is_dir() || !target.file_name().contains('.');
        let why = if workspace.is_ignored(&target, is_folder) {
            "git ignores"
        } else if on_disk.exists() && !is_empty(&on_disk) {
            "git does not track"
        } else {
            // What is nowhere Nix says itself.
            continue;
        };
        let written = file.source().text().get(range.clone()).unwrap_or_default();
        report
            .add(
                Place::of(file.source(), range.clone()),
                format!("{why} `{written}`, so the flake does not see it"),
            )
            .help("build it in Nix, or track it");
    }
}

/// Whether `path` is tracked, or a folder in which something is.
fn is_tracked(tracked: &[RelPath], path: &RelPath) -> bool {
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
