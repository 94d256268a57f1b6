//! A copy of the user's files that hashes are tried out on: fake ones never stand in the user's own tree.
//!
//! It lies in the cache folder, under the same path as the original below a folder of its own:
//! `<cache>/work/run-…/tree/home/me/project` for `/home/me/project`. So `./.` has the name that it has there, and a
//! link that leads out of the workspace (`lib -> ../shared/lib`) keeps its text, which is part of a source's hash, and
//! its meaning: where it leads stands a link to the original.
//!
//! What is copied: regular files with their executable bit, and symbolic links as they are. An absolute link stays
//! absolute, also one that leads into the workspace itself. Of a folder among the files (a submodule) what is there
//! and not ignored. `.git` never is. Where the file system can, a copy shares the original's blocks until one of them
//! is written to; it is never the same file under a second name.
//!
//! Not here: which files there are (`source`, `git`), what is tried out on them (`fod`), and how the user's own files
//! are written (`transaction`).

mod links;
mod scratch;
mod take;

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use crate::source::{RelPath, SourceFile, Workspace};
pub use scratch::Scratch;

/// A copy of a workspace; removed when dropped, and by the next run if this one is killed.
#[derive(Debug)]
pub struct WorkCopy {
    scratch: Scratch,
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum WorkCopyError {
    #[error("{}: cannot {doing}: {source}", .path.display())]
    Cache {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },
    #[error("{path}: cannot be copied: {source}")]
    Copy { path: RelPath, source: io::Error },
    /// A link on the way leads to a file that is not the copy's.
    #[error("{path}: a symbolic link that leads out of the copy of the workspace")]
    Outside { path: RelPath },
}

impl WorkCopyError {
    pub fn hint(&self) -> Option<&'static str> {
        use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull, Unsupported};
        match self {
            WorkCopyError::Cache { source, .. } | WorkCopyError::Copy { source, .. }
                if matches!(
                    source.kind(),
                    StorageFull | QuotaExceeded | ReadOnlyFilesystem | Unsupported
                ) =>
            {
                Some(
                    "set COTTER_CACHE_DIR to a folder on a local disk with room for a copy of the workspace",
                )
            }
            WorkCopyError::Cache { .. } => Some("set COTTER_CACHE_DIR to a folder of your own"),
            WorkCopyError::Copy { .. } => None,
            WorkCopyError::Outside { .. } => {
                Some("replace the link by a relative one, or by the file")
            }
        }
    }

    fn cache<'p>(path: &'p Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self + 'p {
        move |source| WorkCopyError::Cache {
            path: path.into(),
            doing,
            source,
        }
    }

    fn copy(path: &RelPath) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| WorkCopyError::Copy {
            path: path.clone(),
            source,
        }
    }
}

impl WorkCopy {
    /// Copies `files` of `workspace`, but for those in `leave_out` (files or folders), to a new folder below `base`,
    /// cotter's folder in the user's cache. A file with an overlay gets the text of that, be it listed or not.
    ///
    /// Files that are no longer there are passed over, and what is neither file, link nor folder. First what killed
    /// runs of this user left below `base` is removed. Nothing but `base` is written to.
    pub fn make(
        workspace: &Workspace,
        files: &[RelPath],
        leave_out: &[RelPath],
        base: &Path,
    ) -> Result<WorkCopy, WorkCopyError> {
        let scratch = Scratch::make(base)?;
        let tree = scratch.dir().join("tree");
        let root = mirrored(&tree, workspace.root());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)
            .map_err(WorkCopyError::cache(&root, "create the folder"))?;
        let copy = WorkCopy { scratch, root };
        let mut left_out = leave_out.to_vec();
        // The cache may lie in the workspace.
        left_out.extend(workspace.locate(Path::new("/"), copy.scratch.work()).ok());
        let wanted = |path: &RelPath| !left_out.iter().any(|out| path.is_within(out));
        let links = take::files(workspace, files, &wanted, &copy.root)?;
        links::stand_ins(workspace.root(), &links, &tree)?;
        for file in workspace.overlaid() {
            if wanted(file.path()) {
                copy.write(file)?;
            }
        }
        Ok(copy)
    }

    /// The copy of the workspace's root: an absolute path without links, whose last part is that of the original.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder of this run's own that goes when the copy goes; the copy lies in its `tree`, all other names are free.
    pub fn dir(&self) -> &Path {
        self.scratch.dir()
    }

    /// Writes a file of the copy, be it there or not. A link within the copy stays a link; its target is written.
    pub fn write(&self, file: &SourceFile) -> Result<(), WorkCopyError> {
        let path = file.path();
        let failed = |source| WorkCopyError::Copy {
            path: path.clone(),
            source,
        };
        let target = self.resolved(path)?;
        let parent = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(failed)?;
        let mode = match fs::symlink_metadata(&target) {
            Ok(meta) => meta.permissions().mode() & 0o777,
            Err(_) => 0o644,
        };
        // Renamed into place, so that no link that came in between is followed.
        let mut new = tempfile::NamedTempFile::new_in(parent).map_err(failed)?;
        new.write_all(&file.to_bytes()).map_err(failed)?;
        new.as_file()
            .set_permissions(Permissions::from_mode(mode))
            .map_err(failed)?;
        new.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Where `path` lies in the copy, links resolved as far as the path exists.
    fn resolved(&self, path: &RelPath) -> Result<PathBuf, WorkCopyError> {
        let full = path.to_path(&self.root);
        let mut missing = Vec::new();
        let mut there = full.as_path();
        let real = loop {
            match fs::canonicalize(there) {
                Ok(real) => break real,
                // A link that leads nowhere is replaced.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing.extend(there.file_name());
                    there = there.parent().unwrap_or(&self.root);
                }
                Err(error) => return Err(WorkCopyError::copy(path)(error)),
            }
        };
        if !real.starts_with(&self.root) {
            return Err(WorkCopyError::Outside { path: path.clone() });
        }
        Ok(missing.iter().rev().fold(real, |at, name| at.join(name)))
    }
}

/// Removes what killed runs of this user left below `base`, for a run that may need no copy of its own.
pub fn clear(base: &Path) {
    scratch::clear(base);
}

/// Where the absolute `path` lies below `tree`.
fn mirrored(tree: &Path, path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .fold(tree.to_owned(), |at, part| at.join(part))
}
