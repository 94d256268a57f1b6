//! Files of a commit, and which of them differ between two.

use super::{GitError, Oid, Repo};

/// One name in a folder of a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// What is not UTF-8 in it is replaced.
    pub name: String,
    pub is_folder: bool,
}

impl Repo {
    /// The bytes of the file at `path` (with `/`, from the root of the tree) in `commit`; `None` when
    /// there is none, or a folder, symlink or submodule.
    pub fn read_file(&self, commit: Oid, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let repo = self.local();
        let failed = |e: gix::Error| self.unreadable(format!("`{path}` of {commit}"), &e);
        let tree = self.tree(&repo, commit)?;
        let entry = tree.lookup_entry(path.split('/')).map_err(failed)?;
        let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else {
            return Ok(None);
        };
        let mut object = entry.object().map_err(failed)?;
        Ok(Some(std::mem::take(&mut object.data)))
    }

    /// What the folder `path` of `commit` holds, in order of name; `""` is the root. `None` when there
    /// is no such folder.
    pub fn list_dir(&self, commit: Oid, path: &str) -> Result<Option<Vec<DirEntry>>, GitError> {
        let repo = self.local();
        let failed = |e: gix::Error| self.unreadable(format!("`{path}` of {commit}"), &e);
        let mut tree = self.tree(&repo, commit)?;
        if !path.is_empty() {
            let entry = tree.lookup_entry(path.split('/')).map_err(failed)?;
            let Some(entry) = entry.filter(|entry| entry.mode().is_tree()) else {
                return Ok(None);
            };
            tree = entry
                .object()
                .map_err(failed)?
                .try_into_tree()
                .map_err(|e| self.unreadable(format!("`{path}` of {commit}"), &e))?;
        }
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(failed)?;
            entries.push(DirEntry {
                name: entry.filename().to_string(),
                is_folder: entry.mode().is_tree(),
            });
        }
        entries.sort();
        Ok(Some(entries))
    }

    /// The paths of all files that `new` adds, removes or changes against `old`, in order. A rename is
    /// both of its paths. What is not UTF-8 in a path is replaced.
    pub fn changed_paths(&self, old: Oid, new: Oid) -> Result<Vec<String>, GitError> {
        let repo = self.local();
        let trees = (self.tree(&repo, old)?, self.tree(&repo, new)?);
        let changes = repo
            .diff_tree_to_tree(&trees.0, &trees.1, gix::diff::Options::default())
            .map_err(|e| self.unreadable(format!("what differs between {old} and {new}"), &e))?;
        let mut paths: Vec<String> = changes
            .iter()
            .filter(|change| !change.entry_mode().is_tree())
            .map(|change| change.location().to_string())
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    pub(super) fn tree<'a>(
        &self,
        repo: &'a gix::Repository,
        commit: Oid,
    ) -> Result<gix::Tree<'a>, GitError> {
        self.commit(repo, commit)?
            .tree()
            .map_err(|e| self.unreadable(format!("the tree of {commit}"), &e))
    }
}
