//! C202: a watched input of a hash changed since the hash was verified.
//!
//! Told by cotter.lock, which holds digests of the files and of the environment that a hash was found right for. Not here:
//! what only evaluation shows (`recipe_changed`).

use std::collections::BTreeMap;

use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity, Subject};
use crate::fod::lock::{Drift, FileDrift, drift};
use crate::fod::{self, Literal};
use crate::source::RelPath;

pub static RULE: Rule = Rule {
    code: "C202",
    name: "input-changed",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A fixed-output hash that cotter.lock records as verified, of which a file or a variable of the build has \
               changed since: `bun.lock`, `package.json`, `go.sum`, `Cargo.lock`, the source, a key that is baked in.",
        why: "The hash has to be computed again whenever dependencies, build-time environment or sources change. Nix does not: \
              where the old output is in the store it builds green with the old content, and elsewhere it fails.",
        bad: "# bun.lock has another package since `cotter fod-rehash` verified this\noutputHash = \"sha256-VTFYb2EEG2aebwlJR6ajQkebfmcBi1xiqhjMeE/MHH0=\";",
        good: "# computed for the bun.lock that is there now, and cotter.lock says so\noutputHash = \"sha256-Ybfz16y10UINVOzXVpiKCSBe5O2O3FYPO5lhFImZIys=\";",
        fix: "Run `cotter fod-rehash`, and commit the hash together with cotter.lock.",
    },
    checks: &[Check::Container { run }],
};

/// How many inputs are named.
const MOST_NAMED: usize = 3;

fn run(view: &ContainerView, report: &mut Report) {
    let subject = view.subject;
    let recorded: BTreeMap<(&RelPath, &str), _> = subject
        .lock
        .entries()
        .filter(|(file, ..)| view.files.binary_search(file).is_ok())
        .map(|(file, attrpath, entry)| ((file, attrpath), entry))
        .collect();
    // Files are looked at first: a literal is only searched for where its entry can have drifted.
    if recorded.values().all(|entry| {
        let no_env = entry.env == Default::default();
        no_env && drift(entry, None, view.library).is_none()
    }) {
        return;
    }
    let found = fod::find(subject.workspace, subject.config, view.files);
    for literal in &found.literals {
        let key = (literal.path(), literal.name.attrpath.as_str());
        let Some(entry) = recorded.get(&key) else {
            continue;
        };
        let drift = drift(entry, Some(literal), view.library);
        // Another hash was never verified for these inputs, nor found wrong.
        if !drift.hash_differs {
            tell(view, literal, &drift, report);
        }
    }
}

fn tell(view: &ContainerView, literal: &Literal, drift: &Drift, report: &mut Report) {
    let subject = view.subject;
    let files: Vec<(&RelPath, FileDrift)> = drift
        .files
        .iter()
        .filter(|(file, drift)| match drift {
            FileDrift::Changed => is_tracked(subject, file),
            FileDrift::Gone => was_there(subject, file),
        })
        .map(|(file, drift)| (file, *drift))
        .collect();
    let names: Vec<String> = files
        .iter()
        .map(|(file, _)| file.to_string())
        .chain(drift.env.iter().cloned())
        .map(|name| format!("`{name}`"))
        .collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let named = match (names.get(..MOST_NAMED), more) {
        (Some(first), 1..) => format!("{} and {more} more", first.join(", ")),
        _ => names.join(" and "),
    };
    let Ok(file) = subject.workspace.read(literal.path()) else {
        return;
    };
    if names.is_empty() {
        return;
    }
    let mut added = report
        .add(
            Place::of(&file, literal.spot.range()),
            format!("{named} changed since this hash was verified"),
        )
        .help(format!("run `cotter fod-rehash {}`", literal.name));
    for (file, drift) in files {
        let what = match drift {
            FileDrift::Changed => format!("{file} has changed"),
            FileDrift::Gone => format!("{file} is gone"),
        };
        added = added.related(Place::whole(file), what);
    }
}

/// What git does not track is another thing on each machine.
fn is_tracked(subject: &Subject, file: &RelPath) -> bool {
    let tracked = subject.tracked;
    tracked.is_none_or(|tracked| tracked.binary_search(file).is_ok())
}

fn was_there(subject: &Subject, file: &RelPath) -> bool {
    let removed = subject.before.map(|before| &before.changed().removed);
    removed.is_some_and(|removed| removed.binary_search(file).is_ok())
}
