//! The NAR hash of a commit's tree, straight from git's objects: nothing is checked out.
//!
//! Not here: whether a fetcher yields this very tree (`checkout` tells).

use super::checkout::{CheckoutTrait, FetchMethod, obstacles};
use super::read_ahead::ReadAhead;
use super::tree::{BlobKind, Step};
use super::{GitError, Oid, Repo, TreeError};
use crate::hash::{Algo, Hash, Hasher, NarError, NarWriter};

impl Repo {
    /// The NAR hash of the tree of `commit`, or of the commit that the annotated tag `commit` names: what
    /// `nix hash path` gives for a checkout without `.git`, whose files are the blobs byte for byte.
    /// A submodule is an empty directory, as git leaves it when it is not asked for submodules.
    ///
    /// Memory: 64 MiB, and the largest blob once per thread (five at most).
    pub fn nar_hash(&self, commit: Oid, algo: Algo) -> Result<Hash, GitError> {
        self.nar_hash_below(commit, "", algo)
    }

    /// [`Repo::nar_hash`] of the folder, file or symbolic link at `path` in the commit, with `/` between components.
    pub fn nar_hash_below(&self, commit: Oid, path: &str, algo: Algo) -> Result<Hash, GitError> {
        let steps = self.steps(commit, path)?;
        let blobs: Vec<gix::ObjectId> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Blob { id, .. } => Some(*id),
                _ => None,
            })
            .collect();
        let hash = ReadAhead::over(self, &blobs, |ahead| {
            self.serialise(commit, &steps, ahead, Hasher::new(algo))
        })?;
        Ok(hash.finish())
    }

    /// The hash of what `method` fetches at `commit`, or what about the commit keeps it from being the tree's.
    pub fn fetched_hash(
        &self,
        commit: Oid,
        method: FetchMethod,
        submodules: bool,
        algo: Algo,
    ) -> Result<Result<Hash, CheckoutTrait>, GitError> {
        let traits = self.checkout_traits(commit)?;
        if let Some(found) = obstacles(&traits, method, submodules).next() {
            return Ok(Err(found.clone()));
        }
        self.nar_hash(commit, algo).map(Ok)
    }

    fn serialise(
        &self,
        commit: Oid,
        steps: &[Step],
        ahead: &mut ReadAhead,
        out: Hasher,
    ) -> Result<Hasher, TreeError> {
        let unreal = |source: NarError| TreeError::Unreal {
            repo: self.inner.path().to_owned(),
            commit,
            source,
        };
        let repo = self.plain_objects();
        let mut nar = NarWriter::new(out).map_err(unreal)?;
        for (at, step) in steps.iter().enumerate() {
            if let Some(name) = step.name()
                && at > 0
            {
                nar.entry(name).map_err(unreal)?;
            }
            match step {
                Step::Enter { .. } => nar.directory(),
                Step::Leave => nar.close(),
                Step::Gitlink { .. } => nar.directory().and_then(|()| nar.close()),
                Step::Blob { kind, id, .. } => {
                    let content = match ahead.next() {
                        Some(content) => content,
                        None => repo
                            .find_blob(*id)
                            .map_err(|e| self.unreadable_object(*id, e))?
                            .take_data(),
                    };
                    match kind {
                        BlobKind::File { executable } => nar.regular(*executable, &content),
                        BlobKind::Link => nar.symlink(&content),
                    }
                }
            }
            .map_err(unreal)?;
        }
        nar.finish().map_err(unreal)
    }
}
