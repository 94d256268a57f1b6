//! Whether features can be applied together: their changes are merged one after another, in memory, and the patch of
//! each applies on top of those before it.

use std::collections::BTreeSet;

use gix::merge::tree::TreatAsUnresolved;

use super::applied::{Clash, clashes};
use super::changes::{Changes, changes};
use super::{GitError, Oid, Repo};

/// A feature that does not go on top of those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub name: String,
    /// The earlier ones that it conflicts with, each taken alone; all of them when only together.
    pub with: Vec<String>,
    /// The files that both change, in order.
    pub paths: Vec<String>,
    /// Whether they make the same change there: git merges that, but its patch does not apply a second time.
    pub is_same: bool,
}

/// Each side with the tree that results, or the paths that stand against it.
enum Merged {
    Clean(gix::ObjectId),
    Conflicting(BTreeSet<String>),
}

impl Repo {
    /// Applies what each of `tips` (name and commit) changes against `base`, one after another, and
    /// gives those that do not go on top of the ones before; they are left out for the next.
    ///
    /// Nothing is written: what arises lives in memory.
    pub fn conflicts(&self, base: Oid, tips: &[(String, Oid)]) -> Result<Vec<Conflict>, GitError> {
        let repo = self.local().with_object_memory();
        let base = self.tree(&repo, base)?;
        let ancestor = base.id;
        let mut sum = ancestor;
        let mut applied: Vec<(&str, gix::ObjectId)> = Vec::new();
        let mut changed: Vec<Changes> = Vec::new();
        let mut conflicts = Vec::new();
        for (name, tip) in tips {
            let tip = self.tree(&repo, *tip)?;
            let theirs = tip.id;
            let what = || format!("the changes of `{name}`");
            match self.merged(&repo, ancestor, sum, theirs, name)? {
                Merged::Clean(tree) => {
                    let its = changes(&repo, &base, &tip)
                        .map_err(|e: gix::Error| self.unreadable(what(), &e))?;
                    let (mut with, mut paths) = (Vec::new(), BTreeSet::new());
                    let mut is_same = true;
                    for ((other, _), before) in applied.iter().zip(&changed) {
                        let found = clashes(&repo, before, &its)
                            .map_err(|e| self.unreadable(what(), &e))?;
                        if !found.is_empty() {
                            with.push((*other).to_owned());
                        }
                        is_same &= found.iter().all(|(_, clash)| *clash == Clash::Same);
                        paths.extend(found.into_iter().map(|(path, _)| path));
                    }
                    if with.is_empty() {
                        sum = tree;
                        applied.push((name, theirs));
                        changed.push(its);
                        continue;
                    }
                    conflicts.push(Conflict {
                        name: name.clone(),
                        with,
                        paths: paths.into_iter().collect(),
                        is_same,
                    });
                }
                Merged::Conflicting(paths) => {
                    let mut with = Vec::new();
                    for (other, ours) in &applied {
                        let alone = self.merged(&repo, ancestor, *ours, theirs, name)?;
                        if matches!(alone, Merged::Conflicting(_)) {
                            with.push((*other).to_owned());
                        }
                    }
                    if with.is_empty() {
                        with = applied
                            .iter()
                            .map(|(other, _)| (*other).to_owned())
                            .collect();
                    }
                    conflicts.push(Conflict {
                        name: name.clone(),
                        with,
                        paths: paths.into_iter().collect(),
                        is_same: false,
                    });
                }
            }
        }
        Ok(conflicts)
    }

    fn merged(
        &self,
        repo: &gix::Repository,
        ancestor: gix::ObjectId,
        ours: gix::ObjectId,
        theirs: gix::ObjectId,
        name: &str,
    ) -> Result<Merged, GitError> {
        // The usual cases need no merge, and a tree that did not change conflicts with nothing.
        if theirs == ancestor || theirs == ours {
            return Ok(Merged::Clean(ours));
        }
        if ours == ancestor {
            return Ok(Merged::Clean(theirs));
        }
        let failed = |e: gix::Error| self.unreadable(format!("the changes of `{name}`"), &e);
        // A patch does not know where a file that another has renamed is now.
        let options = repo
            .tree_merge_options()
            .map_err(failed)?
            .with_rewrites(None);
        let mut outcome = repo
            .merge_trees(ancestor, ours, theirs, Default::default(), options)
            .map_err(failed)?;
        let paths: BTreeSet<String> = outcome
            .conflicts
            .iter()
            .filter(|conflict| conflict.is_unresolved(TreatAsUnresolved::git()))
            .flat_map(|conflict| {
                [
                    conflict.ours.source_location(),
                    conflict.ours.location(),
                    conflict.theirs.source_location(),
                    conflict.theirs.location(),
                ]
            })
            .map(|path| path.to_string())
            .collect();
        if paths.is_empty() {
            return Ok(Merged::Clean(
                outcome.tree.write().map_err(failed)?.detach(),
            ));
        }
        Ok(Merged::Conflicting(paths))
    }
}
