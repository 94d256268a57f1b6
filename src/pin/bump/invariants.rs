//! What must hold for a spork before anything of it is written.

use super::spork::{Member, Spork};
use super::{Bump, BumpError, Context, Remark, Violation};
use crate::git::GitError;
use crate::pin::held::{self, Base, Held};

/// The invariants that `spork` breaks, all of them, with the commits named.
pub fn check(
    context: &Context,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<Vec<Violation>, BumpError> {
    let mut found = Vec::new();
    for member in std::iter::once(&spork.upstream).chain(&spork.features) {
        found.extend(unstable(context, spork, member, bump)?);
    }
    for feature in &spork.features {
        found.extend(not_a_descendant(context, spork, feature, bump)?);
    }
    found.extend(newer_upstream(context, spork, bump)?);
    // What does not descend from upstream has no base to be merged over.
    if found.is_empty() {
        found.extend(conflicts(context, spork)?);
    }
    Ok(found)
}

fn violation(context: &Context, member: &Member, message: String, hint: String) -> Violation {
    Violation {
        at: context.place(context.pin(member.pin)),
        message,
        hint: Some(hint),
    }
}

/// A rev that no lasting ref holds: it will be gone.
fn unstable(
    context: &Context,
    spork: &Spork,
    member: &Member,
    bump: &mut Bump,
) -> Result<Option<Violation>, BumpError> {
    let pin = context.pin(member.pin);
    let container = context.containers.config(&pin.name.container);
    if member
        .from
        .as_deref()
        .is_some_and(|name| !held::is_unstable(container, name))
    {
        return Ok(None);
    }
    let what = match held::held(&spork.repo, &spork.refs, member.commit, container)? {
        Held::Stable => return Ok(None),
        Held::Nowhere => format!("no branch or tag of {} holds", spork.place),
        Held::OnlyUnstable(names) => format!(
            "only {} of {}, which is force-pushed, holds",
            names.join(", "),
            spork.place
        ),
    };
    let message = format!("{what} {}, the rev of `{}`", member.commit, pin.name);
    if !member.is_selected {
        let at = context.place(pin);
        bump.warnings.push(Remark { at, message });
        return Ok(None);
    }
    Ok(Some(violation(
        context,
        member,
        message,
        "pin a commit of a branch that is never force-pushed".to_owned(),
    )))
}

fn not_a_descendant(
    context: &Context,
    spork: &Spork,
    feature: &Member,
    bump: &mut Bump,
) -> Result<Option<Violation>, BumpError> {
    let (upstream, tip) = (spork.upstream.commit, feature.commit);
    let name = feature.name();
    let found = match held::base(&spork.repo, upstream, tip)? {
        Base::Upstream => return Ok(None),
        Base::Same => {
            bump.warnings.push(Remark {
                at: context.place(context.pin(feature.pin)),
                message: format!(
                    "the feature `{name}` has no commits of its own: it is upstream {}",
                    upstream.short(12)
                ),
            });
            return Ok(None);
        }
        Base::Unknown => {
            return Err(GitError::Shallow {
                location: spork.place.to_string(),
            }
            .into());
        }
        Base::Merged => violation(
            context,
            feature,
            format!("the feature `{name}` at {tip} is part of upstream {upstream} already"),
            format!("remove the feature `{name}`: it has no commits of its own any more"),
        ),
        Base::Other => violation(
            context,
            feature,
            format!("the feature `{name}` at {tip} does not descend from upstream {upstream}"),
            "rebase the feature's branch onto upstream, fetch, and bump again".to_owned(),
        ),
    };
    Ok(Some(found))
}

/// A feature's patch is what it has over the pinned upstream. Where it stands on a newer one, that is more than its own:
/// told of one feature, refused of several, since patches with the same change do not apply one after the other.
fn newer_upstream(
    context: &Context,
    spork: &Spork,
    bump: &mut Bump,
) -> Result<Vec<Violation>, BumpError> {
    let pin = context.pin(spork.upstream.pin);
    let container = context.containers.config(&pin.name.container);
    let main = container.map_or("main", |container| container.main_branch());
    let upstream = spork.upstream.commit;
    let Some(tip) = spork.refs.branch(main).filter(|tip| *tip != upstream) else {
        return Ok(Vec::new());
    };
    if spork.repo.is_shallow() || !spork.repo.has_commit(tip) {
        return Ok(Vec::new());
    }
    let mut ahead = Vec::new();
    for feature in &spork.features {
        let (over_pinned, _) = spork.repo.ahead_behind(upstream, feature.commit)?;
        let (own, _) = spork.repo.ahead_behind(tip, feature.commit)?;
        if over_pinned > own {
            ahead.push((feature, over_pinned - own));
        }
    }
    let told = |(feature, extra): &(&Member, usize)| {
        let plural = if *extra == 1 { "" } else { "s" };
        let message = format!(
            "the feature `{}` at {} stands on a newer upstream: its patch takes in {extra} commit{plural} of {main} \
             that {upstream} lacks",
            feature.name(),
            feature.commit
        );
        violation(context, feature, message, "bump upstream too".to_owned())
    };
    let found: Vec<Violation> = ahead.iter().map(told).collect();
    match found.as_slice() {
        [_, _, ..] => Ok(found),
        one => {
            bump.warnings.extend(one.iter().map(|found| Remark {
                at: found.at.clone(),
                message: found.message.clone(),
            }));
            Ok(Vec::new())
        }
    }
}

fn conflicts(context: &Context, spork: &Spork) -> Result<Vec<Violation>, BumpError> {
    let tips: Vec<_> = spork
        .features
        .iter()
        .map(|feature| (feature.name().to_owned(), feature.commit))
        .collect();
    if tips.len() < 2 {
        return Ok(Vec::new());
    }
    let commit_of = |name: &str| {
        let commit = tips
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, commit)| commit.to_string());
        format!("`{name}` at {}", commit.unwrap_or_default())
    };
    let conflicts = spork.repo.conflicts(spork.upstream.commit, &tips)?;
    let of = |name: &str| spork.features.iter().find(|feature| feature.name() == name);
    Ok(conflicts
        .iter()
        .map(|conflict| {
            let others: Vec<String> = conflict.with.iter().map(|name| commit_of(name)).collect();
            Violation {
                at: of(&conflict.name).and_then(|feature| context.place(context.pin(feature.pin))),
                message: format!(
                    "the feature {} conflicts with {} in {}",
                    commit_of(&conflict.name),
                    others.join(" and "),
                    conflict.paths.join(", ")
                ),
                hint: Some(
                    "rebase one of the features onto the other, or leave one out".to_owned(),
                ),
            }
        })
        .collect())
}
