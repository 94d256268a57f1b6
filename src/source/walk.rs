//! Which files there are in a workspace.

use std::fs::{self, FileType};
use std::sync::Mutex;

use ignore::{WalkBuilder, WalkState};

use super::{RelPath, Workspace};

impl Workspace {
    /// Every file below `folder` that git tracks (`tracked`) or does not ignore, sorted; in a plain folder every
    /// file. Symbolic links are not followed: what they point at is met under its own name, or is not the
    /// workspace's. Names that are not UTF-8 are passed over: no source of ours can name them.
    pub fn files(&self, folder: &RelPath, tracked: &[RelPath]) -> Vec<RelPath> {
        self.walk(folder, tracked, None, FileType::is_file)
    }

    /// Every file at most `depth` folders below `folder` that git does not ignore, sorted; what git tracks although it
    /// is ignored is left out.
    pub fn files_near(&self, folder: &RelPath, depth: usize) -> Vec<RelPath> {
        self.walk(folder, &[], Some(depth + 1), FileType::is_file)
    }

    /// [`Workspace::files`] and the symbolic links among them, which are not followed either.
    pub fn files_and_links(&self, folder: &RelPath, tracked: &[RelPath]) -> Vec<RelPath> {
        self.walk(folder, tracked, None, |kind| {
            kind.is_file() || kind.is_symlink()
        })
    }

    /// Every file and symbolic link at or below `path`, also what git ignores; sorted.
    pub fn everything_at(&self, path: &RelPath) -> Vec<RelPath> {
        let mut found: Vec<RelPath> = WalkBuilder::new(path.to_path(self.root()))
            .standard_filters(false)
            .follow_links(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()))
            .filter_map(|entry| RelPath::new(entry.path().strip_prefix(self.root()).ok()?))
            .collect();
        found.sort_unstable();
        found
    }

    fn walk(
        &self,
        folder: &RelPath,
        tracked: &[RelPath],
        depth: Option<usize>,
        wanted: fn(&FileType) -> bool,
    ) -> Vec<RelPath> {
        let found = Mutex::new(Vec::new());
        WalkBuilder::new(folder.to_path(self.root()))
            .max_depth(depth)
            .hidden(false)
            .follow_links(false)
            // `.ignore` is a file of search tools; git knows nothing of it.
            .ignore(false)
            .require_git(true)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build_parallel()
            .run(|| {
                let mut mine = Batch {
                    found: &found,
                    paths: Vec::new(),
                };
                let root = self.root();
                Box::new(move |entry| {
                    if let Ok(entry) = entry
                        && entry.file_type().is_some_and(|kind| wanted(&kind))
                        && let Some(path) =
                            entry.path().strip_prefix(root).ok().and_then(RelPath::new)
                    {
                        mine.paths.push(path);
                    }
                    WalkState::Continue
                })
            });
        let mut files = found.into_inner().unwrap_or_default();
        files.sort_unstable();
        // Tracked although it is ignored. The walk has seen that all others are there.
        let ignored: Vec<RelPath> = tracked
            .iter()
            .filter(|path| path.is_within(folder) && files.binary_search(path).is_err())
            .filter(|path| {
                fs::symlink_metadata(path.to_path(self.root()))
                    .is_ok_and(|m| wanted(&m.file_type()))
            })
            .cloned()
            .collect();
        if !ignored.is_empty() {
            files.extend(ignored);
            files.sort_unstable();
            files.dedup();
        }
        files
    }
}

/// What one walker thread found; handed over when the thread is done, so that threads do not wait for each other.
struct Batch<'a> {
    found: &'a Mutex<Vec<RelPath>>,
    paths: Vec<RelPath>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Ok(mut found) = self.found.lock() {
            found.append(&mut self.paths);
        }
    }
}
