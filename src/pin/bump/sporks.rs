//! A spork moves whole: upstream, features, version, lock file; all or nothing.

use std::collections::BTreeMap;

use super::item::{ChangedLock, Item, Place, Step};
use super::lockfile::{self, NewLock};
use super::spork::Spork;
use super::targets::Targets;
use super::{Bump, BumpError, Context, Remark, invariants, single};
use crate::git::{Ancestry, Oid};
use crate::naming::Selection;
use crate::pin::{Role, SporkRole};
use crate::source::RelPath;

/// An item per spork of which something moves. Its invariants are checked as it will be, whatever was selected.
pub fn items(
    context: &Context,
    selection: &Selection,
    targets: &Targets,
    bump: &mut Bump,
) -> Result<Vec<Item>, BumpError> {
    let mut members: BTreeMap<&(RelPath, String), Vec<(usize, &SporkRole)>> = BTreeMap::new();
    for (at, pin) in context.found.pins.iter().enumerate() {
        if let Role::Spork(role) = &pin.role {
            members.entry(&role.spork).or_default().push((at, role));
        }
    }
    let mut items = Vec::new();
    let mut violations = Vec::new();
    for members in members.into_values() {
        let moves = |at: usize| targets.by_pin.contains_key(&at) && selection.chosen.contains(&at);
        if !members.iter().any(|(at, _)| moves(*at)) {
            continue;
        }
        let mut found = Vec::new();
        if let Some(spork) =
            Spork::as_it_will_be(context, selection, targets, &members, &mut found)?
        {
            found.extend(invariants::check(context, &spork, bump)?);
            if found.is_empty() {
                goes_back(context, targets, &spork, bump)?;
                items.push(item(context, targets, &spork, bump)?);
            }
        }
        violations.extend(found);
    }
    if violations.is_empty() {
        Ok(items)
    } else {
        Err(BumpError::Invariant(violations))
    }
}

/// Upstream only goes forward: when it does not, the clone is behind or its history was rewritten.
fn goes_back(
    context: &Context,
    targets: &Targets,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<(), BumpError> {
    let pin = context.pin(spork.upstream.pin);
    let is_followed =
        targets.by_pin.contains_key(&spork.upstream.pin) && !targets.is_given(spork.upstream.pin);
    let (true, Some(Ok(old))) = (is_followed, pin.rev.as_deref().map(str::parse::<Oid>)) else {
        return Ok(());
    };
    let new = spork.upstream.commit;
    let known = match spork.repo.has_commit(old) {
        true => spork.repo.ancestry(old, new)?,
        false if spork.repo.is_shallow() => Ancestry::Unknown,
        false => Ancestry::No,
    };
    if known == Ancestry::No {
        bump.warnings.push(Remark {
            at: context.place(pin),
            message: format!(
                "upstream {} of {} does not have the pinned {} in its past: it was rewritten, or a clone is behind \
                 (`git fetch`)",
                new.short(12),
                spork.place,
                old.short(12)
            ),
        });
    }
    Ok(())
}

fn item(
    context: &Context,
    targets: &Targets,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<Item, BumpError> {
    let upstream = context.pin(spork.upstream.pin);
    let mut item = Item {
        name: upstream.name.container.clone(),
        ..Item::default()
    };
    for member in std::iter::once(&spork.upstream).chain(&spork.features) {
        if let Some(target) = targets.by_pin.get(&member.pin) {
            let one = single::item(
                context,
                member.pin,
                context.pin(member.pin),
                target,
                targets,
            )?;
            item.steps.extend(one.steps);
            item.shifts.extend(one.shifts);
            item.wanted.extend(one.wanted);
            item.left.extend(one.left);
        }
    }
    match lockfile::of(context, spork)? {
        NewLock::Same => {}
        NewLock::New {
            path,
            text,
            from_feature,
            hashed_by,
        } => {
            if let Some((feature, reason)) = from_feature {
                bump.notes.push(Remark {
                    at: None,
                    message: format!("{path} is the one of the feature `{feature}`: {reason}"),
                });
            }
            let pin = spork.upstream.pin;
            item.lock = hashed_by.map(|nix| ChangedLock {
                pin,
                nix,
                reason: format!(
                    "the git dependencies of {path} change, so `outputHashes` needs a build"
                ),
                path: path.clone(),
            });
            item.steps.push(Step {
                pin,
                field: "Cargo.lock".into(),
                place: Place::File(path),
                new: text,
            });
        }
        NewLock::Unknown(reason) => item.left.push((spork.upstream.pin, reason.into())),
        NewLock::Missing(message) => bump.warnings.push(Remark {
            at: context.place(upstream),
            message,
        }),
    }
    Ok(item)
}
