//! The repositories of this disk that can tell what holds a commit of a remote, and that have it to push.

use std::path::PathBuf;
use std::sync::Arc;

use super::Subject;
use crate::git::{Git, GitError, Location, Need, Refs, Repo};

/// What is known of one remote.
pub(super) struct Histories<'a> {
    git: &'a Git,
    remote: &'a Location,
    /// Its refs that keep what they reach.
    keeping: &'a Refs,
}

impl<'a> Histories<'a> {
    pub fn new(git: &'a Git, remote: &'a Location, keeping: &'a Refs) -> Histories<'a> {
        Histories {
            git,
            remote,
            keeping,
        }
    }

    /// The full names of the refs that keep the commit of `subject`.
    ///
    /// The clone is asked when it has all that the question needs; else what the remote itself has.
    pub fn holders(&self, subject: &Subject) -> Result<Vec<String>, GitError> {
        let at_tip: Vec<String> = self
            .keeping
            .by_name
            .iter()
            .filter(|(_, tip)| **tip == subject.rev)
            .map(|(name, _)| name.clone())
            .collect();
        if !at_tip.is_empty() {
            return Ok(at_tip);
        }
        let repo = match self.clone(subject)? {
            Some(clone) if self.knows_all(&clone) && clone.has_commit(subject.rev) => clone,
            _ => self.whole()?,
        };
        if !repo.has_commit(subject.rev) {
            return Ok(Vec::new());
        }
        match repo.refs_containing(subject.rev, self.keeping) {
            // Where it cannot be told, the commit is better held twice than not at all.
            Err(GitError::Shallow { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// The folder of objects that has the commit of `subject`.
    pub fn objects(&self, subject: &Subject) -> Result<Option<PathBuf>, GitError> {
        let clone = self.clone(subject)?;
        if let Some(clone) = &clone
            && clone.has_commit(subject.rev)
            && !clone.is_shallow()
        {
            return Ok(Some(clone.objects_dir()));
        }
        let whole = self.whole()?;
        let known = [Some(whole), clone]
            .into_iter()
            .flatten()
            .find(|repo| repo.has_commit(subject.rev));
        Ok(match known {
            Some(repo) => Some(repo.objects_dir()),
            None => self
                .git
                .unheld(self.remote, subject.rev)?
                .map(|repo| repo.objects_dir()),
        })
    }

    fn clone(&self, subject: &Subject) -> Result<Option<Arc<Repo>>, GitError> {
        subject
            .clone
            .as_ref()
            .map(|clone| self.git.repo(clone, &Need::History))
            .transpose()
    }

    fn whole(&self) -> Result<Arc<Repo>, GitError> {
        self.git.repo(self.remote, &Need::History)
    }

    /// Whether what it has reaches up to what the remote has now.
    fn knows_all(&self, repo: &Repo) -> bool {
        !repo.is_shallow()
            && self
                .keeping
                .by_name
                .values()
                .all(|tip| repo.has_commit(*tip))
    }
}
