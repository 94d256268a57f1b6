//! The hash of a pinned tree, computed from git's objects where that is provably what the fetcher yields; else which
//! hashes are wanted of a build or a download.

use super::item::{Hole, Item, Step, Wanted};
use super::{BumpError, Context};
use crate::git::{Location, Need, Oid};
use crate::hash::{Algo, Spelling};
use crate::pin::{Fetch, Pin, PinnedHash};
use crate::spot::Spot;

/// What becomes of the hashes of a pin that moves.
#[derive(Default)]
pub struct NewHash {
    /// Its own, where that is proven.
    known: Option<(Spot, String)>,
    wanted: Vec<Wanted>,
    /// Why it cannot be known: it is in no place that can be written.
    unknown: Option<String>,
}

impl NewHash {
    pub fn unknown(reason: String) -> NewHash {
        NewHash {
            unknown: Some(reason),
            ..NewHash::default()
        }
    }

    /// Adds it to the item that moves the pin `at`.
    pub fn add_to(self, at: usize, item: &mut Item) {
        if let Some((spot, text)) = self.known {
            item.steps.push(Step::at(at, "hash", &spot, text));
        }
        item.wanted.extend(self.wanted);
        item.left
            .extend(self.unknown.map(|reason| (at, reason.into())));
    }
}

/// The hashes of the pin `at`, at `commit` of the repository at `place`: its own, spelled as the old one and as SRI
/// where a placeholder stood; and those of what is built from it.
pub fn of(
    context: &Context,
    at: usize,
    place: Option<&Location>,
    commit: Option<Oid>,
) -> Result<NewHash, BumpError> {
    let pin = context.pin(at);
    let mut new = own(context, at, pin, place, commit)?;
    for dependent in &pin.dependent_hashes {
        let name = &dependent.name;
        let reason = format!("`{name}` is taken over what is built from it, and needs a build");
        match &dependent.place {
            Some((file, offset)) => new.wanted.push(Wanted {
                pin: at,
                field: name.clone().into(),
                place: Hole::Literal {
                    file: file.clone(),
                    offset: *offset,
                },
                reason,
            }),
            None => new.unknown = Some(reason),
        }
    }
    Ok(new)
}

fn own(
    context: &Context,
    at: usize,
    pin: &Pin,
    place: Option<&Location>,
    commit: Option<Oid>,
) -> Result<NewHash, BumpError> {
    if pin
        .url
        .as_deref()
        .is_some_and(|url| url.contains("narHash="))
    {
        return Ok(NewHash::unknown(
            "the `narHash` in its URL is no argument that can be rewritten".into(),
        ));
    }
    let wanted = |reason: String| match wanted(pin, at, &reason) {
        Some(wanted) => NewHash {
            wanted: vec![wanted],
            ..NewHash::default()
        },
        None => NewHash::unknown(reason),
    };
    let (spot, old, algo) = match &pin.hash {
        PinnedHash::None | PinnedHash::Locked(_) => return Ok(NewHash::default()),
        PinnedHash::Opaque(_) => {
            return Ok(wanted(
                "its hash is no literal that can be rewritten".into(),
            ));
        }
        PinnedHash::Literal { spot, text, algo } => (spot, text, *algo),
    };
    let (
        Some(Fetch::Tree {
            method,
            submodules,
            obstacle,
        }),
        Some(commit),
        Some(place),
    ) = (&pin.fetch, commit, place)
    else {
        return Ok(wanted(
            "its hash is taken over a file that has to be fetched".into(),
        ));
    };
    if let Some(obstacle) = obstacle {
        return Ok(wanted(format!("{obstacle}, so its hash needs a build")));
    }
    let repo = context
        .world
        .git
        .repo(place, &Need::Commits(vec![commit]))?;
    let algo = algo.unwrap_or(Algo::Sha256);
    let hash = match repo.fetched_hash(commit, *method, *submodules, algo)? {
        Ok(hash) => hash,
        Err(found) => {
            return Ok(wanted(format!(
                "at {commit}, {found}, so its hash needs a build"
            )));
        }
    };
    let spelling = old.as_ref().map_or(Spelling::Sri, |old| old.spelling);
    Ok(NewHash {
        known: Some((spot.clone(), hash.spell(spelling))),
        ..NewHash::default()
    })
}

/// The pin's own hash, wanted; `None` where it is in no place that can be written.
pub fn wanted(pin: &Pin, at: usize, reason: &str) -> Option<Wanted> {
    Some(Wanted {
        pin: at,
        field: "hash".into(),
        place: hole(&pin.hash)?,
        reason: reason.to_owned(),
    })
}

/// Where a hash stands that can be written.
pub fn hole(hash: &PinnedHash) -> Option<Hole> {
    let (file, offset) = match hash {
        PinnedHash::Literal { spot, .. } => (spot.file.clone(), spot.offset()),
        PinnedHash::Opaque(Some(fake)) => (fake.file.clone(), fake.offset),
        PinnedHash::None | PinnedHash::Opaque(None) | PinnedHash::Locked(_) => return None,
    };
    Some(Hole::Literal { file, offset })
}
