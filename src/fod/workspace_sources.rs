//! Which files of the workspace a source in the store was made of.
//!
//! Told by names and bytes alone: a Nix expression may choose files in any way. Not here: what the source counts
//! in a recipe (`recipe`).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::nix::drv::{Derivations, store_path_parts};
use crate::source::RelPath;

/// No source of files that people wrote has more; a larger one is taken for the toolchain's.
const MOST_FILES: usize = 200_000;

/// The files of a workspace, to be found again in the store. Each store path is compared once.
pub struct WorkspaceSources<'a> {
    root: PathBuf,
    derivations: &'a Derivations,
    files: HashSet<RelPath>,
    by_name: HashMap<String, Vec<RelPath>>,
    known: Mutex<HashMap<String, Arc<Origins>>>,
}

/// The sets of files that a source may have been made of.
type Origins = Vec<Vec<RelPath>>;

impl<'a> WorkspaceSources<'a> {
    /// `root` is the folder that Nix was run on, `files` are the files in it, and `derivations` say where the store is.
    pub fn new(
        root: &Path,
        files: &[RelPath],
        derivations: &'a Derivations,
    ) -> WorkspaceSources<'a> {
        let mut by_name: HashMap<String, Vec<RelPath>> = HashMap::new();
        for file in files {
            let name = file.file_name().to_owned();
            by_name.entry(name).or_default().push(file.clone());
        }
        WorkspaceSources {
            root: root.to_owned(),
            derivations,
            files: files.iter().cloned().collect(),
            by_name,
            known: Mutex::default(),
        }
    }

    /// Whether all of `store_path` was made from files of the workspace.
    pub fn is_workspace(&self, store_path: &str) -> bool {
        !self.origins(store_path).is_empty()
    }

    /// The files that `store_path` was made of, in order. Where several places of the workspace have the same
    /// content, those next to the file `near`. `None` when it is not the workspace's, or cannot be read.
    pub fn files_of(&self, store_path: &str, near: &RelPath) -> Option<Vec<RelPath>> {
        let origins = self.origins(store_path);
        let mut best: Option<(usize, &Vec<RelPath>)> = None;
        for files in origins.iter() {
            let shared = files.iter().map(|file| shared_folders(file, near)).max();
            let shared = shared.unwrap_or_default();
            if best.is_none_or(|(most, _)| shared > most) {
                best = Some((shared, files));
            }
        }
        best.map(|(_, files)| files.clone())
    }

    fn origins(&self, store_path: &str) -> Arc<Origins> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origins) = known().get(store_path) {
            return origins.clone();
        }
        let origins = Arc::new(self.compare(store_path).unwrap_or_default());
        known().insert(store_path.to_owned(), origins.clone());
        origins
    }

    fn compare(&self, store_path: &str) -> Option<Origins> {
        let source = self.derivations.on_disk(store_path);
        if !fs::symlink_metadata(&source).ok()?.is_dir() {
            let (_, _, name) = store_path_parts(store_path)?;
            let mut files: Vec<&RelPath> = self.by_name.get(name)?.iter().collect();
            files.sort();
            let same = files.into_iter().filter(|file| self.same(&source, file));
            return Some(same.map(|file| vec![file.clone()]).collect());
        }
        let inside = self.listed(&source)?;
        // The fewest folders come into question for the file whose path is the rarest.
        let folders = inside.iter().map(|file| self.folders_with(file));
        let mut folders = folders.min_by_key(Vec::len)?;
        folders.sort();
        let mut origins = Vec::new();
        for folder in folders {
            let files: Option<Vec<RelPath>> = inside
                .iter()
                .map(|file| {
                    folder
                        .join(file.as_str())
                        .filter(|file| self.files.contains(file))
                })
                .collect();
            let Some(files) = files else { continue };
            let mut pairs = inside.iter().zip(&files);
            if pairs.all(|(inner, file)| self.same(&inner.to_path(&source), file)) {
                origins.push(files);
            }
        }
        Some(origins)
    }

    /// The files in the folder `source`, in order. `None` as soon as one has a name that no file of the workspace has.
    fn listed(&self, source: &Path) -> Option<Vec<RelPath>> {
        let mut files = Vec::new();
        let mut pending = vec![RelPath::root()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder.to_path(source)).ok()? {
                let entry = entry.ok()?;
                let path = folder.join(entry.file_name())?;
                if entry.file_type().ok()?.is_dir() {
                    pending.push(path);
                } else if self.by_name.contains_key(path.file_name()) && files.len() < MOST_FILES {
                    files.push(path);
                } else {
                    return None;
                }
            }
        }
        files.sort();
        Some(files)
    }

    /// The folders of the workspace in which there is a file at `path`.
    fn folders_with(&self, path: &RelPath) -> Vec<RelPath> {
        let named = self.by_name.get(path.file_name()).into_iter().flatten();
        let folder = |file: &RelPath| {
            let folder = file.as_str().strip_suffix(path.as_str())?;
            match folder.strip_suffix('/') {
                Some(folder) => RelPath::new(folder),
                None => folder.is_empty().then(RelPath::root),
            }
        };
        named.filter_map(folder).collect()
    }

    /// Whether `source` and the workspace's `file` are both the same link, or files of the same bytes.
    fn same(&self, source: &Path, file: &RelPath) -> bool {
        let file = file.to_path(&self.root);
        let (Ok(left), Ok(right)) = (fs::symlink_metadata(source), fs::symlink_metadata(&file))
        else {
            return false;
        };
        if left.is_symlink() && right.is_symlink() {
            return matches!((fs::read_link(source), fs::read_link(&file)), (Ok(l), Ok(r)) if l == r);
        }
        left.is_file()
            && right.is_file()
            && left.len() == right.len()
            && matches!((fs::read(source), fs::read(&file)), (Ok(l), Ok(r)) if l == r)
    }
}

