//! Which features a spork is to have: those that are pinned, and those whose branches are there.

use std::collections::BTreeSet;

use super::{Asked, ExistingFeature, Feature, ForkError, Wanted, known};
use crate::git::Oid;
use crate::pin::follow::is_feature_branch;
use crate::pin::held::{self, Base};

/// What branches of features begin with.
const FEATURES: &str = "feature/";
/// What those begin with that are meant for upstream: they come first, so that upstream can take them as they are.
const UPSTREAM: &str = "feature/upstream/";

/// A branch that a feature is made from, or is there for one.
struct Candidate<'a> {
    branch: &'a str,
    name: Option<&'a str>,
    tip: Oid,
}

/// The features in their order. Those that are pinned keep their place and their commit.
pub fn chosen(
    wanted: &Wanted,
    warnings: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Result<Vec<Feature>, ForkError> {
    let candidates = match wanted.features.is_empty() {
        true => discovered(wanted),
        false => asked(wanted)?,
    };
    let pinned: &[ExistingFeature] = wanted
        .existing
        .map_or(&[], |existing| existing.features.as_slice());
    let is_of = |candidate: &Candidate, feature: &ExistingFeature| match &feature.branch {
        Some(branch) => branch == candidate.branch,
        None => is_feature_branch(candidate.branch, &feature.name),
    };
    let mut kept = Vec::new();
    for feature in pinned {
        let is_candidate = candidates.iter().any(|candidate| is_of(candidate, feature));
        if !is_candidate && let Some(why) = why_not(wanted, feature) {
            let name = &feature.name;
            if wanted.prune {
                notes.push(format!("the feature `{name}` is left out: {why}"));
                continue;
            }
            warnings.push(format!(
                "{why}: the feature `{name}` stays at {}; `--prune` leaves it out",
                feature.rev
            ));
        }
        kept.push(feature);
    }
    let mut names: BTreeSet<String> = kept.iter().map(|feature| feature.name.clone()).collect();
    let is_new = |candidate: &&Candidate| !kept.iter().any(|feature| is_of(candidate, feature));
    let new: Vec<&Candidate> = candidates.iter().filter(is_new).collect();
    let mut fresh = Vec::new();
    for candidate in &new {
        let name = name_of(candidate, &new, &names)?;
        names.insert(name.clone());
        fresh.push(Feature {
            name,
            branch: Some(candidate.branch.to_owned()),
            commit: candidate.tip,
            from: Some(format!("refs/heads/{}", candidate.branch)),
        });
    }
    let mut features = Vec::new();
    for feature in &kept {
        let commit = known(wanted, &format!("features.{}", feature.name), &feature.rev)?;
        features.push(Feature {
            name: feature.name.clone(),
            branch: feature.branch.clone(),
            commit,
            from: None,
        });
    }
    features.extend(fresh);
    if !wanted.features.is_empty() {
        // As they were asked for; what was not comes last.
        let place = |feature: &Feature| {
            candidates
                .iter()
                .position(|candidate| match &feature.branch {
                    Some(branch) => branch == candidate.branch,
                    None => is_feature_branch(candidate.branch, &feature.name),
                })
                .unwrap_or(usize::MAX)
        };
        features.sort_by_key(place);
    }
    Ok(features)
}

/// All feature branches: those for upstream, then the others, each by name.
fn discovered<'a>(wanted: &Wanted<'a>) -> Vec<Candidate<'a>> {
    let is_feature = |branch: &str| {
        branch.starts_with(FEATURES)
            && branch != wanted.main
            && !held::is_unstable(wanted.container, &format!("refs/heads/{branch}"))
    };
    let mut found: Vec<Candidate> = wanted
        .refs
        .branches()
        .filter(|(branch, _)| is_feature(branch))
        .map(|(branch, tip)| Candidate {
            branch,
            name: None,
            tip,
        })
        .collect();
    // By name they are already.
    found.sort_by_key(|candidate| !candidate.branch.starts_with(UPSTREAM));
    found
}

fn asked<'a>(wanted: &Wanted<'a>) -> Result<Vec<Candidate<'a>>, ForkError> {
    let mut found: Vec<Candidate> = Vec::new();
    for Asked { name, branch } in wanted.features {
        let (branch, tip) = branch_of(wanted, branch)?;
        if found.iter().any(|other| other.branch == branch) {
            return Err(ForkError::wrong(
                format!("the branch `{branch}` is named twice"),
                "name each feature once",
            ));
        }
        found.push(Candidate {
            branch,
            name: name.as_deref(),
            tip,
        });
    }
    Ok(found)
}

