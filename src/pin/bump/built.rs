//! Hashes that need a build or a download: all of a bump's are computed at once, on the files as they will be. What
//! cannot be computed keeps its pin where it was, and the others are then looked at again without it.

use std::collections::BTreeSet;

use super::group::{self, components};
use super::hashes::{Ask, Computed, Failed, Spot};
use super::item::{Hole, Item, Place, Step, Wanted, Why};
use super::{Bump, BumpError, Context, hash, prove};
use crate::edit::{self, Edit};
use crate::pin::find;
use crate::plan::{Plan, Rewritten};
use crate::source::{RelPath, Workspace};

/// Makes steps of what the items want; an item that cannot have it is left.
pub fn fill(context: &Context, items: &mut [Item], bump: &mut Bump) -> Result<(), BumpError> {
    if context.proving {
        // What was held back would move again, and is not looked into a second time.
        for item in items {
            let wanted = item
                .wanted
                .drain(..)
                .map(|wanted| (wanted.pin, wanted.reason));
            let lock = item.lock.take().map(|lock| (lock.pin, lock.reason));
            let left = wanted.chain(lock).map(|(pin, reason)| (pin, reason.into()));
            item.left.extend(left);
        }
        return Ok(());
    }
    output_hashes(context, items);
    stale(context, items)?;
    for item in items.iter_mut() {
        // What hangs on several pins of the item is told of the first.
        let mut seen = BTreeSet::new();
        item.wanted.retain(|wanted| {
            wanted.field == "hash" || wanted.key().is_none_or(|key| seen.insert(key))
        });
    }
    let mut was_asked = false;
    loop {
        let after = after(context, items)?;
        let asked: Vec<(usize, usize)> = alive(items)
            .into_iter()
            .flat_map(|at| (0..items[at].wanted.len()).map(move |wanted| (at, wanted)))
            .collect();
        if asked.is_empty() && !was_asked {
            return Ok(());
        }
        was_asked = true;
        if !ask(context, items, &asked, &after)? {
            break;
        }
    }
    let landed = alive(items);
    let wanted = landed.iter().flat_map(|at| &items[*at].wanted);
    bump.hashed.extend(
        wanted
            .filter(|wanted| wanted.field == "hash")
            .map(|wanted| wanted.pin),
    );
    Ok(())
}

/// The items that nothing holds back, neither themselves nor what they belong together with.
fn alive(items: &[Item]) -> Vec<usize> {
    components(items)
        .into_iter()
        .filter(|component| component.iter().all(|at| items[*at].left.is_empty()))
        .flatten()
        .collect()
}

/// The files as the items that are not held back make them, and the edits that do so.
struct After {
    workspace: Workspace,
    plan: Plan,
}

impl After {
    fn edits(&self, file: &RelPath) -> Vec<Edit> {
        let changes = self.plan.changes().filter(|change| change.file == *file);
        changes.map(|change| change.edit.clone()).collect()
    }
}

fn after(context: &Context, items: &[Item]) -> Result<After, BumpError> {
    let mut plan = Plan::default();
    for at in alive(items) {
        plan.groups.push(group::of(context, items, &[at])?);
    }
    let rewritten = plan.apply(context.workspace)?;
    let changed = rewritten.into_iter().map(|Rewritten { after, .. }| after);
    Ok(After {
        workspace: context.workspace.with_overlay(changed),
        plan,
    })
}

/// Has the hashes computed; whether one of them could not be.
fn ask(
    context: &Context,
    items: &mut [Item],
    asked: &[(usize, usize)],
    after: &After,
) -> Result<bool, BumpError> {
    let found = find(
        &after.workspace,
        context.config,
        context.found.files.clone(),
    );
    let mut spots: Vec<Spot> = Vec::new();
    let mut index = Vec::new();
    for (at, wanted) in asked {
        let Some(spot) = spot(&items[*at], &items[*at].wanted[*wanted], after) else {
            continue;
        };
        let known = spots.iter().position(|other| *other == spot);
        index.push((*at, *wanted, known.unwrap_or(spots.len())));
        if known.is_none() {
            spots.push(spot);
        }
    }
    let answers = context.world.hashes.compute(&Ask {
        before: context.workspace,
        after: &after.workspace,
        found: &found,
        clone: context.request.clone.as_deref(),
        wanted: &spots,
    });
    let mut has_failed = false;
    for (at, wanted, spot) in index {
        let item = &mut items[at];
        let wanted = item.wanted[wanted].clone();
        match answers.get(spot) {
            Some(Ok(computed)) => match &wanted.place {
                Hole::Literal { file, offset } => {
                    set(&mut item.steps, &wanted, file, *offset, computed)
                }
                Hole::Step { step, within } => put(&mut item.steps[*step], *within, computed),
            },
            Some(Err(failed)) => {
                has_failed = true;
                item.left.push((wanted.pin, why(&wanted, failed)));
            }
            None => {}
        }
    }
    Ok(has_failed)
}

