//! C301: a `version` that is a short SHA, but not that of the revision it stands with.
//!
//! Which version belongs to which revision, and what it then says, is what a bump takes it for.

use std::collections::BTreeMap;

use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity};
use crate::manifest::flake_url::is_full_rev;
use crate::pin::bump::is_short_of;
use crate::pin::{Moves, Pin, PinKind, tag};
use crate::source::RelPath;
use crate::spot::Spot;

pub static RULE: Rule = Rule {
    code: "C301",
    name: "version-not-rev",
    severity: Severity::Error,
    fixable: true,
    asks: Asks::Files,
    doc: Doc {
        what: "A `version` of a spork, or of a package whose source is pinned by SHA, that looks like a short SHA and is \
               not the beginning of the rev.",
        why: "The version becomes the container's tag and CONTAINER_APP_VERSION: it says which code runs. A rev that was \
              moved by hand leaves it behind, and the image says that it is what it was before. `cotter pin bump` moves \
              both, but only a version that did say the rev. Release numbers and dates (`0-unstable-2025-06-07`) are \
              left alone.",
        bad: "version = \"677c7a5\";\nupstreamRev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";",
        good: "version = \"1d37d29\";\nupstreamRev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";",
        fix: "Write the first digits of the rev; `cotter check --fix` writes as many as there were. If the version is \
              right, the rev is what was left behind.",
    },
    checks: &[Check::Container { run }],
};

/// A version, and the pins that it may be the version of.
struct Version<'a> {
    spot: &'a Spot,
    pins: Vec<&'a Pin>,
}

fn run(view: &ContainerView, report: &mut Report) {
    let mut versions: BTreeMap<(&RelPath, usize), Version> = BTreeMap::new();
    for pin in view.pins.iter().filter(|pin| pin.moves == Moves::Rev) {
        // A number, a word, a date and a name say no commit.
        let Some(spot) = pin.version.as_ref().filter(|v| tag::is_commit(&v.value)) else {
            continue;
        };
        versions
            .entry((&spot.file, spot.offset()))
            .or_insert_with(|| Version {
                spot,
                pins: Vec::new(),
            })
            .pins
            .push(pin);
    }
    for version in versions.into_values() {
        if let Some(pin) = left_behind(&version) {
            add(view, version.spot, pin, report);
        }
    }
}

/// The pin whose rev the version does not say, where it says none and can only be that one's.
fn left_behind<'a>(version: &Version<'a>) -> Option<&'a Pin> {
    let says = |pin: &&Pin| {
        let rev = pin.rev.as_deref().unwrap_or_default();
        is_short_of(&version.spot.value, rev)
    };
    if version.pins.iter().any(says) {
        return None;
    }
    let is_upstream = |pin: &&&Pin| pin.kind == PinKind::SporkUpstream;
    let is_source = |pin: &&&Pin| pin.name.attrpath.rsplit('.').next() == Some("src");
    let mut likely: Vec<&Pin> = version.pins.iter().filter(is_upstream).copied().collect();
    if likely.is_empty() {
        likely = version.pins.iter().filter(is_source).copied().collect();
    }
    if likely.is_empty() {
        likely.clone_from(&version.pins);
    }
    let first = *likely.first()?;
    let is_whole = first.rev.as_deref().is_some_and(is_full_rev);
    (is_whole && likely.iter().all(|pin| pin.rev == first.rev)).then_some(first)
}

fn add(view: &ContainerView, spot: &Spot, pin: &Pin, report: &mut Report) {
    let Ok(file) = view.subject.workspace.read(&spot.file) else {
        return;
    };
    let old = &spot.value;
    let rev = pin.rev.as_deref().unwrap_or_default();
    let name = &pin.name.attrpath;
    let message = format!("version `{old}` is not the beginning of `{name}`, `{rev}`");
    let mut added = report
        .add(Place::of(&file, spot.range()), message)
        .help("write the first digits of the rev, or move the rev to where the version is");
    if let Some(place) = view.place_of(pin) {
        added = added.related(place, "the rev");
    }
    if let Some(new) = rev.get(..old.len())
        && let Ok(edit) = spot.replace(&file, new)
    {
        added.fix(&file, old, new, edit);
    }
}
