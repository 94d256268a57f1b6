//! Who descends from whom. In a shallow clone a path that is not found proves nothing, so the answer is
//! then "unknown", never "no".

use std::collections::{HashMap, HashSet};

use gix::prelude::FindExt;

use super::{GitError, Oid, Refs, Repo};

/// Whether one commit is reached from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    Yes,
    No,
    /// The clone is shallow and its history ends before the answer; `git fetch --unshallow` brings it.
    Unknown,
}

impl Repo {
    /// Whether `descendant` has `ancestor` in its past; a commit is its own ancestor.
    pub fn ancestry(&self, ancestor: Oid, descendant: Oid) -> Result<Ancestry, GitError> {
        let repo = self.local();
        let shallow = self.is_shallow();
        for oid in [descendant, ancestor] {
            match self.commit(&repo, oid) {
                Err(GitError::NoSuchCommit { .. }) if shallow => return Ok(Ancestry::Unknown),
                known => known?,
            };
        }
        if ancestor == descendant {
            return Ok(Ancestry::Yes);
        }
        let bases = self.merge_bases(&repo, ancestor, descendant)?;
        Ok(if bases.contains(&ancestor.0) {
            Ancestry::Yes
        } else if shallow {
            Ancestry::Unknown
        } else {
            Ancestry::No
        })
    }

    /// How many commits `tip` has that `base` does not have, and the other way round.
    ///
    /// [`GitError::Shallow`] when the clone's history ends before the two meet.
    pub fn ahead_behind(&self, base: Oid, tip: Oid) -> Result<(usize, usize), GitError> {
        let repo = self.local();
        for oid in [base, tip] {
            self.commit(&repo, oid)?;
        }
        if self.is_shallow() && self.merge_bases(&repo, base, tip)?.is_empty() {
            return Err(self.shallow());
        }
        let count = |from: Oid, without: Oid| -> Result<usize, GitError> {
            let failed = |e: gix::Error| self.unreadable(format!("the history of {from}"), &e);
            let walk = repo
                .rev_walk([from.0])
                .with_hidden([without.0])
                .all()
                .map_err(failed)?;
            let mut count = 0;
            for commit in walk {
                commit.map_err(|e| self.unreadable(format!("the history of {from}"), &e))?;
                count += 1;
            }
            Ok(count)
        };
        Ok((count(tip, base)?, count(base, tip)?))
    }

    /// The full names of those of `refs` that reach `oid`, in order of name.
    ///
    /// One walk for all of them; with a commit-graph file it ends where `oid` cannot be reached any
    /// more, without one it reads the whole history. [`GitError::Shallow`] when none is found in a
    /// shallow clone.
    pub fn refs_containing(&self, oid: Oid, refs: &Refs) -> Result<Vec<String>, GitError> {
        let repo = self.local();
        let shallow = self.is_shallow();
        match self.commit(&repo, oid) {
            Err(GitError::NoSuchCommit { .. }) if shallow => return Err(self.shallow()),
            known => known?,
        };
        let descendants = self.descendants(&repo, oid.0, refs)?;
        let found: Vec<String> = refs
            .by_name
            .iter()
            .filter(|(_, tip)| descendants.contains(&tip.0))
            .map(|(name, _)| name.clone())
            .collect();
        if found.is_empty() && shallow {
            return Err(self.shallow());
        }
        Ok(found)
    }

    /// All commits between `target` and the tips that reach it, these included.
    fn descendants(
        &self,
        repo: &gix::Repository,
        target: gix::ObjectId,
        refs: &Refs,
    ) -> Result<HashSet<gix::ObjectId>, GitError> {
        let failed = |e: gix::Error| self.unreadable("the history", &e);
        let graph = repo.commit_graph_if_enabled().map_err(failed)?;
        let generation = |id: &gix::ObjectId| {
            let graph = graph.as_ref()?;
            Some(graph.commit_at(graph.lookup(id)?).generation())
        };
        let target_generation = generation(&target);
        let cut: HashSet<gix::ObjectId> = repo
            .shallow_commits()
            .map_err(failed)?
            .map(|commits| commits.iter().copied().collect())
            .unwrap_or_default();
        let mut queue: Vec<gix::ObjectId> = refs.by_name.values().map(|tip| tip.0).collect();
        let mut seen: HashSet<gix::ObjectId> = queue.iter().copied().collect();
        let mut children: HashMap<gix::ObjectId, Vec<gix::ObjectId>> = HashMap::new();
        let mut buffer = Vec::new();
        while let Some(id) = queue.pop() {
            // What a commit-graph file knows it knows with all of its past, each generation above the last.
            let beyond = match (generation(&id), target_generation) {
                (Some(here), Some(target)) => here <= target,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if id == target || beyond || cut.contains(&id) {
                continue;
            }
            let commit = match repo.objects.find_commit_iter(&id, &mut buffer) {
                Ok(commit) => commit,
                // A remote's list of refs may be newer than what was fetched.
                Err(_) if refs.by_name.values().any(|tip| tip.0 == id) => continue,
                Err(error) => return Err(self.unreadable(id.to_string(), &error)),
            };
            for parent in commit.parent_ids() {
                children.entry(parent).or_default().push(id);
                if seen.insert(parent) {
                    queue.push(parent);
                }
            }
        }
        let mut reached = HashSet::from([target]);
        let mut queue = vec![target];
        while let Some(id) = queue.pop() {
            for child in children.get(&id).into_iter().flatten() {
                if reached.insert(*child) {
                    queue.push(*child);
                }
            }
        }
        Ok(reached)
    }

    fn merge_bases(
        &self,
        repo: &gix::Repository,
        one: Oid,
        other: Oid,
    ) -> Result<Vec<gix::ObjectId>, GitError> {
        let failed =
            |e: gix::Error| self.unreadable(format!("the history of {one} and {other}"), &e);
        let cache = repo.commit_graph_if_enabled().map_err(failed)?;
        let mut graph = repo.revision_graph(cache.as_ref());
        let bases = repo
            .merge_bases_many_with_graph(one.0, &[other.0], &mut graph)
            .map_err(failed)?;
        Ok(bases.into_iter().map(|id| id.detach()).collect())
    }

    fn shallow(&self) -> GitError {
        GitError::Shallow {
            location: self.location.to_string(),
        }
    }
}
