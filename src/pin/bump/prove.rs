//! The proof of a plan, on the texts as it makes them and before anything is written: they parse, every pin says what
//! it was to say, no revision changed under an old hash, and planning again finds nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bump, BumpError, Context, once};
use crate::pin::{Containers, Found, Pin, PinnedHash, Selection, find};
use crate::plan::Rewritten;
use crate::source::RelPath;

/// Takes out of the plan what would leave a hash stale, and fails when the rest does not do what it says.
pub fn prove(context: &Context, selection: &Selection, bump: &mut Bump) -> Result<(), BumpError> {
    loop {
        let rewritten = bump.plan.apply(context.workspace)?;
        if rewritten.is_empty() {
            return Ok(());
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
        if drop_stale(context, &found, bump) {
            continue;
        }
        values(bump, &found)?;
        let containers = Containers::new(context.config, &found.files);
        let again = Context {
            workspace: &workspace,
            containers,
            found: &found,
            proving: true,
            ..*context
        };
        let selection = same_pins(context, selection, &found);
        let second = once(&again, &selection)?;
        return match second.plan.changes().next() {
            None => Ok(()),
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

/// Pins whose revision or URL the plan changes while their hash stays: the groups that do so are taken out.
fn drop_stale(context: &Context, after: &Found, bump: &mut Bump) -> bool {
    let now: BTreeMap<_, &Pin> = after.pins.iter().map(|pin| (key(pin), pin)).collect();
    let mut dropped = false;
    for old in &context.found.pins {
        let PinnedHash::Literal { spot: old_hash, .. } = &old.hash else {
            continue;
        };
        let Some(new) = now.get(&key(old)) else {
            continue;
        };
        let PinnedHash::Literal { spot: new_hash, .. } = &new.hash else {
            continue;
        };
        let moved = old.rev != new.rev || old.url != new.url;
        if !moved || old_hash.value != new_hash.value {
            continue;
        }
        // The same tree under another name has the same hash; then it was computed, and is in the plan's reach.
        let computed = old.rev != new.rev
            && bump
                .plan
                .changes()
                .any(|c| c.name == old.name.to_string() && c.field == "rev")
            && old
                .fetch
                .as_ref()
                .is_some_and(|fetch| fetch.obstacle.is_none());
        if computed {
            continue;
        }
        let file = old.spot.as_ref().map(|spot| &spot.file);
        let touches = |group: &crate::plan::EditGroup| {
            group
                .changes
                .iter()
                .any(|change| change.name == old.name.to_string() || Some(&change.file) == file)
        };
        let any = bump.plan.groups.iter().any(touches);
        let (out, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut bump.plan.groups)
            .into_iter()
            .partition(|group| !any || touches(group));
        bump.plan.groups = kept;
        let names: BTreeSet<String> = out
            .iter()
            .flat_map(|group| &group.changes)
            .map(|change| change.name.clone())
            .collect();
        let reason = format!(
            "the hash of `{}` would be stale, and needs a build",
            old.name
        );
        for pin in context
            .found
            .pins
            .iter()
            .filter(|pin| names.contains(&pin.name.to_string()))
        {
            bump.left.push(context.left(pin, reason.clone()));
        }
        dropped = true;
    }
    dropped
}

/// Every pin that changes says afterwards what the plan says.
fn values(bump: &Bump, after: &Found) -> Result<(), BumpError> {
    for change in bump
        .plan
        .changes()
        .filter(|change| change.field == "rev" || change.field == "hash")
    {
        let says = after
            .pins
            .iter()
            .filter(|pin| pin.name.to_string() == change.name)
            .any(|pin| {
                match (change.field.as_str(), &pin.hash) {
                    ("hash", PinnedHash::Literal { spot, .. }) => spot.value == change.new,
                    ("hash", _) => false,
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
        pins: again(&selection.pins),
        named: again(&selection.named),
        is_explicit: selection.is_explicit,
        paths: selection.paths.clone(),
    }
}
