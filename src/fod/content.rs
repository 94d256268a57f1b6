//! What lies at a store path, as one hash that is the same in every store.
//!
//! Not here: where it came from (`workspace_sources`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::hash::{Algo, Hash, Hasher, NarError, NarWriter};
use crate::nix::drv::Derivations;

/// The contents of store paths, each read once: they never change.
pub struct StoreContents<'a> {
    derivations: &'a Derivations,
    known: Mutex<HashMap<String, Option<Hash>>>,
}

impl<'a> StoreContents<'a> {
    /// Of the store that `derivations` are read from.
    pub fn new(derivations: &'a Derivations) -> StoreContents<'a> {
        StoreContents {
            derivations,
            known: Mutex::default(),
        }
    }

    /// The SHA-256 of the NAR of the store path `path`: names, executable bits, bytes and targets of links count.
    /// `None` when it cannot be read, as in a store that is somewhere else.
    pub fn of(&self, path: &str) -> Option<Hash> {
        if let Some(known) = self.known().get(path) {
            return known.clone();
        }
        let hash = nar_hash(&self.derivations.on_disk(path)).ok();
        self.known().insert(path.to_owned(), hash.clone());
        hash
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Hash>>> {
        // A map is whole whatever thread panicked while it held it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Step {
    Visit { name: OsString, path: PathBuf },
    Leave,
}

/// The SHA-256 of the NAR of the file tree at `path`.
fn nar_hash(path: &Path) -> Result<Hash, NarError> {
    let mut nar = NarWriter::new(Hasher::new(Algo::Sha256))?;
    let mut pending = vec![Step::Visit {
        name: OsString::new(),
        path: path.to_owned(),
    }];
    while let Some(step) = pending.pop() {
        let Step::Visit { name, path } = step else {
            nar.close()?;
            continue;
        };
        if !name.is_empty() {
            nar.entry(name.as_bytes())?;
        }
        let metadata = fs::symlink_metadata(&path)?;
        let kind = metadata.file_type();
        if kind.is_symlink() {
            nar.symlink(&fs::read_link(&path)?.into_os_string().into_vec())?;
        } else if kind.is_file() {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            nar.regular_from(executable, metadata.len(), File::open(&path)?)?;
        } else if kind.is_dir() {
            nar.directory()?;
            pending.push(Step::Leave);
            let entries = fs::read_dir(&path)?.map(|entry| Ok(entry?.file_name()));
            let mut names = entries.collect::<io::Result<Vec<OsString>>>()?;
            names.sort_by(|a, b| b.cmp(a));
            pending.extend(names.into_iter().map(|name| Step::Visit {
                path: path.join(&name),
                name,
            }));
        } else {
            return Err(io::Error::from(io::ErrorKind::Unsupported).into());
        }
    }
    Ok(nar.finish()?.finish())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_modes_bytes_and_links_count() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir_all(tree.join("sub")).unwrap();
        fs::write(tree.join("sub/f"), "x").unwrap();
        symlink("sub/f", tree.join("link")).unwrap();
        let mut seen = vec![nar_hash(&tree).unwrap()];
        let mut differs = |what: &str| {
            let hash = nar_hash(&tree).unwrap();
            assert!(!seen.contains(&hash), "{what}");
            seen.push(hash);
        };
        fs::write(tree.join("sub/f"), "y").unwrap();
        differs("bytes");
        fs::set_permissions(tree.join("sub/f"), fs::Permissions::from_mode(0o755)).unwrap();
        differs("mode");
        fs::rename(tree.join("sub/f"), tree.join("sub/g")).unwrap();
        differs("name");
        fs::remove_file(tree.join("link")).unwrap();
        symlink("sub/g", tree.join("link")).unwrap();
        differs("link");
        assert!(nar_hash(&dir.path().join("none")).is_err());
    }
}
