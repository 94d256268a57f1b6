//! What lies below a folder, to be compared with what lies there later.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Files and links below a folder, with all that a run might change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, Entry>);

#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub bytes: Vec<u8>,
    pub link: Option<PathBuf>,
    pub mode: u32,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:o} {:?} {}",
            self.mode,
            self.link,
            String::from_utf8_lossy(&self.bytes)
        )
    }
}

impl Tree {
    pub fn of(root: &Path) -> Tree {
        let mut found = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = path.symlink_metadata().unwrap();
                if meta.is_dir() {
                    folders.push(path.clone());
                }
                let entry = Entry {
                    bytes: if meta.is_file() {
                        std::fs::read(&path).unwrap()
                    } else {
                        Vec::new()
                    },
                    link: std::fs::read_link(&path).ok(),
                    mode: meta.permissions().mode(),
                };
                found.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
            }
        }
        Tree(found)
    }

    /// What is new, gone or different, but for what was fetched into the cache.
    pub fn changed_since(&self, before: &Tree) -> Vec<PathBuf> {
        let names = self.0.keys().chain(before.0.keys());
        names
            .filter(|path| !path.starts_with("cache") && self.0.get(*path) != before.0.get(*path))
            .cloned()
            .collect()
    }
}

/// When the file was last written, to the nanosecond, and which file it is.
pub fn written(path: &Path) -> (i64, i64, u64) {
    let meta = std::fs::metadata(path).unwrap();
    (meta.mtime(), meta.mtime_nsec(), meta.ino())
}
