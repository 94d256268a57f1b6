//! Which changes belong together, and the plan that is made of them.
//!
//! Changes that meet in one literal are one: where one of them cannot be made, none is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::item::{Item, Place, Step, Wanted, Why, key};
use super::{Bump, BumpError, Context, Remark, built, companions};
use crate::edit::Edit;
use crate::naming::Selection;
use crate::pin::Role;
use crate::plan::{Change, EditGroup};
use crate::problem::Problem;
use crate::source::{RelPath, Stamp};

/// Adds `items` to the plan; those that cannot be made are left.
pub fn into_plan(
    context: &Context,
    selection: &Selection,
    mut items: Vec<Item>,
    bump: &mut Bump,
) -> Result<(), BumpError> {
    keep_shared_versions(context, &mut items, bump);
    companions::add(context, &mut items)?;
    let hashes = items.iter().flat_map(|item| &item.steps);
    let hashed = hashes
        .filter(|step| step.field == "hash")
        .map(|step| step.pin);
    bump.hashed.extend(hashed);
    for item in &mut items {
        item.steps.retain(|step| match &step.place {
            Place::Spot(spot) => spot.value != step.new,
            Place::File(_) | Place::Edit { .. } => true,
        });
    }
    refuse_contradictions(context, &items)?;
    built::fill(context, &mut items, bump)?;
    for item in &mut items {
        item.steps
            .retain(|step| !matches!(&step.place, Place::Edit { old, .. } if *old == step.new));
    }
    let components = components(&items);
    let mut moved = BTreeSet::new();
    for component in components {
        let left: Vec<&(usize, Why)> = component.iter().flat_map(|at| &items[*at].left).collect();
        if let Some((_, first)) = left.first() {
            let mut named: Vec<usize> = left.iter().map(|(pin, _)| *pin).collect();
            named.extend(
                component
                    .iter()
                    .flat_map(|at| items[*at].steps.iter().map(|step| step.pin)),
            );
            named.sort_unstable();
            named.dedup();
            for pin in named {
                let own = left
                    .iter()
                    .find(|(at, _)| *at == pin)
                    .map(|(_, why)| why.clone());
                let why = own.unwrap_or_else(|| {
                    let reason = &first.reason;
                    format!("it moves together with what cannot move: {reason}").into()
                });
                bump.left.push(context.left(context.pin(pin), why));
                moved.insert(pin);
            }
            continue;
        }
        let group = of(context, &items, &component)?;
        moved.extend(
            component
                .iter()
                .flat_map(|at| &items[*at].steps)
                .map(|step| step.pin),
        );
        if !group.changes.is_empty() {
            bump.plan.groups.push(group);
        }
    }
    let stays = |at: &&usize| {
        !moved.contains(*at) && !matches!(context.pin(**at).role, Role::FlakeInput(_))
    };
    bump.plan.unchanged.extend(
        selection
            .chosen
            .iter()
            .filter(stays)
            .map(|at| context.pin(*at).name.to_string()),
    );
    Ok(())
}

/// The changes that the items of `component` come to.
pub fn of(context: &Context, items: &[Item], component: &[usize]) -> Result<EditGroup, BumpError> {
    let first = component.first().map(|at| items[*at].name.clone());
    // Items that share a literal name each other's steps.
    let mut seen = BTreeSet::new();
    let steps = component.iter().flat_map(|at| &items[*at].steps);
    let changes = steps
        .filter(|step| key(step).is_none_or(|key| seen.insert((step.pin, &step.field, key))))
        .map(|step| change(context, step))
        .collect::<Result<_, BumpError>>()?;
    Ok(EditGroup {
        name: first.unwrap_or_default(),
        changes,
    })
}

