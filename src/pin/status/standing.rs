//! How one pin stands: to the tip of the branch that it follows, and to the refs that keep it.

use super::Known;
use crate::git::{GitError, Oid};
use crate::pin::follow::is_feature_branch;
use crate::pin::held::{self, Held};
use crate::pin::{Follow, Pin};

/// What is known of a pin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The commit that it names. `None` where the repository does not have it.
    pub commit: Option<Oid>,
    /// The branch that it follows, where it follows one that is there.
    pub branch: Option<String>,
    pub tip: Option<Oid>,
    /// From the tip to the pin: what the pin has that the tip lacks, and the other way round. `None` where there is no
    /// branch, or the history is cut off.
    pub from_tip: Option<Way>,
    pub keeping: Keeping,
}

/// Commits between two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub ahead: usize,
    pub behind: usize,
}

/// What keeps a commit from garbage collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// A branch that is not force-pushed, or a tag.
    Stable,
    /// Only these refs, which are force-pushed: full names.
    OnlyUnstable(Vec<String>),
    Nothing,
    /// The repository does not have it, whole history and all.
    Absent,
    /// The history is cut off, or the rev names no commit.
    #[default]
    Unknown,
}

impl Keeping {
    /// Whether a garbage collection would lose the commit, or has lost it.
    pub fn is_at_risk(&self) -> bool {
        matches!(
            self,
            Keeping::OnlyUnstable(_) | Keeping::Nothing | Keeping::Absent
        )
    }
}

impl Known<'_> {
    pub(super) fn standing(&self, pin: &Pin) -> Result<Standing, GitError> {
        let container = self.request.containers.config(&pin.name.container);
        let follow = Follow::of(pin, self.request.config, container);
        let followed = self.branch(&follow);
        let mut standing = Standing {
            branch: followed.as_ref().map(|(branch, _)| branch.clone()),
            tip: followed.map(|(_, tip)| tip),
            ..Standing::default()
        };
        let commit = match self.repo.resolve(pin.rev.as_deref().unwrap_or_default()) {
            Ok(commit) => commit,
            Err(GitError::NoSuchCommit { .. }) => {
                if !self.repo.is_shallow() {
                    standing.keeping = Keeping::Absent;
                }
                return Ok(standing);
            }
            Err(error) if error.is_about_a_name() => return Ok(standing),
            Err(error) => return Err(error),
        };
        standing.commit = Some(commit);
        // A remote may have moved on since its history was fetched.
        if let Some(tip) = standing.tip.filter(|tip| self.repo.has_commit(*tip)) {
            standing.from_tip = self.way(tip, commit)?;
        }
        standing.keeping = match held::held(self.repo, self.refs, commit, container) {
            Ok(Held::Stable) => Keeping::Stable,
            Ok(Held::OnlyUnstable(names)) => Keeping::OnlyUnstable(names),
            Ok(Held::Nowhere) => Keeping::Nothing,
            Err(GitError::Shallow { .. }) => Keeping::Unknown,
            Err(error) => return Err(error),
        };
        Ok(standing)
    }

    /// The branch that is followed, and its tip.
    fn branch(&self, follow: &Follow) -> Option<(String, Oid)> {
        match follow {
            Follow::Branch(name) => Some((name.clone(), self.refs.branch(name)?)),
            Follow::Feature(name) => {
                let mut meant = self
                    .refs
                    .branches()
                    .filter(|(branch, _)| is_feature_branch(branch, name));
                match (meant.next(), meant.next()) {
                    (Some((branch, tip)), None) => Some((branch.to_owned(), tip)),
                    _ => None,
                }
            }
            Follow::Head => {
                let head = self.refs.head.as_ref()?;
                Some((head.branch.clone()?, head.id))
            }
            Follow::Stay | Follow::Tags(_) | Follow::Releases => None,
        }
    }
}