/// How many folders, from the root on, both files have in common.
fn shared_folders(a: &RelPath, b: &RelPath) -> usize {
    let (a, b) = (a.parent(), b.parent());
    let folders = a.as_str().split('/').zip(b.as_str().split('/'));
    folders.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rel(path: &str) -> RelPath {
        RelPath::new(path).unwrap()
    }

    fn write(root: &Path, files: &[(&str, &str)]) -> Vec<RelPath> {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        files.iter().map(|(path, _)| rel(path)).collect()
    }

    /// The files of a workspace of `files` that a source called `name` of `inside` was made of.
    fn traced(files: &[(&str, &str)], name: &str, inside: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().join("work");
        let files = write(&work, files);
        let source = format!("/nix/store/{}-{name}", "0".repeat(32));
        let inside: Vec<(String, &str)> = inside
            .iter()
            .map(|(path, text)| (format!("{}/{path}", &source[1..]), *text))
            .collect();
        let inside: Vec<(&str, &str)> = inside
            .iter()
            .map(|(path, text)| (path.trim_end_matches('/'), *text))
            .collect();
        fs::create_dir_all(dir.path().join("nix/store")).unwrap();
        write(dir.path(), &inside);
        let derivations = Derivations::at(Some(dir.path().into()));
        let sources = WorkspaceSources::new(&work, &files, &derivations);
        let traced = sources.files_of(&source, &rel("b/default.nix"));
        assert_eq!(traced.is_some(), sources.is_workspace(&source));
        traced.map(|files| {
            files
                .iter()
                .map(RelPath::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        })
    }

    #[test]
    fn a_file_is_told_by_name_and_bytes_and_the_nearest_is_taken() {
        let files = [
            ("a/bun.lock", "1"),
            ("b/bun.lock", "1"),
            ("c/bun.lock", "2"),
        ];
        let traced = |name: &str, text: &str| traced(&files, name, &[("", text)]);
        assert_eq!(traced("bun.lock", "1").as_deref(), Some("b/bun.lock"));
        assert_eq!(traced("bun.lock", "2").as_deref(), Some("c/bun.lock"));
        assert_eq!(traced("bun.lock", "3"), None);
        assert_eq!(traced("other.lock", "1"), None);
    }

    #[test]
    fn a_folder_is_told_by_all_that_is_in_it() {
        let files = [
            ("a/src/main", "m"),
            ("a/src/sub/x", "x"),
            ("b/src/main", "m"),
            ("b/src/sub/x", "y"),
            ("README", "r"),
        ];
        let traced = |inside: &[(&str, &str)]| traced(&files, "source", inside);
        let folder = traced(&[("main", "m"), ("sub/x", "x")]);
        assert_eq!(folder.as_deref(), Some("a/src/main a/src/sub/x"));
        // A filter left the other out: both folders would do, and the nearest is taken.
        assert_eq!(traced(&[("main", "m")]).as_deref(), Some("b/src/main"));
        let whole = traced(&[("README", "r"), ("b/src/main", "m")]);
        assert_eq!(whole.as_deref(), Some("README b/src/main"));
        assert_eq!(traced(&[("main", "m"), ("sub/x", "z")]), None);
        assert_eq!(traced(&[("main", "m"), ("new", "n")]), None);
        assert_eq!(traced(&[("sub/main", "m")]), None);
    }
}
