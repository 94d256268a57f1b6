//! What keeps the pinned commits of a spork: which refs hold them, and whether a feature stands on upstream. Told of a
//! repository; whether that is refused or reported is said elsewhere.

use crate::config::Container;
use crate::git::{Ancestry, GitError, Oid, Refs, Repo};

/// What holds a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A branch that is not force-pushed, or a tag.
    Stable,
    /// Only these refs, which are force-pushed: full names.
    OnlyUnstable(Vec<String>),
    Nowhere,
}

/// Whether the ref of this full name is force-pushed, as far as the container says.
pub fn is_unstable(container: Option<&Container>, name: &str) -> bool {
    name.strip_prefix("refs/heads/")
        .is_some_and(|branch| match container {
            Some(container) => container.is_unstable(branch),
            None => branch == "deploy",
        })
}

/// What of `refs` holds `commit`. [`GitError::Shallow`] where the history ends too early to tell.
pub fn held(
    repo: &Repo,
    refs: &Refs,
    commit: Oid,
    container: Option<&Container>,
) -> Result<Held, GitError> {
    let is_stable = |name: &String| !is_unstable(container, name);
    // Mostly it is the tip of a branch, and no history has to be read.
    let mut at_tip = refs.by_name.iter().filter(|(_, tip)| **tip == commit);
    if at_tip.any(|(name, _)| is_stable(name)) {
        return Ok(Held::Stable);
    }
    let holding = repo.refs_containing(commit, refs)?;
    Ok(match holding.as_slice() {
        [] => Held::Nowhere,
        names if names.iter().any(is_stable) => Held::Stable,
        _ => Held::OnlyUnstable(holding),
    })
}

/// How a feature stands to upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// It has commits of its own over it.
    Upstream,
    /// It is upstream's very commit.
    Same,
    /// Upstream has it in its past.
    Merged,
    Other,
    /// The history is cut off.
    Unknown,
}

/// How `feature` stands to `upstream`.
pub fn base(repo: &Repo, upstream: Oid, feature: Oid) -> Result<Base, GitError> {
    if upstream == feature {
        return Ok(Base::Same);
    }
    Ok(match repo.ancestry(upstream, feature)? {
        Ancestry::Yes => Base::Upstream,
        Ancestry::Unknown => Base::Unknown,
        Ancestry::No => match repo.ancestry(feature, upstream)? {
            Ancestry::Yes => Base::Merged,
            _ => Base::Other,
        },
    })
}
