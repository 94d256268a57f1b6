//! The hash of a pinned tree, computed from git's objects where that is provably what the fetcher yields.

use super::{BumpError, Context};
use crate::git::{Location, Need, Oid};
use crate::hash::{Algo, Spelling};
use crate::pin::{Fetch, Pin, PinnedHash};
use crate::spot::Spot;

/// What becomes of the hash of a pin that moves.
pub enum NewHash {
    /// There is none.
    None,
    Known {
        spot: Spot,
        text: String,
    },
    /// It cannot be known without a build: the reason.
    Unknown(String),
}

/// The hash of `pin` at `commit` of the repository at `place`, spelled as the old one; SRI where a placeholder stood.
pub fn of(
    context: &Context,
    pin: &Pin,
    place: Option<&Location>,
    commit: Option<Oid>,
) -> Result<NewHash, BumpError> {
    if let Some(name) = pin.dependent_hashes.first() {
        return Ok(NewHash::Unknown(format!(
            "`{name}` is taken over what is built from it, and needs a build"
        )));
    }
    if pin
        .url
        .as_deref()
        .is_some_and(|url| url.contains("narHash="))
    {
        return Ok(NewHash::Unknown(
            "the `narHash` in its URL is no argument that can be rewritten".into(),
        ));
    }
    let (spot, old, algo) = match &pin.hash {
        PinnedHash::None | PinnedHash::Locked(_) => return Ok(NewHash::None),
        PinnedHash::Opaque(_) => {
            return Ok(NewHash::Unknown(
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
        return Ok(NewHash::Unknown(
            "its hash is taken over a file that has to be fetched".into(),
        ));
    };
    if let Some(obstacle) = obstacle {
        return Ok(NewHash::Unknown(format!(
            "{obstacle}, so its hash needs a build"
        )));
    }
    let repo = context
        .world
        .git
        .repo(place, &Need::Commits(vec![commit]))?;
    let algo = algo.unwrap_or(Algo::Sha256);
    let hash = match repo.fetched_hash(commit, *method, *submodules, algo)? {
        Ok(hash) => hash,
        Err(found) => {
            return Ok(NewHash::Unknown(format!(
                "at {commit}, {found}, so its hash needs a build"
            )));
        }
    };
    let spelling = old.as_ref().map_or(Spelling::Sri, |old| old.spelling);
    Ok(NewHash::Known {
        text: hash.spell(spelling),
        spot: spot.clone(),
    })
}
