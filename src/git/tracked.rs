//! Which files of a folder git tracks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gix::index::entry::Mode;

use super::work_tree::WorkTree;
use super::{GitError, index_file};
use crate::source::RelPath;

/// The files below `root` that the index of the surrounding work tree names, relative to `root`, in
/// order; none when `root` is in no work tree. They need not exist. Submodules, and paths that are not
/// UTF-8, are left out.
pub fn tracked_files(root: &Path) -> Result<Vec<RelPath>, GitError> {
    let Some(tree) = WorkTree::around(root)? else {
        return Ok(Vec::new());
    };
    let index = index_file::read(&tree.repo.index_path(), tree.repo.git_dir())
        .map_err(|e| tree.unreadable("the index", &e))?;
    let mut files: Vec<RelPath> = index
        .entries
        .iter()
        .filter(|entry| {
            matches!(
                entry.mode,
                Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK
            )
        })
        .filter_map(|entry| {
            let path = Path::new(OsStr::from_bytes(&entry.path));
            RelPath::new(path.strip_prefix(&tree.prefix).ok()?)
        })
        .collect();
    files.sort();
    // A path in conflict has an entry for each side.
    files.dedup();
    Ok(files)
}
