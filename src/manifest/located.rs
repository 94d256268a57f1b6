//! A value that a room above wants to know and may want to change: what it says, where, and how to replace it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::patch::Embedded;
use super::prove::{Wanted, prove};
use super::style::render;
use super::tree::Scalar;
use super::{Fault, Format, ManifestError, Style, parse_text};
use crate::edit::{Edit, apply};
use crate::source::SourceFile;

/// The way to a value: keys joined with dots, quoted where they hold more than letters, digits, `-` and `_`;
/// a sequence's items as `[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttrPath(String);

impl AttrPath {
    pub fn key(&self, key: &str) -> AttrPath {
        let is_bare = !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let dot = if self.0.is_empty() { "" } else { "." };
        AttrPath(match is_bare {
            true => format!("{}{dot}{key}", self.0),
            false => format!("{}{dot}{key:?}", self.0),
        })
    }

    pub fn keys(&self, keys: &[&str]) -> AttrPath {
        keys.iter().fold(self.clone(), |path, key| path.key(key))
    }

    pub fn index(&self, index: usize) -> AttrPath {
        AttrPath(format!("{}[{index}]", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A located scalar of a YAML, JSON or TOML file.
#[derive(Clone, Debug)]
pub struct Located {
    /// What it says, decoded; see [`Scalar::text`].
    pub value: String,
    /// The bytes of its token in the file, see [`Scalar::span`].
    pub span: Range<usize>,
    pub style: Style,
    pub format: Format,
    pub path: AttrPath,
    pub(super) in_flow: bool,
    /// Set when the value stands in YAML that is itself the text of a block scalar, as in a kustomization's patch.
    pub(super) embedded: Option<Arc<Embedded>>,
}

impl Located {
    pub fn new(scalar: &Scalar, format: Format, path: AttrPath) -> Located {
        Located {
            value: scalar.text().to_owned(),
            span: scalar.span.clone(),
            style: scalar.style,
            in_flow: scalar.in_flow,
            format,
            path,
            embedded: None,
        }
    }

    /// The edit that makes this value say `new`, in the style it has where that style can hold it, else in `"…"`.
    ///
    /// A plain YAML value that some reader would take for a number, a boolean, a date or null is put in quotes.
    /// `file` must be what the value was found in. The edit is proved: the changed text reads back with the same
    /// structure, this value says `new` and every other is as it was. Values behind aliases of this one follow it.
    pub fn replace(&self, file: &SourceFile, new: &str) -> Result<Edit, ManifestError> {
        let token = file.text().get(self.span.clone()).unwrap_or("");
        let text = render(self, token, new).map_err(|reason| ManifestError::Unsupported {
            path: file.path().clone(),
            at: file.position(self.span.start),
            old: self.value.clone(),
            reason,
        })?;
        let edit = Edit {
            range: self.span.clone(),
            text,
        };
        let wanted = Wanted {
            start: self.span.start,
            old: &self.value,
            new,
        };
        let proof = match &self.embedded {
            None => prove_edit(file.text(), &edit, self.format, &wanted),
            Some(embedded) => embedded.prove(file.text(), &edit, self, new),
        };
        proof.map_err(|reason| ManifestError::NotProven {
            path: file.path().clone(),
            at: file.position(self.span.start),
            new: new.to_owned(),
            reason,
        })?;
        Ok(edit)
    }
}

/// Reads `text` before and after `edit` and compares.
pub(super) fn prove_edit(
    text: &str,
    edit: &Edit,
    format: Format,
    wanted: &Wanted<'_>,
) -> Result<(), String> {
    let words = |fault: Fault| fault.message;
    let old = parse_text(text, format).map_err(words)?;
    let changed = apply(text, std::slice::from_ref(edit)).map_err(|e| e.to_string())?;
    let new = parse_text(&changed, format).map_err(words)?;
    prove(&old, &new, wanted)
}
