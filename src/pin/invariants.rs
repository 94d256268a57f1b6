//! What must hold of a spork as it is, or as it is to be: lasting refs hold its commits, every feature stands on upstream,
//! and the features go together. Told of a repository; whether a fault is refused or only told is said elsewhere.

use super::held::{self, Base, Held};
use crate::config::Container;
use crate::git::{Ancestry, Conflict, GitError, Location, Oid, Refs, Repo, Uncarried};

/// A spork's commits, and the repository that knows them.
pub struct Stack<'a> {
    pub place: &'a Location,
    pub repo: &'a Repo,
    pub refs: &'a Refs,
    pub container: Option<&'a Container>,
    pub upstream: Part<'a>,
    /// In the order in which they are applied.
    pub features: Vec<Part<'a>>,
}

/// Upstream, or a feature.
pub struct Part<'a> {
    /// The feature's name.
    pub name: &'a str,
    /// What messages call the place that names the commit.
    pub pin: String,
    pub commit: Oid,
    /// The ref that it was just taken from.
    pub from: Option<&'a str>,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The index of the feature; `None` for upstream.
    pub feature: Option<usize>,
    pub message: String,
    pub hint: String,
}

impl Stack<'_> {
    fn parts(&self) -> impl Iterator<Item = (Option<usize>, &Part<'_>)> {
        let features = self.features.iter().enumerate();
        std::iter::once((None, &self.upstream)).chain(features.map(|(at, part)| (Some(at), part)))
    }

    /// Commits that no lasting ref holds: they will be gone.
    pub fn unheld(&self) -> Result<Vec<Fault>, GitError> {
        let mut faults = Vec::new();
        for (feature, part) in self.parts() {
            let is_lasting = |name: &str| !held::is_unstable(self.container, name);
            if part.from.is_some_and(is_lasting) {
                continue;
            }
            let what = match held::held(self.repo, self.refs, part.commit, self.container)? {
                Held::Stable => continue,
                Held::Nowhere => format!("no branch or tag of {} holds", self.place),
                Held::OnlyUnstable(names) => format!(
                    "only {} of {}, which is force-pushed, holds",
                    names.join(", "),
                    self.place
                ),
            };
            faults.push(Fault {
                feature,
                message: format!("{what} {}, the rev of `{}`", part.commit, part.pin),
                hint: "pin a commit of a branch that is never force-pushed".to_owned(),
            });
        }
        Ok(faults)
    }

    /// Features that do not stand on upstream, with how they stand to it: never [`Base::Upstream`], nor
    /// [`Base::Unknown`], which is [`GitError::Shallow`].
    pub fn not_on_upstream(&self) -> Result<Vec<(Base, Fault)>, GitError> {
        let upstream = self.upstream.commit;
        let mut faults = Vec::new();
        for (at, part) in self.features.iter().enumerate() {
            let (name, tip) = (part.name, part.commit);
            let base = held::base(self.repo, upstream, tip)?;
            let (message, hint) = match base {
                Base::Upstream => continue,
                Base::Unknown => {
                    return Err(GitError::Shallow {
                        location: self.place.to_string(),
                    });
                }
                Base::Same => (
                    format!(
                        "the feature `{name}` has no commits of its own: it is upstream {}",
                        upstream.short(12)
                    ),
                    format!("remove the feature `{name}`: there is nothing to patch"),
                ),
                Base::Merged => (
                    format!("the feature `{name}` at {tip} is part of upstream {upstream} already"),
                    format!("remove the feature `{name}`: it has no commits of its own any more"),
                ),
                Base::Other => (
                    format!(
                        "the feature `{name}` at {tip} does not descend from upstream {upstream}"
                    ),
                    "rebase the feature's branch onto upstream, fetch, and run this again"
                        .to_owned(),
                ),
            };
            faults.push((
                base,
                Fault {
                    feature: Some(at),
                    message,
                    hint,
                },
            ));
        }
        Ok(faults)
    }

    /// Features that stand on a newer upstream than the one that is pinned: their patches take in more than their own.
    /// Of several the patches have the same change, and do not apply one after the other. `main` is upstream's branch.
    pub fn on_newer_upstream(&self, main: &str) -> Result<Vec<Fault>, GitError> {
        let upstream = self.upstream.commit;
        let Some(tip) = self.refs.branch(main).filter(|tip| *tip != upstream) else {
            return Ok(Vec::new());
        };
        if self.repo.is_shallow() || !self.repo.has_commit(tip) {
            return Ok(Vec::new());
        }
        let mut faults = Vec::new();
        for (at, part) in self.features.iter().enumerate() {
            let (over_pinned, _) = self.repo.ahead_behind(upstream, part.commit)?;
            let (own, _) = self.repo.ahead_behind(tip, part.commit)?;
            if over_pinned > own {
                let extra = over_pinned - own;
                let plural = if extra == 1 { "" } else { "s" };
                faults.push(Fault {
                    feature: Some(at),
                    message: format!(
                        "the feature `{}` at {} stands on a newer upstream: its patch takes in {extra} commit{plural} \
                         of {main} that {upstream} lacks",
                        part.name, part.commit
                    ),
                    hint: "bump upstream too".to_owned(),
                });
            }
        }
        Ok(faults)
    }

    /// Features that do not go on top of those before them, with what git says of each.
    pub fn conflicts(&self) -> Result<Vec<(Conflict, Fault)>, GitError> {
        if self.features.len() < 2 {
            return Ok(Vec::new());
        }
        let tips: Vec<(String, Oid)> = self
            .features
            .iter()
            .map(|part| (part.name.to_owned(), part.commit))
            .collect();
        let at_commit = |name: &str| {
            let commit = tips.iter().find(|(other, _)| other == name);
            let commit = commit.map(|(_, commit)| commit.to_string());
            format!("`{name}` at {}", commit.unwrap_or_default())
        };
        let conflicts = self.repo.conflicts(self.upstream.commit, &tips)?;
        let fault = |conflict: &Conflict| -> Result<Fault, GitError> {
            let others: Vec<String> = conflict.with.iter().map(|name| at_commit(name)).collect();
            let (feature, others) = (at_commit(&conflict.name), others.join(" and "));
            let paths = conflict.paths.join(", ");
            let (message, hint) = match conflict.is_same {
                false => (
                    format!("the feature {feature} conflicts with {others} in {paths}"),
                    "rebase one of the features onto the other and pin that one alone, or leave one out"
                        .to_owned(),
                ),
                true => (
                    format!(
                        "the feature {feature} makes the same change as {others} in {paths}: a patch does not apply twice"
                    ),
                    self.hint_of_same(conflict)?,
                ),
            };
            Ok(Fault {
                feature: tips.iter().position(|(name, _)| *name == conflict.name),
                message,
                hint,
            })
        };
        conflicts
            .into_iter()
            .map(|conflict| {
                let fault = fault(&conflict)?;
                Ok((conflict, fault))
            })
            .collect()
    }

    /// What is to be done about a change that is made twice.
    fn hint_of_same(&self, conflict: &Conflict) -> Result<String, GitError> {
        let commit = |name: &str| {
            let part = self.features.iter().find(|part| part.name == name);
            part.map(|part| part.commit)
        };
        let name = &conflict.name;
        for other in &conflict.with {
            let (Some(one), Some(two)) = (commit(other), commit(name)) else {
                continue;
            };
            for (lower, upper, below, above) in [(one, two, other, name), (two, one, name, other)] {
                if self.repo.ancestry(lower, upper)? == Ancestry::Yes {
                    return Ok(format!(
                        "`{above}` stands on `{below}` and has all of it: leave `{below}` out, or rebase `{above}` onto \
                         upstream alone"
                    ));
                }
            }
        }
        Ok("take the change out of one of the features, or leave one out".to_owned())
    }

    /// Features with changes that no patch of text carries.
    pub fn uncarried(&self) -> Result<Vec<Fault>, GitError> {
        let mut faults = Vec::new();
        for (at, part) in self.features.iter().enumerate() {
            let lost = self.repo.uncarried(self.upstream.commit, part.commit)?;
            if lost.is_empty() {
                continue;
            }
            faults.push(Fault {
                feature: Some(at),
                message: format!(
                    "the feature `{}` at {} changes what no patch carries: {}",
                    part.name,
                    part.commit,
                    listed(&lost)
                ),
                hint: "take these changes out of its branch: make them where the package is built, or pin an upstream \
                       that has them; or leave the feature out"
                    .to_owned(),
            });
        }
        Ok(faults)
    }
}

/// Paths with the reason for each. Of many the first.
fn listed(lost: &[Uncarried]) -> String {
    const MOST: usize = 10;
    let first = lost.iter().take(MOST);
    let mut shown: Vec<String> = first
        .map(|one| format!("{} ({})", one.path, one.why.word()))
        .collect();
    if let Some(more) = lost.len().checked_sub(MOST).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}
