//! What is evaluated to find the workspace's fixed-output derivations: its flakes, and the Nix files that can be built
//! as they stand.
//!
//! Not here: evaluating (`nix`), and which hash literals there are.

mod named;
mod reach;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

pub use named::{TargetError, file, flake};
pub use reach::{ignored, reaching};

use crate::config::Config;
use crate::source::RelPath;
use crate::syntax::{Library, TopLevel, top_level};

/// One thing to evaluate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A Nix file: all of it, or some attribute paths.
    File { path: RelPath, attrs: Vec<String> },
    /// The flake in a folder: its `packages` and `checks`, or what follows `#` in a flake reference.
    Flake { dir: RelPath, attr: Option<String> },
}

impl Target {
    /// The Nix file that evaluation begins with.
    pub fn entry(&self) -> RelPath {
        match self {
            Target::File { path, .. } => path.clone(),
            Target::Flake { dir, .. } => dir.join("flake.nix").unwrap_or_else(|| dir.clone()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::File { path, attrs } => {
                write!(f, "{path}")?;
                attrs.iter().try_for_each(|attr| write!(f, " -A {attr}"))
            }
            Target::Flake { dir, attr } => {
                f.write_str(if dir.is_root() { "." } else { "./" })?;
                if !dir.is_root() {
                    write!(f, "{dir}")?;
                }
                attr.iter().try_for_each(|attr| write!(f, "#{attr}"))
            }
        }
    }
}

/// All of a workspace's, of which `files` are the files: every `flake.nix`; every `default.nix` and every Nix file that
/// `cotter.toml` names for a container, but for those that cannot be built by themselves.
///
/// A file that cannot be read is taken: what is wrong with it is said by Nix.
pub fn all(config: &Config, files: &[RelPath], library: &Library) -> Vec<Target> {
    let configured = config.container.values().filter_map(|it| it.nix_file());
    let candidates: BTreeSet<RelPath> = files
        .iter()
        .filter(|file| matches!(file.file_name(), "default.nix" | "flake.nix"))
        .cloned()
        .chain(configured)
        .collect();
    candidates
        .into_iter()
        .filter_map(|path| match path.file_name() {
            "flake.nix" => Some(Target::Flake {
                dir: path.parent(),
                attr: None,
            }),
            _ => can_be_built(library, &path).then_some(Target::File {
                path,
                attrs: Vec::new(),
            }),
        })
        .collect()
}

/// Whether Nix can be asked to build the file with no arguments. A function with an argument that has no default is
/// called by another file, and so is an overlay (`final: prev: …`); a module is read by NixOS.
fn can_be_built(library: &Library, path: &RelPath) -> bool {
    let Some(file) = library.get(path) else {
        return true;
    };
    match top_level(library, &file) {
        TopLevel::Function | TopLevel::Functions => false,
        TopLevel::Set(names) => !is_module(&names),
        TopLevel::Other => true,
    }
}

/// Whether a set with these attributes is a module.
fn is_module(names: &[String]) -> bool {
    const ONLY_IN_MODULES: [&str; 6] = [
        "config",
        "disabledModules",
        "freeformType",
        "imports",
        "meta",
        "options",
    ];
    let is_of_module = |name: &String| ONLY_IN_MODULES.contains(&name.as_str());
    names.iter().any(|name| name == "imports")
        || (names.iter().any(is_of_module) && names.iter().all(is_of_module))
}
