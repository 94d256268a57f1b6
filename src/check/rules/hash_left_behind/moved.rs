//! Pins that moved, and the hashes that hang on them.

use super::sides::{Sides, called};
use crate::check::{Place, Report};
use crate::pin::{self, DependentHash, Pin, PinnedHash};
use crate::source::RelPath;
use crate::syntax::paths;

pub fn check(sides: &Sides, report: &mut Report) {
    let view = sides.view;
    if view.pins.is_empty() || !is_touched(sides) {
        return;
    }
    let (Some(file), Some(workspace)) = (
        sides.file_then(),
        sides.before.workspace(view.subject.workspace.root()),
    ) else {
        return;
    };
    let mut problems = Vec::new();
    let mut then = pin::in_nix(workspace, view.container, &sides.then, file, &mut problems);
    let mut now = view.pins.to_vec();
    pin::together(&mut then);
    pin::together(&mut now);
    for pin in &now {
        let Some(old) = then.iter().find(|old| old.name == pin.name) else {
            continue;
        };
        // Another may have taken its name: what stands in another order has not changed.
        let was_there = |other: &Pin| {
            let is_same = other.rev == pin.rev && other.url == pin.url;
            is_same && own_hash(other).is_some() && own_hash(other) == own_hash(pin)
        };
        if !pin.has_moved_from(old) || then.iter().any(was_there) {
            continue;
        }
        of_pin(sides, old, pin, report);
    }
}

fn of_pin(sides: &Sides, old: &Pin, pin: &Pin, report: &mut Report) {
    let (was, is) = (shown(old), shown(pin));
    let related = || -> Vec<(Place, String)> {
        let place = pin.spot.as_ref().and_then(|spot| {
            let source = sides.view.library.source(&spot.file)?;
            Some(Place::of(&source, spot.range()))
        });
        let message = format!("`{}` was at {was}", pin.name);
        place.map(|place| (place, message)).into_iter().collect()
    };
    if let PinnedHash::Literal { spot, .. } = &pin.hash
        && own_hash(old) == own_hash(pin)
        && let Some(literal) = sides.literal_at(&spot.file, spot.offset())
        && sides.is_unverified(&literal)
    {
        let name = called(&literal);
        let message = format!("`{name}` is still the hash of {was}, and {is} is fetched");
        sides.tell(report, &literal, message, related());
    }
    for DependentHash { name, place } in &pin.dependent_hashes {
        let Some(literal) = place
            .as_ref()
            .and_then(|(file, offset)| sides.literal_at(file, *offset))
        else {
            continue;
        };
        let was_of_it = old.dependent_hashes.iter().any(|hash| hash.name == *name);
        if was_of_it && sides.is_left(&literal) {
            let message = format!(
                "`{}` is what it was for {was} of `{}`, which is at {is} now",
                called(&literal),
                pin.name
            );
            sides.tell(report, &literal, message, related());
        }
    }
}

/// Whether the file, or one that it names, is not as it was.
fn is_touched(sides: &Sides) -> bool {
    let has_changed = |path: &RelPath| {
        let inside = path.join("default.nix");
        sides.before.has_changed(path)
            || inside.is_some_and(|inside| sides.before.has_changed(&inside))
    };
    sides.before.has_changed(sides.view.file.path())
        || paths(sides.view.file).iter().any(has_changed)
}

fn own_hash(pin: &Pin) -> Option<&crate::hash::Hash> {
    match &pin.hash {
        PinnedHash::Literal {
            text: Some(text), ..
        } => Some(&text.hash),
        _ => None,
    }
}

/// The revision, short where it is a commit; of a URL the part that tells most.
fn shown(pin: &Pin) -> String {
    let rev = pin.rev.as_deref().unwrap_or_default();
    match rev.len() == 40 && pin::tag::is_hex(rev) {
        true => rev.chars().take(12).collect(),
        false => rev.rsplit('/').next().unwrap_or(rev).to_owned(),
    }
}
