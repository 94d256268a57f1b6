//! Files that are added to an image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file to add: the path of it, or more than that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a path, or `{ path = …, mode = … }`, or `{ text = …, mode = … }`"
)]
pub enum File {
    /// A path from the spec's folder.
    Path(String),
    Full(FullFile),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FullFile {
    /// A path from the spec's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The file's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In octal: `0755`. Default: readable by everyone, and executable if the file is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl File {
    /// The path from the spec's folder, where it is no text.
    pub fn path(&self) -> Option<&str> {
        match self {
            File::Path(path) => Some(path),
            File::Full(file) => file.path.as_deref(),
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            File::Path(_) => None,
            File::Full(file) => file.text.as_deref(),
        }
    }

    pub fn mode(&self) -> Option<&str> {
        match self {
            File::Path(_) => None,
            File::Full(file) => file.mode.as_deref(),
        }
    }
}