/// The branch of this name, else the only one that a feature of this name follows.
fn branch_of<'a>(wanted: &Wanted<'a>, name: &str) -> Result<(&'a str, Oid), ForkError> {
    let mut exact = wanted.refs.branches().filter(|(branch, _)| *branch == name);
    if let Some(found) = exact.next() {
        return Ok(found);
    }
    let meant: Vec<(&str, Oid)> = wanted
        .refs
        .branches()
        .filter(|(branch, _)| is_feature_branch(branch, name))
        .collect();
    let place = wanted.place;
    match meant.as_slice() {
        [one] => Ok(*one),
        [] => {
            let known: Vec<&str> = wanted
                .refs
                .branches()
                .map(|(branch, _)| branch)
                .filter(|branch| branch.starts_with(FEATURES))
                .collect();
            let hint = match known.is_empty() {
                true => {
                    "it has no branches below `feature/`; run `git fetch` if this is a local clone"
                        .to_owned()
                }
                false => format!("its feature branches are: {}", known.join(", ")),
            };
            Err(ForkError::wrong(
                format!("{place} has no branch `{name}`"),
                hint,
            ))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(branch, _)| *branch).collect();
            Err(ForkError::wrong(
                format!("`{name}` can be one of several branches of {place}"),
                format!("name one of them: {}", names.join(", ")),
            ))
        }
    }
}

/// Why a feature that is pinned would not be one of those wanted; `None` where it is.
fn why_not(wanted: &Wanted, feature: &ExistingFeature) -> Option<String> {
    if !wanted.features.is_empty() {
        return Some("it is not among the features that were named".to_owned());
    }
    let is_there = match &feature.branch {
        Some(branch) => wanted.refs.branch(branch).is_some() || wanted.refs.tag(branch).is_some(),
        None => wanted
            .refs
            .branches()
            .any(|(branch, _)| is_feature_branch(branch, &feature.name)),
    };
    let branch = feature
        .branch
        .clone()
        .unwrap_or_else(|| format!("feature/*/{}", feature.name));
    (!is_there).then(|| format!("{} has no branch `{branch}` any more", wanted.place))
}

/// The name of a new feature: the last part of its branch, or all of it where that is another's too.
fn name_of(
    candidate: &Candidate,
    all: &[&Candidate],
    taken: &BTreeSet<String>,
) -> Result<String, ForkError> {
    let twice = |name: &str| {
        ForkError::wrong(
            format!("two features would be called `{name}`"),
            format!(
                "give it a name of its own: `--feature NAME={}`",
                candidate.branch
            ),
        )
    };
    if let Some(name) = candidate.name {
        return match taken.contains(name) {
            true => Err(twice(name)),
            false => Ok(name.to_owned()),
        };
    }
    let short = |branch: &str| plain(branch.rsplit('/').next().unwrap_or(branch));
    let name = short(candidate.branch);
    let is_alone = all
        .iter()
        .filter(|other| other.name.is_none())
        .filter(|other| short(other.branch) == name)
        .count()
        == 1;
    if is_alone && !taken.contains(&name) {
        return Ok(name);
    }
    let rest = candidate.branch;
    let name = plain(rest.strip_prefix(FEATURES).unwrap_or(rest));
    match taken.contains(&name) {
        true => Err(twice(&name)),
        false => Ok(name),
    }
}

/// `text` as the name of a store path.
fn plain(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    let name: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    name.trim_start_matches('.').to_owned()
}

/// Leaves out features that upstream has by now: whose commit, or the tip of whose branch, is in the past of what is
/// pinned of upstream, or of the tip of its branch.
pub fn prune_merged(
    wanted: &Wanted,
    upstream: Oid,
    features: &mut Vec<Feature>,
    notes: &mut Vec<String>,
) -> Result<(), ForkError> {
    let tip = wanted.refs.branch(wanted.main);
    let bases: Vec<Oid> = std::iter::once(upstream).chain(tip).collect();
    let mut left = Vec::new();
    for feature in features.drain(..) {
        let branch = feature.branch.as_deref();
        let tip = branch.and_then(|branch| wanted.refs.branch(branch));
        let mut has_it = false;
        for commit in std::iter::once(feature.commit).chain(tip) {
            for base in &bases {
                let stands = held::base(wanted.repo, *base, commit)?;
                has_it |= matches!(stands, Base::Same | Base::Merged);
            }
        }
        match has_it {
            true => notes.push(format!(
                "the feature `{}` is left out: upstream has it",
                feature.name
            )),
            false => left.push(feature),
        }
    }
    *features = left;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_are_those_of_store_paths() {
        assert_eq!(plain("clone-url-base"), "clone-url-base");
        assert_eq!(plain("${x}\"'"), "--x---");
        assert_eq!(plain(".hidden"), "hidden");
        assert_eq!(plain("upstream/ä"), "upstream--");
    }
}
