//! The folder that files are copied from, where it is there to be looked at.

use std::sync::Arc;

use globset::GlobBuilder;

use super::path;
use crate::source::{RelPath, SourceFile, Workspace};

/// So deep files are looked for.
const DEPTH: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// It is not there; its name looks like a file's.
    LikeFile,
    /// It is not there, and what it is is not known.
    Absent,
}

/// The build context of a Dockerfile.
#[derive(Debug)]
pub struct Context<'w> {
    pub workspace: &'w Workspace,
    pub folder: RelPath,
    /// The way to it from the folder that the spec is in.
    pub from_spec: String,
    files: Vec<String>,
}

impl<'w> Context<'w> {
    pub fn new(workspace: &'w Workspace, folder: RelPath, from_spec: String) -> Context<'w> {
        let files = workspace.files_near(&folder, DEPTH);
        let inside = |file: &RelPath| {
            path::below(&format!("/{file}"), &format!("/{}", folder.as_str())).map(str::to_owned)
        };
        Context {
            files: files.iter().filter_map(inside).collect(),
            workspace,
            folder,
            from_spec,
        }
    }

    pub fn kind(&self, name: &str) -> Kind {
        let name = path::in_context(name);
        if name == "." {
            return Kind::Folder;
        }
        let Some(full) = self.folder.join(&name) else {
            return Kind::Absent;
        };
        if self.workspace.has_file(&full) {
            return Kind::File;
        }
        let is_folder = self
            .files
            .iter()
            .any(|file| path::below(file, &name).is_some());
        match is_folder || full.to_path(self.workspace.root()).is_dir() {
            true => Kind::Folder,
            false if path::name(&name).trim_start_matches('.').contains('.') => Kind::LikeFile,
            false => Kind::Absent,
        }
    }

    pub fn is_file(&self, name: &str) -> bool {
        matches!(self.kind(name), Kind::File | Kind::LikeFile)
    }

    pub fn read(&self, name: &str) -> Option<Arc<SourceFile>> {
        let full = self.folder.join(path::in_context(name))?;
        self.workspace.read(&full).ok()
    }

    /// The files below `folder`, seen from the context.
    pub fn files_in<'s>(&'s self, folder: &'s str) -> impl Iterator<Item = &'s str> {
        let all = self.files.iter().map(String::as_str);
        all.filter(move |file| folder == "." || path::below(file, folder).is_some())
    }

    /// The files and folders that `pattern` means; itself where it is no pattern.
    pub fn matches(&self, pattern: &str) -> Vec<String> {
        let pattern = path::in_context(pattern);
        if pattern.contains(char::is_control) {
            return Vec::new();
        }
        if !pattern.contains(['*', '?', '[']) {
            return vec![pattern];
        }
        let built = GlobBuilder::new(&pattern).literal_separator(true).build();
        let Ok(glob) = built.map(|glob| glob.compile_matcher()) else {
            return Vec::new();
        };
        let depth = pattern.split('/').count();
        let mut found: Vec<String> = self
            .files
            .iter()
            .map(|file| file.split('/').take(depth).collect::<Vec<_>>().join("/"))
            .filter(|part| glob.is_match(part))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// A path of the context as the spec names it.
    pub fn in_spec(&self, name: &str) -> String {
        match (self.from_spec.as_str(), name) {
            (".", name) => name.to_owned(),
            (from, ".") => from.to_owned(),
            (from, name) => format!("{from}/{name}"),
        }
    }
}