/// A `version` near several pins that come to different ones is nobody's: it stays.
fn keep_shared_versions(context: &Context, items: &mut [Item], bump: &mut Bump) {
    let mut wanted: HashMap<(RelPath, usize), BTreeSet<String>> = HashMap::new();
    let is_beside = |step: &Step| match (&step.place, &context.pin(step.pin).spot) {
        (Place::Spot(spot), Some(own)) => step.field == "version" && !spot.is_same(own),
        _ => false,
    };
    for step in items.iter().flat_map(|item| &item.steps) {
        if let Some(key) = key(step).filter(|_| is_beside(step)) {
            wanted.entry(key).or_default().insert(step.new.clone());
        }
    }
    wanted.retain(|_, values| values.len() > 1);
    for item in items {
        let shared: Vec<usize> = (0..item.steps.len())
            .filter(|at| key(&item.steps[*at]).is_some_and(|key| wanted.contains_key(&key)))
            .collect();
        for at in shared.into_iter().rev() {
            let step = item.steps.remove(at);
            let pin = context.pin(step.pin);
            bump.warnings.push(Remark {
                at: context.place(pin),
                message: format!(
                    "the `version` near `{}` is shared by pins of different versions; it stays",
                    pin.name
                ),
            });
            for shift in item.shifts.iter_mut().filter(|shift| shift.pin == step.pin) {
                shift.version = None;
            }
        }
    }
}

/// Two pins may share a literal, but only when they come to the same.
fn refuse_contradictions(context: &Context, items: &[Item]) -> Result<(), BumpError> {
    let mut seen: HashMap<(RelPath, usize), &Step> = HashMap::new();
    let mut problems: Vec<Problem> = Vec::new();
    for step in items.iter().flat_map(|item| &item.steps) {
        let Some(key) = key(step) else { continue };
        match seen.get(&key) {
            Some(first) if first.new != step.new => {
                let (one, other) = (context.pin(first.pin), context.pin(step.pin));
                problems.push(context.problem(
                    other,
                    format!(
                        "`{}` becomes {} but `{}`, which shares the value, becomes {}",
                        one.name, first.new, other.name, step.new
                    ),
                    Some("let both follow the same, or give each a value of its own"),
                ));
            }
            Some(_) => {}
            None => drop(seen.insert(key, step)),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(BumpError::Source(problems))
    }
}

/// Items that change a common literal, as lists of indices.
pub fn components(items: &[Item]) -> Vec<Vec<usize>> {
    let mut first_of: HashMap<(RelPath, usize), usize> = HashMap::new();
    let mut parent: Vec<usize> = (0..items.len()).collect();
    fn root(parent: &[usize], mut at: usize) -> usize {
        while parent[at] != at {
            at = parent[at];
        }
        at
    }
    for (at, item) in items.iter().enumerate() {
        let wanted = item.wanted.iter().filter_map(Wanted::key);
        for key in item.steps.iter().filter_map(key).chain(wanted) {
            let other = *first_of.entry(key).or_insert(at);
            let (a, b) = (root(&parent, at), root(&parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..items.len() {
        by_root.entry(root(&parent, at)).or_default().push(at);
    }
    by_root.into_values().collect()
}

fn change(context: &Context, step: &Step) -> Result<Change, BumpError> {
    let name = context.pin(step.pin).name.to_string();
    match &step.place {
        Place::Spot(spot) => {
            let file = context.workspace.read(&spot.file)?;
            let edit = spot.replace(&file, &step.new)?;
            let mut change = Change::new(name, &file, &*step.field, &spot.value, &step.new, edit);
            // The edit may take in the quotes; the place is that of the value.
            let at = file.position(spot.offset());
            (change.line, change.column) = (at.line, at.column);
            Ok(change)
        }
        Place::File(path) => {
            let file = context.workspace.read(path)?;
            let edit = Edit {
                range: 0..file.text().len(),
                text: step.new.clone(),
            };
            let (old, new) = (digest(file.text()), digest(&step.new));
            Ok(Change::new(name, &file, &*step.field, old, new, edit))
        }
        Place::Edit {
            file,
            offset,
            edit,
            old,
        } => {
            let file = context.workspace.read(file)?;
            let mut change = Change::new(name, &file, &*step.field, old, &step.new, edit.clone());
            let at = file.position(*offset);
            (change.line, change.column) = (at.line, at.column);
            Ok(change)
        }
    }
}

/// A whole file's content in one word.
fn digest(text: &str) -> String {
    let Stamp(bytes) = Stamp::of(text.as_bytes());
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&bytes[..6]))
}
