//! The `Cargo.lock` that a spork is built with.

use super::{Feature, ForkError, LockFile, Wanted};
use crate::git::Oid;
use crate::pin::invariants::Fault;
use crate::pin::lockfile::{Choice, LOCK, choose, text_at};

/// The lock file that fits upstream with these features. `None` where upstream has none, and the one beside the
/// expression has to do.
pub fn of(
    wanted: &Wanted,
    upstream: Oid,
    features: &[Feature],
    notes: &mut Vec<String>,
) -> Result<Option<LockFile>, ForkError> {
    let Some(of_upstream) = text_at(wanted.repo, upstream, LOCK)? else {
        return match wanted.lock {
            Some(_) => {
                notes.push(format!(
                    "upstream has no {LOCK} at {upstream}: the one that is there is built with"
                ));
                Ok(None)
            }
            None => Err(ForkError::wrong(
                format!(
                    "upstream has no {LOCK} at {upstream}, and no build is the same twice without one"
                ),
                format!(
                    "check that commit out, run `cargo generate-lockfile`, and put the {LOCK} beside the expression"
                ),
            )),
        };
    };
    let members = |is_meant: fn(&Feature) -> bool| -> Vec<(&str, Oid)> {
        let meant = features.iter().filter(|feature| is_meant(feature));
        meant
            .map(|feature| (feature.name.as_str(), feature.commit))
            .collect()
    };
    let text = match choose(wanted.repo, upstream, &members(|_| true), &of_upstream)? {
        Choice::Upstream => of_upstream.clone(),
        Choice::Feature { name, text, reason } => {
            notes.push(format!(
                "{LOCK} is the one of the feature `{name}`: {reason}"
            ));
            text
        }
        Choice::None(reason) => {
            return Err(ForkError::Invariant(vec![Fault {
                feature: None,
                message: reason,
                hint: format!(
                    "make the {LOCK} right on one of the feature branches: rebase it onto the others, and run `cargo check`"
                ),
            }]));
        }
    };
    // What the spork as it is pinned now was built with.
    let is_pinned = |feature: &Feature| feature.from.is_none();
    let before = match wanted.existing {
        Some(_) => match choose(wanted.repo, upstream, &members(is_pinned), &of_upstream)? {
            Choice::Upstream => Some(of_upstream),
            Choice::Feature { text, .. } => Some(text),
            Choice::None(_) => None,
        },
        None => None,
    };
    Ok(Some(LockFile { text, before }))
}
