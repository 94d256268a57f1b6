//! A spork moves whole: upstream, features, version, lock file; all or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::{Item, Place, Step};
use super::lockfile::{self, NewLock};
use super::target::Targets;
use super::{Bump, BumpError, Context, Remark, Violation, invariants, location, single};
use crate::git::{Ancestry, GitError, Location, Need, Oid, Refs, Repo};
use crate::pin::{Role, Selection, SporkRole};
use crate::source::RelPath;

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

/// An item per spork of which something moves. Its invariants are checked as it will be, whatever was selected.
pub fn items(
    context: &Context,
    selection: &Selection,
    targets: &Targets,
    bump: &mut Bump,
) -> Result<Vec<Item>, BumpError> {
    let mut members: BTreeMap<&(RelPath, String), Vec<(usize, &SporkRole)>> = BTreeMap::new();
    for (at, pin) in context.found.pins.iter().enumerate() {
        if let Role::Spork(role) = &pin.role {
            members.entry(&role.spork).or_default().push((at, role));
        }
    }
    let mut items = Vec::new();
    let mut violations = Vec::new();
    for members in members.into_values() {
        let moves = |at: usize| targets.by_pin.contains_key(&at) && selection.pins.contains(&at);
        if !members.iter().any(|(at, _)| moves(*at)) {
            continue;
        }
        let mut found = Vec::new();
        if let Some(spork) = as_it_will_be(context, selection, targets, &members, &mut found)? {
            found.extend(invariants::check(context, &spork, bump)?);
            if found.is_empty() {
                goes_back(context, targets, &spork, bump)?;
                items.push(item(context, targets, &spork, bump)?);
            }
        }
        violations.extend(found);
    }
    if violations.is_empty() {
        Ok(items)
    } else {
        Err(BumpError::Invariant(violations))
    }
}

/// Members whose commit is gone are violations, and missing in the result.
fn as_it_will_be<'a>(
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
                is_selected: selection.pins.contains(at),
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

/// Upstream only goes forward: when it does not, the clone is behind or its history was rewritten.
fn goes_back(
    context: &Context,
    targets: &Targets,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<(), BumpError> {
    let pin = context.pin(spork.upstream.pin);
    let is_followed =
        targets.by_pin.contains_key(&spork.upstream.pin) && !targets.is_given(spork.upstream.pin);
    let (true, Some(Ok(old))) = (is_followed, pin.rev.as_deref().map(str::parse::<Oid>)) else {
        return Ok(());
    };
    let new = spork.upstream.commit;
    let known = match spork.repo.has_commit(old) {
        true => spork.repo.ancestry(old, new)?,
        false if spork.repo.is_shallow() => Ancestry::Unknown,
        false => Ancestry::No,
    };
    if known == Ancestry::No {
        bump.warnings.push(Remark {
            at: context.place(pin),
            message: format!(
                "upstream {} of {} does not have the pinned {} in its past: it was rewritten, or a clone is behind \
                 (`git fetch`)",
                new.short(12),
                spork.place,
                old.short(12)
            ),
        });
    }
    Ok(())
}

fn item(
    context: &Context,
    targets: &Targets,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<Item, BumpError> {
    let upstream = context.pin(spork.upstream.pin);
    let mut item = Item {
        name: upstream.name.container.clone(),
        ..Item::default()
    };
    for member in std::iter::once(&spork.upstream).chain(&spork.features) {
        if let Some(target) = targets.by_pin.get(&member.pin) {
            let one = single::item(
                context,
                member.pin,
                context.pin(member.pin),
                target,
                targets,
            )?;
            item.steps.extend(one.steps);
            item.shifts.extend(one.shifts);
            item.left.extend(one.left);
        }
    }
    match lockfile::of(context, spork)? {
        NewLock::Same => {}
        NewLock::New {
            path,
            text,
            from_feature,
        } => {
            if let Some((feature, reason)) = from_feature {
                bump.notes.push(Remark {
                    at: None,
                    message: format!("{path} is the one of the feature `{feature}`: {reason}"),
                });
            }
            let pin = spork.upstream.pin;
            item.steps.push(Step {
                pin,
                field: "Cargo.lock",
                place: Place::File(path),
                new: text,
            });
        }
        NewLock::Unknown(reason) => item.left.push((spork.upstream.pin, reason)),
        NewLock::Missing(message) => bump.warnings.push(Remark {
            at: context.place(upstream),
            message,
        }),
    }
    Ok(item)
}
