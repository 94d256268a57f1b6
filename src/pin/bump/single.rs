//! Pins that stand alone: their rev, hash and version.

use super::hash;
use super::item::{Item, Shift, Step};
use super::target::Target;
use super::targets::Targets;
use super::version::{self, Moved};
use super::{BumpError, Context};
use crate::git::{GitError, Need, Oid};
use crate::naming::Selection;
use crate::pin::{Pin, Role};

/// An item per selected pin that moves by itself.
pub fn items(
    context: &Context,
    selection: &Selection,
    targets: &Targets,
) -> Result<Vec<Item>, BumpError> {
    let mut items = Vec::new();
    for at in &selection.chosen {
        let pin = context.pin(*at);
        if let (Role::Single | Role::NixBuild { .. }, Some(target)) =
            (&pin.role, targets.by_pin.get(at))
        {
            items.push(item(context, *at, pin, target, targets)?);
        }
    }
    Ok(items)
}

/// The changes of one pin of whatever role: its value, its hash, its version.
pub fn item(
    context: &Context,
    at: usize,
    pin: &Pin,
    target: &Target,
    targets: &Targets,
) -> Result<Item, BumpError> {
    let mut item = Item {
        name: pin.name.to_string(),
        ..Item::default()
    };
    let Some(spot) = pin.spot.as_ref().filter(|spot| spot.value != target.value) else {
        return Ok(item);
    };
    let field = match &pin.moves {
        crate::pin::Moves::Rev => "rev",
        crate::pin::Moves::Tag { .. } if spot.via() == Some("version") => "version",
        crate::pin::Moves::Tag { .. } => "tag",
        crate::pin::Moves::Given => "version",
    };
    item.steps.push(Step::at(at, field, spot, &target.value));
    let place = targets.locations.get(&at);
    hash::of(context, at, place, target.commit)?.add_to(at, &mut item);
    let version = match &pin.version {
        Some(version) => new_version(context, at, pin, &version.value, target, targets)?
            .map(|new| (version, new)),
        None => None,
    };
    if let Some((spot, new)) = &version {
        item.steps.push(Step::at(at, "version", spot, new));
    }
    let version = match (version, field) {
        (Some((spot, new)), _) => Some((spot.value.clone(), new)),
        (None, "version") => Some((spot.value.clone(), target.value.clone())),
        (None, _) => None,
    };
    item.shifts.push(Shift {
        pin: at,
        old_rev: pin.rev.clone().unwrap_or_default(),
        new_rev: target
            .commit
            .map_or_else(|| target.value.clone(), |commit| commit.to_string()),
        version,
    });
    Ok(item)
}

fn new_version(
    context: &Context,
    at: usize,
    pin: &Pin,
    version: &str,
    target: &Target,
    targets: &Targets,
) -> Result<Option<String>, BumpError> {
    let old = pin.rev.as_deref().unwrap_or_default();
    let old_commit: Option<Oid> = old.parse().ok();
    let old_tags: Vec<String> = match targets.known(at) {
        Some((_, refs)) => refs
            .tags()
            .filter(|(_, id)| Some(*id) == old_commit)
            .map(|(name, _)| name.to_owned())
            .collect(),
        None => Vec::new(),
    };
    let moved = Moved {
        old,
        commit: target.commit,
        new_tag: target.tag.as_deref(),
        old_tags: &old_tags,
    };
    let date = |commit: Oid| -> Result<String, GitError> {
        let Some(place) = targets.locations.get(&at) else {
            return Ok(String::new());
        };
        let need = match pin.role {
            Role::Spork(_) => Need::History,
            _ => Need::Commits(vec![commit]),
        };
        Ok(context
            .world
            .git
            .repo(place, &need)?
            .commit_time(commit)?
            .date())
    };
    Ok(version::follow(version, &moved, date)?)
}
