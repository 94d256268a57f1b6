//! A folder as `choose` sees it: its files down to some depth, and where in them something stands.

use std::sync::Arc;

use crate::source::{RelPath, SourceFile, Workspace};

/// Deep enough for `cmd/server/main.go` and `themes/x/theme.toml`.
const DEPTH: usize = 4;
/// More files say nothing more about what a folder is.
const MOST_FILES: usize = 20_000;

/// Why something is so, with the place that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub text: String,
    pub file: Option<RelPath>,
    /// 1-based.
    pub line: Option<usize>,
}

impl Reason {
    pub fn new(text: impl Into<String>) -> Reason {
        Reason {
            text: text.into(),
            file: None,
            line: None,
        }
    }

    /// What the file at `path` shows by being there.
    pub fn of_file(path: &RelPath, text: impl Into<String>) -> Reason {
        Reason {
            file: Some(path.clone()),
            ..Reason::new(text)
        }
    }

    /// What stands at byte `offset` of `source`.
    pub fn at(source: &SourceFile, offset: usize, text: impl Into<String>) -> Reason {
        Reason {
            line: Some(source.position(offset).line),
            ..Reason::of_file(source.path(), text)
        }
    }
}

pub(super) struct Folder<'w> {
    pub workspace: &'w Workspace,
    pub path: RelPath,
    /// Sorted.
    pub files: Vec<RelPath>,
}

impl<'w> Folder<'w> {
    pub fn of(workspace: &'w Workspace, path: &RelPath) -> Folder<'w> {
        let mut files = workspace.files_near(path, DEPTH);
        files.retain(|file| {
            let inside = file.as_str();
            !inside
                .split('/')
                .any(|part| matches!(part, "node_modules" | "target" | "vendor"))
        });
        files.truncate(MOST_FILES);
        Folder {
            workspace,
            path: path.clone(),
            files,
        }
    }

    /// The path of a file of the folder, where it is there.
    pub fn has(&self, name: &str) -> Option<RelPath> {
        let path = self.path.join(name)?;
        self.files.binary_search(&path).is_ok().then_some(path)
    }

    /// The first of `names` that is there.
    pub fn has_one(&self, names: &[&str]) -> Option<RelPath> {
        names.iter().find_map(|name| self.has(name))
    }

    pub fn read(&self, name: &str) -> Option<Arc<SourceFile>> {
        self.workspace.read(&self.has(name)?).ok()
    }

    /// The files whose folder is this one.
    pub fn own_files(&self) -> impl Iterator<Item = &RelPath> {
        self.files.iter().filter(|file| file.parent() == self.path)
    }

    /// Seen from the folder.
    pub fn inside<'p>(&self, path: &'p RelPath) -> &'p str {
        let rest = path.as_str().strip_prefix(self.path.as_str());
        rest.map_or(path.as_str(), |rest| rest.trim_start_matches('/'))
    }

    /// The nearest of `names` in the folder or above it.
    pub fn above(&self, names: &[&str]) -> Option<RelPath> {
        let mut at = self.path.clone();
        loop {
            let mut here = names.iter().filter_map(|name| at.join(name));
            if let Some(found) = here.find(|path| self.workspace.has_file(path)) {
                return Some(found);
            }
            if at.is_root() {
                return None;
            }
            at = at.parent();
        }
    }
}
