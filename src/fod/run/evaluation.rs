//! How a run evaluates what it evaluates: arguments and search path, as the user gave them.

use std::path::PathBuf;

use crate::config::Config;
use crate::source::{RelPath, Workspace};
use crate::work_copy::WorkCopy;

/// How the targets are evaluated.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// `--arg`: names and expressions.
    pub args: Vec<(String, String)>,
    /// `--argstr`: names and texts.
    pub argstrs: Vec<(String, String)>,
    pub include: Vec<Include>,
    /// The folder of the workspace that relative paths are seen from.
    pub dir: RelPath,
    /// `None` is this machine's.
    pub system: Option<String>,
}

impl Evaluation {
    /// As `cotter.toml` says, with relative paths seen from `dir`.
    pub fn of(config: &Config, dir: RelPath) -> Evaluation {
        let args = config.nix.args.iter();
        Evaluation {
            args: args
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            argstrs: Vec::new(),
            include: Include::of(config),
            dir,
            system: None,
        }
    }
}

/// A place of Nix's search path, `-I`. One of the workspace is that of the work copy when it is evaluated.
#[derive(Clone, Debug)]
pub struct Include {
    /// `PATH` or `NAME=PATH`
    pub path: String,
    /// The folder that a relative path is seen from.
    pub dir: RelPath,
}

impl Include {
    /// The search path of `cotter.toml`.
    fn of(config: &Config) -> Vec<Include> {
        let include = config.nix.include.iter();
        include
            .map(|(name, path)| Include {
                path: format!("{name}={path}"),
                dir: RelPath::root(),
            })
            .collect()
    }
}

/// `dir` in the copy, where it is there: a folder without tracked files is not.
pub(super) fn folder(copy: &WorkCopy, dir: &RelPath) -> PathBuf {
    Some(dir.to_path(copy.root()))
        .filter(|dir| dir.is_dir())
        .unwrap_or_else(|| copy.root().to_owned())
}

/// `include` with the path in the work copy, where it is one of the workspace and there.
pub(super) fn moved(include: &Include, workspace: &Workspace, copy: &WorkCopy) -> String {
    let (name, path) = match include.path.split_once('=') {
        Some((name, path)) => (Some(name), path),
        None => (None, include.path.as_str()),
    };
    let full = include.dir.to_path(workspace.root()).join(path);
    let inside = full
        .strip_prefix(workspace.root())
        .ok()
        .and_then(RelPath::new);
    let copied = inside
        .map(|path| path.to_path(copy.root()))
        .filter(|path| path.exists());
    let path = match copied {
        Some(copied) => copied.to_string_lossy().into_owned(),
        None if full.exists() => full.to_string_lossy().into_owned(),
        // A URL or a channel is no path.
        None => path.to_owned(),
    };
    match name {
        Some(name) => format!("{name}={path}"),
        None => path,
    }
}
