//! Features that touch the same files, and whether they conflict there.

use std::collections::BTreeSet;

use super::FeatureFacts;
use crate::git::{GitError, Oid, Repo};
use crate::pin::held::Base;

/// Features with files that all of them change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Their names, in the order in which they are applied: two, or more where these conflict only together.
    pub features: Vec<String>,
    pub files: Vec<String>,
    /// Those of the files in which they conflict, as git merges them.
    pub conflicts: Vec<String>,
    /// Those of the files in which they make the same change, whose patch does not apply twice.
    pub same: Vec<String>,
}

/// Of the features that stand on `upstream`: what the others change is not known to be their own.
pub fn of(repo: &Repo, upstream: Oid, features: &[FeatureFacts]) -> Result<Vec<Overlap>, GitError> {
    let mut changed: Vec<(&str, Oid, BTreeSet<String>)> = Vec::new();
    for feature in features {
        if let (Base::Upstream, Some(commit)) = (feature.base, feature.standing.commit) {
            let paths = repo.changed_paths(upstream, commit)?;
            changed.push((&feature.name, commit, paths.into_iter().collect()));
        }
    }
    let mut overlaps = Vec::new();
    let mut later = changed.as_slice();
    while let Some(((name, commit, paths), rest)) = later.split_first() {
        for (other, its_commit, its_paths) in rest {
            let tips = [
                ((*name).to_owned(), *commit),
                ((*other).to_owned(), *its_commit),
            ];
            let conflicts = match paths.is_disjoint(its_paths) {
                // A folder of one may be a file of the other; such a conflict names both.
                true if !is_below_one_another(paths, its_paths) => continue,
                _ => repo.conflicts(upstream, &tips)?,
            };
            let (mut same, mut apart) = (Vec::new(), Vec::new());
            for conflict in conflicts {
                match conflict.is_same {
                    true => same.extend(conflict.paths),
                    false => apart.extend(conflict.paths),
                }
            }
            let conflicts = apart;
            let mut files: BTreeSet<String> = paths.intersection(its_paths).cloned().collect();
            files.extend(conflicts.iter().cloned());
            if !files.is_empty() {
                overlaps.push(Overlap {
                    features: tips.map(|(name, _)| name).to_vec(),
                    files: files.into_iter().collect(),
                    conflicts,
                    same,
                });
            }
        }
        later = rest;
    }
    let tips: Vec<(String, Oid)> = changed
        .iter()
        .map(|(name, commit, _)| ((*name).to_owned(), *commit))
        .collect();
    for conflict in repo.conflicts(upstream, &tips)? {
        let is_told = |other: &String| {
            overlaps.iter().any(|overlap| {
                !(overlap.conflicts.is_empty() && overlap.same.is_empty())
                    && overlap.features.contains(other)
                    && overlap.features.contains(&conflict.name)
            })
        };
        if !conflict.with.iter().any(is_told) {
            let mut features = conflict.with.clone();
            features.push(conflict.name.clone());
            let (conflicts, same) = match conflict.is_same {
                true => (Vec::new(), conflict.paths.clone()),
                false => (conflict.paths.clone(), Vec::new()),
            };
            overlaps.push(Overlap {
                features,
                files: conflict.paths,
                conflicts,
                same,
            });
        }
    }
    Ok(overlaps)
}

/// Whether a path of one lies below a path of the other.
fn is_below_one_another(some: &BTreeSet<String>, others: &BTreeSet<String>) -> bool {
    let is_below = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        these.iter().any(|path| {
            path.match_indices('/')
                .any(|(at, _)| path.get(..at).is_some_and(|folder| those.contains(folder)))
        })
    };
    is_below(some, others) || is_below(others, some)
}
