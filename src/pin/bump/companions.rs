//! Pins that were not asked for but read a literal that changes: it has to say something of theirs too, and their hash
//! has to follow.

use std::collections::{BTreeSet, HashMap};

use super::hash::{self, NewHash};
use super::item::{Item, Step, key};
use super::{BumpError, Context, location};
use crate::git::{GitError, Need};
use crate::pin::{Moves, Pin, PinnedHash, Role};
use crate::source::RelPath;

/// Adds the hashes of such pins to the items that move them; an item that cannot be right for them is left.
pub fn add(context: &Context, items: &mut [Item]) -> Result<(), BumpError> {
    let mut readers: HashMap<(RelPath, usize), Vec<usize>> = HashMap::new();
    for (at, pin) in context.found.pins.iter().enumerate() {
        if let Some(spot) = &pin.spot {
            readers
                .entry((spot.file.clone(), spot.offset()))
                .or_default()
                .push(at);
        }
    }
    for item in items {
        let own: BTreeSet<usize> = item.steps.iter().map(|step| step.pin).collect();
        let mut more = Item::default();
        for step in &item.steps {
            let reading = key(step)
                .and_then(|key| readers.get(&key))
                .into_iter()
                .flatten();
            for at in reading.filter(|at| !own.contains(at)) {
                let pin = context.pin(*at);
                if !has_a_stake(context, pin, step) {
                    continue;
                }
                match new_hash(context, *at, &step.new) {
                    Ok(new) => new.add_to(*at, &mut more),
                    // It has nothing by that name.
                    Err(BumpError::Git(errors)) if errors.iter().all(GitError::is_about_a_name) => {
                        let why = errors.iter().map(|error| (*at, error.to_string().into()));
                        more.left.extend(why);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        item.steps.extend(more.steps);
        item.wanted.extend(more.wanted);
        item.left.extend(more.left);
    }
    Ok(())
}

/// Whether the new value can be wrong for `pin`: it has a hash, or names something of another repository.
fn has_a_stake(context: &Context, pin: &Pin, step: &Step) -> bool {
    let is_hashed = !matches!(pin.hash, PinnedHash::None | PinnedHash::Locked(_));
    let is_elsewhere =
        matches!(pin.role, Role::Single) && pin.repository != context.pin(step.pin).repository;
    is_hashed || !pin.dependent_hashes.is_empty() || is_elsewhere
}

/// The hash of a pin whose value becomes `new`, which its repository has to know.
fn new_hash(context: &Context, at: usize, new: &str) -> Result<NewHash, BumpError> {
    let pin = context.pin(at);
    let Some(place) = location::of(context, pin).filter(|_| pin.moves != Moves::Given) else {
        return hash::of(context, at, None, None);
    };
    let git = context.world.git;
    let commit = match &pin.moves {
        Moves::Tag { prefix, suffix } => {
            let name = format!("{prefix}{new}{suffix}");
            let name = name.strip_prefix("refs/tags/").unwrap_or(&name).to_owned();
            match git.refs(&place)?.tag(&name) {
                Some(commit) => Some(commit),
                None => return Ok(NewHash::unknown(format!("{place} has no tag `{name}`"))),
            }
        }
        _ => new.parse().ok(),
    };
    if let Some(commit) = commit {
        git.repo(&place, &Need::Commits(vec![commit]))?;
    }
    hash::of(context, at, Some(&place), commit)
}
