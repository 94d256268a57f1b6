//! A value of a source file, of whatever language, that a bump can replace.

use std::ops::Range;

use crate::edit::Edit;
use crate::manifest::{Located, ManifestError};
use crate::source::{Position, RelPath, SourceFile};
use crate::syntax::{Part, Text};

/// Where a value stands and what it says.
#[derive(Clone, Debug)]
pub struct Spot {
    pub value: String,
    pub file: RelPath,
    place: Place,
    /// Line and column, where they were looked up.
    position: Option<Position>,
}

#[derive(Clone, Debug)]
enum Place {
    /// Part of a literal in a Nix file.
    Nix {
        part: Box<Part>,
        within: Range<usize>,
    },
    /// Part of a scalar of a manifest.
    Manifest {
        located: Box<Located>,
        within: Range<usize>,
    },
    /// These very bytes, which need no quoting: a hexadecimal rev in a lock file.
    Bytes(Range<usize>),
}

#[derive(Debug, thiserror::Error)]
pub enum SpotError {
    #[error("{file}:{line}:{column}: `{new}` cannot be written in this kind of string")]
    Unwritable {
        file: RelPath,
        line: usize,
        column: usize,
        new: String,
    },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The bytes `within` of `value`; empty where these are no place in it.
fn piece(value: &str, within: &Range<usize>) -> String {
    value.get(within.clone()).unwrap_or_default().to_owned()
}

impl Spot {
    pub fn in_part(part: &Part, within: Range<usize>) -> Spot {
        Spot {
            value: piece(&part.value, &within),
            file: part.file.clone(),
            place: Place::Nix {
                part: Box::new(part.clone()),
                within,
            },
            position: None,
        }
    }

    /// A string that is one literal.
    pub fn literal(text: &Text) -> Option<Spot> {
        let part = text.literal()?;
        Some(Spot::in_part(part, 0..part.value.len()))
    }

    /// The first literal piece of a string: what a comment stands behind.
    pub fn literal_or_first(text: &Text) -> Option<Spot> {
        let part = text.parts.first()?;
        Some(Spot::in_part(part, 0..part.value.len()))
    }

    /// The literal of a Nix file that the value is part of.
    pub fn part(&self) -> Option<&Part> {
        match &self.place {
            Place::Nix { part, .. } => Some(part),
            _ => None,
        }
    }

    pub fn in_scalar(file: &RelPath, located: &Located, within: Range<usize>) -> Spot {
        Spot {
            value: piece(&located.value, &within),
            file: file.clone(),
            place: Place::Manifest {
                located: Box::new(located.clone()),
                within,
            },
            position: None,
        }
    }

    pub fn whole_scalar(file: &RelPath, located: &Located) -> Spot {
        Spot::in_scalar(file, located, 0..located.value.len())
    }

    pub fn bytes(file: &RelPath, range: Range<usize>, value: &str) -> Spot {
        Spot {
            value: value.to_owned(),
            file: file.clone(),
            place: Place::Bytes(range),
            position: None,
        }
    }

    /// Looks up the line and column in `file`, which holds the value.
    pub fn locate(&mut self, file: &SourceFile) {
        self.position = Some(file.position(self.offset()));
    }

    /// The line and column of the value, once they were looked up.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Where the value begins in the file, in bytes.
    pub fn offset(&self) -> usize {
        match &self.place {
            Place::Nix { part, within } => part.offset(within.start),
            Place::Manifest { located, within } => {
                // Quotes stand before the value; within an escaped one only the beginning is known.
                located.span.start + usize::from(located.style.is_quoted()) + within.start
            }
            Place::Bytes(range) => range.start,
        }
    }

    /// The bytes of the value in the file. Of one that holds escapes, those of all that they stand in.
    pub fn range(&self) -> Range<usize> {
        match &self.place {
            Place::Nix { part, within } => part.span(within),
            Place::Manifest { located, within } => {
                let start = self.offset();
                let verbatim = located.value.len() + 2 * usize::from(located.style.is_quoted());
                match verbatim == located.span.len() {
                    true => start..start + within.len(),
                    false => located.span.clone(),
                }
            }
            Place::Bytes(range) => range.clone(),
        }
    }

    /// Whether both are the same bytes of the same file.
    pub fn is_same(&self, other: &Spot) -> bool {
        self.file == other.file && self.offset() == other.offset() && self.value == other.value
    }

    /// The name that a Nix value was reached by.
    pub fn via(&self) -> Option<&str> {
        match &self.place {
            Place::Nix { part, .. } => part.via.as_deref(),
            _ => None,
        }
    }

    /// The edit of `file`, in which the value was found, that makes it `new`.
    pub fn replace(&self, file: &SourceFile, new: &str) -> Result<Edit, SpotError> {
        match &self.place {
            Place::Nix { part, within } => part.replace(within.clone(), new).ok_or_else(|| {
                let at = file.position(self.offset());
                SpotError::Unwritable {
                    file: file.path().clone(),
                    line: at.line,
                    column: at.column,
                    new: new.into(),
                }
            }),
            Place::Manifest { located, within } => {
                let mut value = located.value.clone();
                value.replace_range(within.clone(), new);
                Ok(located.replace(file, &value)?)
            }
            Place::Bytes(range) => Ok(Edit {
                range: range.clone(),
                text: new.to_owned(),
            }),
        }
    }
}
