//! A workspace with files in a known state, and what must hold of it after a crash and after the repair.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cotter::source::{RelPath, Stamp};
use cotter::transaction::FileChange;

pub const EDITED: &str = "edited by a person\n";

pub struct File {
    pub path: &'static str,
    /// `None`: the run creates it.
    pub old: Option<String>,
    pub new: String,
}

pub struct World {
    _dir: tempfile::TempDir,
    pub root: PathBuf,
    pub files: Vec<File>,
    /// The file that the test edited while the run was under way.
    pub edited: Option<usize>,
}

impl World {
    /// `count` files, the last of three or more one that the run creates if `creates`.
    pub fn new(count: usize, git: bool, creates: bool) -> World {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        if git {
            fs::create_dir(root.join(".git")).unwrap();
        }
        fs::create_dir(root.join("sub")).unwrap();
        let paths = ["default.nix", "sub/Cargo.lock", "sub/service.yaml"];
        let file = |(index, path): (usize, &&'static str)| File {
            path,
            old: (!creates || index + 1 < count).then(|| format!("old {path}\n").repeat(20)),
            new: format!("new {path}\n").repeat(30),
        };
        let files: Vec<File> = paths.iter().take(count).enumerate().map(file).collect();
        for file in &files {
            if let Some(old) = &file.old {
                fs::write(root.join(file.path), old).unwrap();
            }
        }
        World {
            _dir: dir,
            root,
            files,
            edited: None,
        }
    }

    /// The same world on another place of the disk, crash and all.
    pub fn copy(&self) -> World {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        for path in walk(&self.root) {
            let to = root.join(&path);
            if self.root.join(&path).is_dir() {
                fs::create_dir(to).unwrap();
            } else {
                fs::copy(self.root.join(&path), to).unwrap();
            }
        }
        let copy = |file: &File| File {
            path: file.path,
            old: file.old.clone(),
            new: file.new.clone(),
        };
        World {
            _dir: dir,
            root,
            files: self.files.iter().map(copy).collect(),
            edited: self.edited,
        }
    }

    pub fn changes(&self) -> Vec<FileChange> {
        let change = |file: &File| FileChange {
            path: RelPath::new(file.path).unwrap(),
            before: file.old.as_ref().map(|old| Stamp::of(old.as_bytes())),
            after: file.new.clone().into_bytes(),
        };
        self.files.iter().map(change).collect()
    }

    pub fn back(&self) -> Vec<FileChange> {
        let change = |file: &File| FileChange {
            path: RelPath::new(file.path).unwrap(),
            before: Some(Stamp::of(file.new.as_bytes())),
            after: file.old.clone().unwrap().into_bytes(),
        };
        self.files.iter().map(change).collect()
    }

    pub fn edit(&mut self, index: usize) {
        fs::write(self.root.join(self.files[index].path), EDITED).unwrap();
        self.edited = Some(index);
    }

    fn now(&self, file: &File) -> Option<String> {
        fs::read_to_string(self.root.join(file.path)).ok()
    }

    /// Each file is old or new, and an edited one as it was edited. Says which are new.
    pub fn assert_whole(&self, when: &str) -> Vec<bool> {
        let mut new = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let now = self.now(file);
            if self.edited == Some(index) {
                assert_eq!(now.as_deref(), Some(EDITED), "{when}: {}", file.path);
                continue;
            }
            let is_new = now.as_ref() == Some(&file.new);
            assert!(
                is_new || now == file.old,
                "{when}: {} is {now:?}",
                file.path
            );
            new.push(is_new);
        }
        new
    }

    /// All files are old, or all are new, and nothing else is there but copies for a person. Says whether new.
    pub fn assert_settled(&self, when: &str) -> bool {
        let new = self.assert_whole(when);
        assert!(new.iter().all(|n| *n == new[0]), "{when}: mixed: {new:?}");
        let mut expected: BTreeSet<PathBuf> = [PathBuf::from("sub")].into();
        if self.root.join(".git").exists() {
            expected.insert(".git".into());
        }
        for file in &self.files {
            if self.root.join(file.path).exists() {
                expected.insert(file.path.into());
            }
        }
        let mut found = walk(&self.root);
        if self.edited.is_some() {
            // A state folder may stay for the sake of what is kept in it, not empty.
            let in_kept = |path: &Path| path.to_string_lossy().contains("cotter/kept-");
            let any = found.iter().any(|path| in_kept(path));
            let state = [PathBuf::from(".cotter"), PathBuf::from(".git/cotter")];
            found.retain(|path| !(in_kept(path) || any && state.contains(path)));
        }
        assert_eq!(found, expected, "{when}");
        new[0]
    }
}

/// Every path below `root`, from it; a folder comes before what it holds.
pub fn walk(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                folders.push(path.clone());
            }
            found.insert(path.strip_prefix(root).unwrap().into());
        }
    }
    found
}
