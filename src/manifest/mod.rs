//! YAML, JSON and TOML files: read into a light tree of located values, and edited in place, one scalar at a time.
//!
//! Not here: which value is to change (`plan`, the rooms above), writing files (`transaction`), and Nix (`syntax`).
//! Nothing is ever written back from the tree: an edit replaces the bytes of one value's token and is proved by
//! reading the result again.

pub mod cargo_lock;
pub mod dockerfile;
pub mod entries;
pub mod flake_url;
pub mod go_mod;
pub mod image_ref;
pub mod image_tag;
mod json;
pub mod kustomization;
mod located;
pub mod nixbuild;
mod objects;
mod patch;
mod plain;
mod prove;
pub mod service_versions;
mod style;
mod toml;
mod tree;
pub mod workload;
mod yaml;

pub use located::{AttrPath, Located};
pub use style::{Format, Style, yaml_string};
pub use tree::{Kind, Node, Scalar, Tree};

use crate::source::{Position, RelPath, SourceFile};

/// Deeper nesting is reported, not read: no manifest that a person wrote comes near it.
const MAX_DEPTH: usize = 200;

/// What is wrong with a file, or with a change of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The file is not what its name says.
    #[error("{path}:{}:{}: not {format}: {message}", .at.line, .at.column)]
    Syntax {
        path: RelPath,
        at: Position,
        format: Format,
        message: String,
        hint: Option<&'static str>,
    },
    /// The value cannot be replaced where it stands.
    #[error("{path}:{}:{}: `{old}` cannot be replaced in place: {reason}", .at.line, .at.column)]
    Unsupported {
        path: RelPath,
        at: Position,
        old: String,
        reason: &'static str,
    },
    /// Reading the changed file again did not give what it had to: the change was dropped.
    #[error("{path}:{}:{}: writing `{new}` here would change more than this value: {reason}", .at.line, .at.column)]
    NotProven {
        path: RelPath,
        at: Position,
        new: String,
        reason: String,
    },
}

impl ManifestError {
    pub fn file(&self) -> &RelPath {
        match self {
            ManifestError::Syntax { path, .. }
            | ManifestError::Unsupported { path, .. }
            | ManifestError::NotProven { path, .. } => path,
        }
    }

    /// Where it is, and what is wrong there.
    pub fn place(&self) -> (Position, String) {
        match self {
            ManifestError::Syntax {
                at,
                format,
                message,
                ..
            } => (*at, format!("not {format}: {message}")),
            ManifestError::Unsupported {
                at, old, reason, ..
            } => (
                *at,
                format!("`{old}` cannot be replaced in place: {reason}"),
            ),
            ManifestError::NotProven {
                at, new, reason, ..
            } => (
                *at,
                format!("writing `{new}` here would change more than this value: {reason}"),
            ),
        }
    }

    /// What the user may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ManifestError::Syntax { hint, .. } => *hint,
            ManifestError::Unsupported { .. } => Some("write the value in quotes on one line"),
            ManifestError::NotProven { .. } => None,
        }
    }
}

/// A fault of a text, before it is known which file it is: byte offset and words.
#[derive(Clone, Debug)]
struct Fault {
    offset: usize,
    message: String,
    hint: Option<&'static str>,
}

impl Fault {
    fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault {
            offset,
            message: message.into(),
            hint: None,
        }
    }

    fn too_deep(offset: usize) -> Fault {
        Fault::new(offset, format!("nested more than {MAX_DEPTH} levels deep"))
    }

    fn of(self, file: &SourceFile, format: Format) -> ManifestError {
        ManifestError::Syntax {
            path: file.path().clone(),
            at: file.position(self.offset),
            format,
            message: self.message,
            hint: self.hint,
        }
    }
}

/// Reads `file` in the format that its name tells: `.json`, `.toml` and `.lock` (Cargo's), else YAML.
pub fn parse(file: &SourceFile) -> Result<Tree, ManifestError> {
    parse_as(file, Format::of(file.path()))
}

/// Reads `file` in the given format.
pub fn parse_as(file: &SourceFile, format: Format) -> Result<Tree, ManifestError> {
    parse_text(file.text(), format).map_err(|fault| fault.of(file, format))
}

fn parse_text(text: &str, format: Format) -> Result<Tree, Fault> {
    let documents = match format {
        Format::Yaml => yaml::parse(text)?,
        Format::Json => vec![json::parse(text)?],
        Format::Toml => vec![toml::parse(text)?],
    };
    Ok(Tree { documents, format })
}
