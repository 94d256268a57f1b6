//! Flake inputs: `flake.nix` and `flake.lock` change together; the lock is what the real Nix makes of it on a copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::target::Target;
use super::targets::Targets;
use super::{Bump, BumpError, Context};
use crate::edit::{self, Edit};
use crate::naming::Selection;
use crate::nix::{FlakeLock, FlakeUpdate, InputMove, Nix};
use crate::pin::{FlakeInput, Follow, Pin, Role};
use crate::plan::{Change, EditGroup, PlanError};
use crate::source::{RelPath, SourceFile};

/// An input that moves.
struct Moving<'a> {
    pin: &'a Pin,
    input: &'a FlakeInput,
    /// `None` for what only Nix can look up: a tarball, a name of the registry.
    target: Option<&'a Target>,
    /// Whether it goes where the flake's own reference leads.
    by_own_ref: bool,
}

/// Adds what becomes of the selected flake inputs to the plan, a group per flake.
pub fn inputs(
    context: &Context,
    selection: &Selection,
    targets: &Targets,
    bump: &mut Bump,
) -> Result<(), BumpError> {
    let mut flakes: BTreeMap<&RelPath, Vec<Moving>> = BTreeMap::new();
    for at in &selection.chosen {
        let pin = context.pin(*at);
        let Role::FlakeInput(input) = &pin.role else {
            continue;
        };
        let target = targets.by_pin.get(at);
        let follow = Follow::of(
            pin,
            context.config,
            context.containers.config(&pin.name.container),
        );
        let own = pin
            .git_ref
            .as_ref()
            .map_or(Follow::Head, |name| Follow::Branch(name.clone()));
        let by_own_ref = follow == own && context.request.to.is_none();
        let only_nix_knows = pin.repository.is_none()
            && pin.spot.is_some()
            && follow != Follow::Stay
            && !pin
                .url
                .as_deref()
                .is_some_and(|url| url.starts_with("path:") || url.starts_with('.'));
        if target.is_some() || (only_nix_knows && !context.proving && !context.world.offline) {
            flakes.entry(&input.flake_nix).or_default().push(Moving {
                pin,
                input,
                target,
                by_own_ref,
            });
        } else {
            bump.plan.unchanged.push(pin.name.to_string());
        }
    }
    if flakes.is_empty() {
        return Ok(());
    }
    let nix = &context.config.nix;
    let settings = Nix::arguments_of(&nix.options, &nix.include, context.workspace.root());
    let nix = Nix::find(context.world.runner)?
        .offline(context.world.offline)
        .settings(&settings);
    for moving in flakes.into_values() {
        flake(context, &nix, &moving, bump)?;
    }
    Ok(())
}

fn flake(
    context: &Context,
    nix: &Nix,
    moving: &[Moving],
    bump: &mut Bump,
) -> Result<(), BumpError> {
    let Some(first) = moving.first() else {
        return Ok(());
    };
    let source = context.workspace.read(&first.input.flake_nix)?;
    let lock = match first
        .input
        .flake_lock
        .to_path(context.workspace.root())
        .exists()
    {
        true => Some(context.workspace.read(&first.input.flake_lock)?),
        false => None,
    };
    let mut changes = Vec::new();
    let mut moves = Vec::new();
    for Moving {
        pin,
        input,
        target,
        by_own_ref,
    } in moving
    {
        let name = input.input.clone();
        match (target, &pin.spot) {
            (Some(target), Some(spot)) if input.rev_in_nix => {
                let edit = spot.replace(&source, &target.value)?;
                let mut change = Change::new(
                    pin.name.to_string(),
                    &source,
                    "rev",
                    &spot.value,
                    &target.value,
                    edit,
                );
                let at = source.position(spot.offset());
                (change.line, change.column) = (at.line, at.column);
                changes.push(change);
                moves.push(InputMove::Relock);
            }
            (Some(target), Some(_)) if !by_own_ref && input.takes_rev => {
                let flake_ref = pinned_ref(lock.as_deref(), &name, &target.value);
                moves.push(
                    flake_ref.map_or(InputMove::Refresh(name.clone()), |flake_ref| {
                        InputMove::Pin { name, flake_ref }
                    }),
                );
            }
            _ => moves.push(InputMove::Refresh(name)),
        }
    }
    if let Some(lock) = &lock {
        let edits: Vec<Edit> = changes.iter().map(|change| change.edit.clone()).collect();
        let text = edit::apply(source.text(), &edits).map_err(|error| PlanError::Edit {
            file: source.path().clone(),
            change: first.pin.name.to_string(),
            source: error,
        })?;
        let folder = source.path().parent().to_path(context.workspace.root());
        let update = FlakeUpdate {
            flake_nix: &text,
            flake_lock: Some(lock.text()),
            folder: Some(&folder),
            moves,
        };
        changes.extend(in_lock(lock, &update.run(nix)?, moving)?);
    }
    let unmoved = moving.iter().filter(|m| {
        !changes
            .iter()
            .any(|change| change.name == m.pin.name.to_string())
    });
    bump.plan
        .unchanged
        .extend(unmoved.map(|m| m.pin.name.to_string()));
    if !changes.is_empty() {
        bump.plan.groups.push(EditGroup {
            name: first.pin.name.container.clone(),
            changes,
        });
    }
    Ok(())
}

/// The reference that locks an input at a rev, made from what `flake.nix` asks for.
fn pinned_ref(lock: Option<&SourceFile>, name: &str, rev: &str) -> Option<String> {
    let lock = FlakeLock::parse(lock?.text()).ok()?;
    lock.input(name)?.original.as_ref()?.flake_ref_at(rev)
}

/// What the new lock says otherwise of the inputs that move. The text is replaced as a whole: it is Nix's own.
fn in_lock(lock: &Arc<SourceFile>, new: &str, moving: &[Moving]) -> Result<Vec<Change>, BumpError> {
    if new == lock.text() {
        return Ok(Vec::new());
    }
    let (before, after) = (
        FlakeLock::parse(lock.text()).map_err(crate::nix::NixError::Lock)?,
        FlakeLock::parse(new).map_err(crate::nix::NixError::Written)?,
    );
    let rev = |lock: &FlakeLock, name: &str| {
        let locked = lock.input(name)?.locked.as_ref()?;
        locked.rev.clone().or_else(|| locked.nar_hash.clone())
    };
    let mut changes = Vec::new();
    for Moving { pin, input, .. } in moving {
        let (old, now) = (rev(&before, &input.input), rev(&after, &input.input));
        let (old, now) = (old.unwrap_or_default(), now.unwrap_or_default());
        let edit = Edit {
            range: 0..lock.text().len(),
            text: new.to_owned(),
        };
        let mut change = Change::new(pin.name.to_string(), lock, "rev", old, now, edit);
        let span = before
            .input(&input.input)
            .and_then(|node| node.rev_span.clone());
        if let Some(span) = span {
            let at = lock.position(span.start);
            (change.line, change.column) = (at.line, at.column);
        }
        changes.push(change);
    }
    // The text is one: an input that did not move needs no change of its own.
    if changes.iter().any(|change| change.old != change.new) {
        changes.retain(|change| change.old != change.new);
    }
    Ok(changes)
}
