//! The proof of a plan, on the texts as it makes them and before anything is written: they parse, every pin says what
//! it was to say, no revision changed under an old hash, and planning again finds nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bump, BumpError, Context, hash, once};
use crate::naming::{Containers, Selection};
use crate::pin::{Found, Pin, PinnedHash, find};
use crate::plan::{EditGroup, Plan, Rewritten};
use crate::source::RelPath;

/// Takes out of the plan what would leave a hash stale, and fails when the rest does not do what it says.
///
/// Some stale hashes can be computed: when these pins are given back, nothing is proven yet.
pub fn prove(
    context: &Context,
    selection: &Selection,
    bump: &mut Bump,
) -> Result<BTreeSet<usize>, BumpError> {
    loop {
        let rewritten = bump.plan.apply(context.workspace)?;
        if rewritten.is_empty() {
            return Ok(BTreeSet::new());
        }
        let files: BTreeSet<RelPath> = rewritten.iter().map(|file| file.path().clone()).collect();
        let workspace = context
            .workspace
            .with_overlay(rewritten.into_iter().map(|Rewritten { after, .. }| after));
        let found = find(&workspace, context.config, context.found.files.clone());
        if let Some(problem) = found.problems.iter().find(|p| files.contains(&p.file)) {
            return Err(BumpError::Unproven(format!(
                "{} would not parse: {}",
                problem.file, problem.message
            )));
        }
        let computable: BTreeSet<usize> = stale(context, &found)
            .filter(|at| !bump.hashed.contains(at) && !context.stale.contains(at))
            .filter(|at| hash::hole(&context.pin(*at).hash).is_some())
            .collect();
        if !computable.is_empty() {
            return Ok(computable);
        }
        if drop_stale(context, &found, bump)? {
            continue;
        }
        values(bump, &found)?;
        let containers = Containers::new(context.config, &found.files);
        let again = Context {
            workspace: &workspace,
            containers,
            found: &found,
            proving: true,
            stale: BTreeSet::new(),
            ..*context
        };
        let selection = same_pins(context, selection, &found);
        let second = once(&again, &selection)?;
        // What was held back would move again.
        let is_left = |name: &str| bump.left.iter().any(|left| left.name.to_string() == name);
        let mut changes = second.plan.changes();
        return match changes.find(|change| !is_left(&change.name)) {
            None => Ok(BTreeSet::new()),
            Some(change) => Err(BumpError::Unproven(format!(
                "a second run would change {change} again"
            ))),
        };
    }
}

/// A pin by its name and file: what stays when its value changes.
fn key(pin: &Pin) -> (String, Option<RelPath>) {
    (
        pin.name.to_string(),
        pin.spot.as_ref().map(|spot| spot.file.clone()),
    )
}

/// Pins whose revision or URL the plan changes while their hash stays: the groups that do so are taken out. A hash that
/// was computed is right, also when it came out the same.
fn drop_stale(context: &Context, after: &Found, bump: &mut Bump) -> Result<bool, BumpError> {
    let stale: Vec<&Pin> = stale(context, after)
        .filter(|at| !bump.hashed.contains(at))
        .map(|at| context.pin(at))
        .collect();
    let mut dropped = false;
    for pin in stale {
        let mut out = Vec::new();
        for (at, group) in bump.plan.groups.iter().enumerate() {
            if makes_stale(context, group, pin)? {
                out.push(at);
            }
        }
        // None of them alone: all together do.
        let alone = !out.is_empty();
        let groups = std::mem::take(&mut bump.plan.groups)
            .into_iter()
            .enumerate();
        let (out, kept): (Vec<_>, Vec<_>) = groups.partition(|(at, _)| !alone || out.contains(at));
        dropped |= !out.is_empty();
        bump.plan.groups = kept.into_iter().map(|(_, group)| group).collect();
        let names: BTreeSet<&str> = out
            .iter()
            .flat_map(|(_, group)| &group.changes)
            .map(|change| change.name.as_str())
            .collect();
        let reason = format!(
            "the hash of `{}` would be stale, and needs a build",
            pin.name
        );
        let left = context.found.pins.iter();
        let left = left.filter(|pin| names.contains(pin.name.to_string().as_str()));
        bump.left
            .extend(left.map(|pin| context.left(pin, reason.clone())));
    }
    Ok(dropped)
}

/// The pins that are at another revision or URL in `after`, with the hash that they had.
fn stale<'a>(context: &'a Context, after: &'a Found) -> impl Iterator<Item = usize> + 'a {
    let now: BTreeMap<_, &Pin> = after.pins.iter().map(|pin| (key(pin), pin)).collect();
    let pins = context.found.pins.iter().enumerate();
    pins.filter(move |(_, old)| {
        let Some(new) = now.get(&key(old)) else {
            return false;
        };
        let same_hash = match (&old.hash, &new.hash) {
            // What says nothing is not stale.
            (PinnedHash::Literal { text: None, .. }, _) => false,
            (PinnedHash::Literal { spot: old, .. }, PinnedHash::Literal { spot: new, .. }) => {
                old.value == new.value
            }
            (PinnedHash::Opaque(_), PinnedHash::Opaque(_)) => true,
            _ => false,
        };
        same_hash && (old.rev != new.rev || old.url != new.url)
    })
    .map(|(at, _)| at)
}

pub fn makes_stale(context: &Context, group: &EditGroup, pin: &Pin) -> Result<bool, BumpError> {
    let alone = Plan {
        groups: vec![group.clone()],
        unchanged: Vec::new(),
    };
    let rewritten = alone.apply(context.workspace)?;
    let workspace = context
        .workspace
        .with_overlay(rewritten.into_iter().map(|Rewritten { after, .. }| after));
    let found = find(&workspace, context.config, context.found.files.clone());
    Ok(stale(context, &found).any(|at| key(context.pin(at)) == key(pin)))
}

/// Every pin that changes says afterwards what the plan says.
fn values(bump: &Bump, after: &Found) -> Result<(), BumpError> {
    for change in bump.plan.changes() {
        if !matches!(change.field.as_str(), "rev" | "tag" | "version" | "hash") {
            continue;
        }
        let says = after
            .pins
            .iter()
            .filter(|pin| pin.name.to_string() == change.name)
            .any(|pin| {
                match (change.field.as_str(), &pin.hash) {
                    ("hash", PinnedHash::Literal { spot, .. }) => spot.value == change.new,
                    ("hash", _) => false,
                    ("version", _)
                        if pin.version.as_ref().is_some_and(|v| v.value == change.new) =>
                    {
                        true
                    }
                    _ => {
                        pin.spot.as_ref().is_some_and(|spot| spot.value == change.new)
                        // An input that only Nix can look up is told apart by its hash.
                        || matches!(&pin.hash, PinnedHash::Locked(hash) if *hash == change.new)
                    }
                }
            });
        if !says {
            return Err(BumpError::Unproven(format!(
                "{change} would not say `{}`",
                change.new
            )));
        }
    }
    Ok(())
}

fn same_pins(context: &Context, selection: &Selection, after: &Found) -> Selection {
    let at: BTreeMap<_, usize> = after
        .pins
        .iter()
        .enumerate()
        .map(|(at, pin)| (key(pin), at))
        .collect();
    let again = |list: &[usize]| {
        list.iter()
            .filter_map(|old| at.get(&key(context.pin(*old))).copied())
            .collect::<Vec<_>>()
    };
    Selection {
        chosen: again(&selection.chosen),
        named: again(&selection.named),
        is_explicit: selection.is_explicit,
        paths: selection.paths.clone(),
    }
}
