//! What needs no build: hashes that are recorded for what is fetched, and those that can be taken in this process.

use std::collections::BTreeSet;

use super::Native;
use super::subject::{How, Subject};
use crate::fetched::Fetched;
use crate::fod::lock::Entry;
use crate::fod::native::{self, NativeError, World};
use crate::fod::report::Strategy;
use crate::hash::Hash;

/// Whether something else may have the same literal, so that it has to be seen first which derivations have it.
pub fn may_be_shared(subject: &Subject) -> bool {
    subject.fetched.is_some_and(|fetched| fetched.by_name)
}

/// Settles those of the subjects at `which` of which it can be read off the text what they are the hash of: by the
/// record of the same, or by fetching it.
pub fn settle(
    subjects: &mut [Subject],
    which: &BTreeSet<usize>,
    mode: Native,
    all: bool,
    world: World,
) {
    if !all {
        for at in which {
            let subject = &mut subjects[*at];
            if !subject.is_open() {
                continue;
            }
            if let Some(hash) = recorded(subject, mode) {
                let strategy = match is_native(subject) {
                    true => Strategy::Native,
                    false => Strategy::Build,
                };
                subject.record = subject.recorded.cloned();
                subject.settle(hash, How::Recorded(strategy));
            }
        }
    }
    if mode == Native::Never {
        return;
    }
    let open: Vec<usize> = which
        .iter()
        .copied()
        .filter(|at| subjects[*at].is_open() && is_native(&subjects[*at]))
        .collect();
    let fetched: Vec<Fetched> = open
        .iter()
        .filter_map(|at| subjects[*at].fetched.cloned())
        .collect();
    for (at, result) in open.into_iter().zip(native::compute_all(&fetched, world)) {
        let subject = &mut subjects[at];
        subject.strategy = Some(Strategy::Native);
        match result {
            Ok(hash) => {
                subject.record = record(subject, &hash);
                subject.settle(hash, How::Native);
            }
            Err(error @ NativeError::Unproven(_)) if mode == Native::Only => {
                subject.reason = Some(error.to_string());
            }
            Err(error) if mode == Native::Only || !error.may_build() => {
                subject.fail(error.to_string());
            }
            Err(error) => subject.reason = Some(format!("built, since {error}")),
        }
    }
}

/// What cotter.lock is to record of what is fetched; `None` where that cannot be read off the text.
pub fn record(subject: &Subject, hash: &Hash) -> Option<Entry> {
    let fetched = subject.fetched?;
    let identity = fetched.what.identity()?;
    // What is made of it is another thing, though the same is fetched.
    let identity = match &fetched.obstacle {
        Some(obstacle) => format!("{identity} but {obstacle}"),
        None => identity,
    };
    Some(Entry::fetched(hash.clone(), &identity))
}

/// The hash that the literal says, where cotter.lock has it for what is fetched.
fn recorded(subject: &Subject, mode: Native) -> Option<Hash> {
    let own = subject.literal.hash()?;
    if mode == Native::Never && is_native(subject) {
        return None;
    }
    let (recorded, now) = (subject.recorded?, record(subject, own)?);
    (recorded.hash == now.hash && recorded.recipe == now.recipe).then(|| own.clone())
}

fn is_native(subject: &Subject) -> bool {
    subject
        .fetched
        .is_some_and(|fetched| fetched.obstacle.is_none() && fetched.what.identity().is_some())
}
