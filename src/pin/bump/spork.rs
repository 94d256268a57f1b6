//! One spork as it will be: its commits, and the repository that knows them.

use std::sync::Arc;

use super::targets::Targets;
use super::{BumpError, Context, Violation, location};
use crate::git::{GitError, Location, Need, Oid, Refs, Repo};
use crate::naming::Selection;
use crate::pin::SporkRole;

/// A spork as it will be.
pub struct Spork<'a> {
    pub place: Location,
    pub repo: Arc<Repo>,
    pub refs: Arc<Refs>,
    pub upstream: Member<'a>,
    /// In the order in which they are applied.
    pub features: Vec<Member<'a>>,
}

pub struct Member<'a> {
    pub pin: usize,
    pub role: &'a SporkRole,
    pub commit: Oid,
    /// The ref that it was just taken from.
    pub from: Option<String>,
    /// Whether it was asked for. What was not is not touched, and no worse than it was.
    pub is_selected: bool,
}

impl Member<'_> {
    pub fn name(&self) -> &str {
        self.role
            .feature
            .as_ref()
            .map_or("upstream", |feature| feature.name.as_str())
    }
}

impl<'a> Spork<'a> {
    /// Members whose commit is gone are violations, and missing in the result.
    pub fn as_it_will_be(
        context: &Context,
        selection: &Selection,
        targets: &Targets,
        members: &[(usize, &'a SporkRole)],
        violations: &mut Vec<Violation>,
    ) -> Result<Option<Spork<'a>>, BumpError> {
        let Some((upstream, _)) = members.iter().find(|(_, role)| role.feature.is_none()) else {
            return Ok(None);
        };
        let place = members
            .iter()
            .find_map(|(at, _)| targets.locations.get(at).cloned())
            .or_else(|| location::of(context, context.pin(*upstream)));
        let Some(place) = place else { return Ok(None) };
        let git = context.world.git;
        let repo = git.repo(&place, &Need::History)?;
        let mut known = Vec::new();
        let mut problems = Vec::new();
        for (at, role) in members {
            let pin = context.pin(*at);
            let target = targets.by_pin.get(at);
            let commit = match target.and_then(|target| target.commit) {
                Some(commit) => is_commit(
                    &repo,
                    &place,
                    commit,
                    target.and_then(|t| t.from.as_deref()),
                ),
                None => repo.resolve(pin.rev.as_deref().unwrap_or_default()),
            };
            match commit {
            Ok(commit) => known.push(Member {
                pin: *at,
                role,
                commit,
                from: target.and_then(|target| target.from.clone()),
                is_selected: selection.chosen.contains(at),
            }),
            Err(GitError::NoSuchCommit { .. }) if repo.is_shallow() => {
                return Err(GitError::Shallow {
                    location: place.to_string(),
                }
                .into());
            }
            Err(GitError::NoSuchCommit { oid, .. }) => violations.push(Violation {
                at: context.place(pin),
                message: format!(
                    "no branch or tag of {place} holds {oid}, the rev of `{}`, and the commit is gone from there",
                    pin.name
                ),
                hint: Some(match &place {
                    Location::Clone(_) => {
                        "run `git fetch` there, or let the pin follow its branch: bump the whole spork".to_owned()
                    }
                    Location::Remote(_) => {
                        "let the pin follow its branch: bump the whole spork, or name a clone that has the commit \
                         with `--clone`"
                            .to_owned()
                    }
                }),
            }),
            Err(error @ (GitError::NoSuchRev { .. } | GitError::Ambiguous { .. } | GitError::NotACommit { .. })) => {
                problems.push(context.problem(
                    pin,
                    error.to_string(),
                    Some("write the full name of a commit"),
                ));
            }
            Err(error) => return Err(error.into()),
        }
        }
        if !problems.is_empty() {
            return Err(BumpError::Source(problems));
        }
        let (mut features, upstream): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|member| member.role.feature.is_some());
        features.sort_by_key(|member| member.role.feature.as_ref().map(|feature| feature.order));
        let refs = git.refs(&place)?;
        Ok(upstream.into_iter().next().map(|upstream| Spork {
            place,
            repo,
            refs,
            upstream,
            features,
        }))
    }
}

/// `commit`, when it is one: what a remote lists under `from` may be anything.
fn is_commit(
    repo: &Repo,
    place: &Location,
    commit: Oid,
    from: Option<&str>,
) -> Result<Oid, GitError> {
    match (repo.resolve(&commit.to_string()), from) {
        (Err(GitError::NotACommit { kind, .. }), Some(from)) => Err(GitError::Network {
            location: place.to_string(),
            reason: format!("its `{from}` is a {kind} ({commit}), not a commit"),
        }),
        (known, _) => known,
    }
}
