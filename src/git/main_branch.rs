//! Whether the main branch holds a commit, as far as this repository knows that branch.

use super::{Ancestry, GitError, Oid, Repo};

/// Whether the main branch has a commit in its past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMain {
    Held,
    NotHeld {
        commit: Oid,
    },
    /// There is no commit of that name in the repository.
    NoSuchCommit,
    /// The history is cut off, no branch is known to be the main one, or the name means more than one commit.
    Unknown,
}

/// Where a repository knows its main branch from, the first of all being what its remote called so.
const NAMES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

impl Repo {
    /// Whether the main branch has the commit in its past whose name begins with `abbreviated`, of 7 to 40
    /// hexadecimal digits. Each branch that may be the main one counts.
    pub fn main_branch_holds(&self, abbreviated: &str) -> Result<OnMain, GitError> {
        let tips = self.main_tips();
        let absent = match self.is_shallow() || tips.is_empty() {
            true => OnMain::Unknown,
            false => OnMain::NoSuchCommit,
        };
        let is_name = (7..=40).contains(&abbreviated.len())
            && abbreviated.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name {
            return Ok(absent);
        }
        let commit = match self.by_abbreviation(abbreviated) {
            Ok(commit) if self.has_commit(commit) => commit,
            Ok(_) | Err(GitError::NoSuchRev { .. }) => return Ok(absent),
            Err(GitError::Ambiguous { .. }) => return Ok(OnMain::Unknown),
            Err(error) => return Err(error),
        };
        let mut answer = match tips.is_empty() {
            true => OnMain::Unknown,
            false => OnMain::NotHeld { commit },
        };
        for tip in tips {
            match self.ancestry(commit, tip)? {
                Ancestry::Yes => return Ok(OnMain::Held),
                Ancestry::No => {}
                Ancestry::Unknown => answer = OnMain::Unknown,
            }
        }
        Ok(answer)
    }

    /// The tips of the branches that may be the main one, each once.
    fn main_tips(&self) -> Vec<Oid> {
        let repo = self.local();
        let mut tips = Vec::new();
        for name in NAMES {
            let Ok(Some(mut reference)) = repo.try_find_reference(name) else {
                continue;
            };
            // Such as `origin/HEAD` whose branch the remote has renamed since.
            let Ok(id) = reference.peel_to_id() else {
                continue;
            };
            let tip = Oid(id.detach());
            if self.has_commit(tip) && !tips.contains(&tip) {
                tips.push(tip);
            }
        }
        tips
    }
}