/// Lets the literal at `offset` say what was computed, in place of what was computed before. Steps keep their numbers.
fn set(steps: &mut Vec<Step>, wanted: &Wanted, file: &RelPath, offset: usize, computed: &Computed) {
    let place = match &computed.edit {
        Some(edit) => Place::Edit {
            file: file.clone(),
            offset,
            edit: edit.clone(),
            old: computed.old.clone(),
        },
        None => return,
    };
    let step = Step {
        pin: wanted.pin,
        field: wanted.field.clone(),
        place,
        new: computed.text.clone(),
    };
    let is_mine = |step: &&mut Step| {
        step.pin == wanted.pin
            && step.field == wanted.field
            && matches!(&step.place, Place::Edit { file: in_file, offset: there, .. }
                if in_file == file && *there == offset)
    };
    match steps.iter_mut().find(is_mine) {
        Some(known) => *known = step,
        None => steps.push(step),
    }
}

fn put(step: &mut Step, within: usize, computed: &Computed) {
    let end = within + computed.old.len();
    if let Place::Edit { edit, .. } = &mut step.place
        && edit.text.get(within..end) == Some(computed.old.as_str())
    {
        edit.text.replace_range(within..end, &computed.text);
        step.new = shown(&edit.text);
    }
}

fn spot(item: &Item, wanted: &Wanted, after: &After) -> Option<Spot> {
    match &wanted.place {
        Hole::Literal { file, offset } => Some(Spot {
            file: file.clone(),
            before: Some(*offset),
            after: edit::moved(*offset, &after.edits(file)),
        }),
        Hole::Step { step, within } => match &item.steps.get(*step)?.place {
            Place::Edit { file, edit, .. } => Some(Spot {
                file: file.clone(),
                before: None,
                after: edit::moved(edit.range.start, &after.edits(file)) + within,
            }),
            Place::Spot(_) | Place::File(_) => None,
        },
    }
}

fn why(wanted: &Wanted, failed: &Failed) -> Why {
    let reason = match &failed.reason {
        Some(reason) => format!("{}: {reason}", wanted.reason),
        None => wanted.reason.clone(),
    };
    Why {
        reason,
        log: failed.log.clone(),
        hint: failed.hint.clone(),
    }
}

/// Brings `outputHashes` in step with the lock files that change.
fn output_hashes(context: &Context, items: &mut [Item]) {
    for item in items {
        let Some(lock) = item.lock.take() else {
            continue;
        };
        let text = item.steps.iter().find_map(|step| match &step.place {
            Place::File(path) if *path == lock.path => Some(step.new.clone()),
            _ => None,
        });
        let now = context.workspace.read(&lock.path);
        let (Some(text), Ok(now)) = (text, now) else {
            continue;
        };
        let workspace = context.workspace.with_overlay([now.with_text(text)]);
        let hashes = context.world.hashes;
        let entries =
            match hashes.output_hashes(context.workspace, &workspace, &lock.nix, &lock.path) {
                Ok(entries) => entries,
                Err(problem) => {
                    let reason = format!("{}: {problem}", lock.reason);
                    item.left.push((lock.pin, reason.into()));
                    continue;
                }
            };
        let wanted = |place: Hole| Wanted {
            pin: lock.pin,
            field: "outputHashes".into(),
            place,
            reason: lock.reason.clone(),
        };
        for offset in entries.moved {
            item.wanted.push(wanted(Hole::Literal {
                file: lock.nix.clone(),
                offset,
            }));
        }
        let source = context.workspace.read(&lock.nix).ok();
        for edit in entries.edits {
            let holes = edit.text.match_indices(&entries.placeholder);
            let step = item.steps.len();
            item.wanted
                .extend(holes.map(|(within, _)| wanted(Hole::Step { step, within })));
            let old = source
                .as_ref()
                .and_then(|source| source.text().get(edit.range.clone()))
                .map(shown)
                .unwrap_or_default();
            item.steps.push(Step {
                pin: lock.pin,
                field: "outputHashes".into(),
                new: shown(&edit.text),
                place: Place::Edit {
                    file: lock.nix.clone(),
                    offset: edit.range.start,
                    edit,
                    old,
                },
            });
        }
    }
}

/// Some of a Nix file on one line.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds the hashes of pins that would be stale to the items that make them so.
fn stale(context: &Context, items: &mut [Item]) -> Result<(), BumpError> {
    for at in &context.stale {
        let pin = context.pin(*at);
        let reason = format!(
            "the hash of `{}` would be stale, and needs a build",
            pin.name
        );
        let Some(wanted) = hash::wanted(pin, *at, &reason) else {
            continue;
        };
        let mut makers = BTreeSet::new();
        let alive = alive(items);
        for one in &alive {
            let group = group::of(context, items, &[*one])?;
            if prove::makes_stale(context, &group, pin)? {
                makers.insert(*one);
            }
        }
        // None of them alone: all together do.
        if makers.is_empty() {
            makers.extend(alive);
        }
        for one in makers {
            items[one].wanted.push(wanted.clone());
        }
    }
    Ok(())
}
