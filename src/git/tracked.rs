//! Which files of a folder git tracks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::GitError;
use super::error::reason;
use super::repo::reading;
use crate::source::RelPath;

/// The files below `root` that the index of the surrounding work tree names, relative to `root`, in
/// order; none when `root` is in no work tree. They need not exist. Submodules, and paths that are not
/// UTF-8, are left out.
pub fn tracked_files(root: &Path) -> Result<Vec<RelPath>, GitError> {
    let failed = |error: &(dyn std::error::Error + 'static)| GitError::Open {
        path: root.to_owned(),
        reason: reason(error),
    };
    let root = root.canonicalize().map_err(|e| failed(&e))?;
    // Found by hand: with gix's own search, a damaged repository would pass for a plain folder.
    let Some(top) = root.ancestors().find(|folder| {
        let git = folder.join(".git");
        git.is_file() || git.join("HEAD").symlink_metadata().is_ok()
    }) else {
        return Ok(Vec::new());
    };
    let repo = gix::open_opts(top, reading()).map_err(|e| failed(&e))?;
    let Some(work_tree) = repo.workdir() else {
        return Ok(Vec::new());
    };
    let work_tree = work_tree.canonicalize().map_err(|e| failed(&e))?;
    let Ok(prefix) = root.strip_prefix(&work_tree) else {
        return Ok(Vec::new());
    };
    let index = repo.index_or_empty().map_err(|e| GitError::Read {
        location: work_tree.display().to_string(),
        what: "the index".to_owned(),
        reason: reason(&e),
    })?;
    let mut files: Vec<RelPath> = index
        .entries()
        .iter()
        .filter(|entry| {
            use gix::index::entry::Mode;
            matches!(
                entry.mode,
                Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK
            )
        })
        .filter_map(|entry| {
            let path = Path::new(OsStr::from_bytes(entry.path(&index)));
            RelPath::new(path.strip_prefix(prefix).ok()?)
        })
        .collect();
    files.sort();
    // A path in conflict has an entry for each side.
    files.dedup();
    Ok(files)
}
