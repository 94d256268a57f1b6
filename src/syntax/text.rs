//! A string value together with the places in the source that it comes from.

use std::ops::Range;

use super::string::Quoting;
use crate::edit::Edit;
use crate::source::RelPath;

/// A piece of a string that stands literally in some file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// The decoded characters.
    pub value: String,
    pub file: RelPath,
    /// The bytes in `file` that spell `value`, without the quotes.
    pub range: Range<usize>,
    /// The name that the piece was reached by: `version` for the inner piece of `"v${version}"`, `None` for
    /// what stands in the string itself.
    pub via: Option<String>,
    /// Whether the literal is this piece and nothing else.
    pub whole: bool,
    /// The bindings that lead to the piece, the nearest to it first: which file, and where the bound value ends.
    pub(super) bindings: Vec<(RelPath, usize)>,
    quoting: Quoting,
    /// Whether source and value agree byte by byte, so that a part of it can be replaced on its own.
    verbatim: bool,
}

impl Part {
    pub(super) fn new(
        file: RelPath,
        range: Range<usize>,
        source: &str,
        quoting: Quoting,
        value: String,
        whole: bool,
    ) -> Part {
        let verbatim = source == value;
        Part {
            value,
            file,
            range,
            via: None,
            whole,
            bindings: Vec::new(),
            quoting,
            verbatim,
        }
    }

    /// Where byte `at` of the value stands in the file.
    pub fn offset(&self, at: usize) -> usize {
        if self.verbatim {
            self.range.start + at
        } else {
            self.range.start
        }
    }

    /// The bytes in the file that spell the bytes `within` of the value; of a value with escapes, all that spell it.
    pub fn span(&self, within: &Range<usize>) -> Range<usize> {
        match self.verbatim {
            true => self.range.start + within.start..self.range.start + within.end,
            false => self.range.clone(),
        }
    }

    /// The edit that writes `new` for the bytes `within` of the value. `None` when this place cannot hold `new`:
    /// a space in an unquoted URI, a line break in an indented string.
    pub fn replace(&self, within: Range<usize>, new: &str) -> Option<Edit> {
        if self.verbatim {
            let text = self.quoting.encode(new)?;
            let start = self.range.start;
            return Some(Edit {
                range: start + within.start..start + within.end,
                text,
            });
        }
        let mut value = self.value.clone();
        value.replace_range(within, new);
        Some(Edit {
            range: self.range.clone(),
            text: self.quoting.encode(&value)?,
        })
    }
}

/// A string that is known in full, as the sequence of its pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    pub parts: Vec<Part>,
}

impl Text {
    pub fn value(&self) -> String {
        self.parts.iter().map(|part| part.value.as_str()).collect()
    }

    /// The literal, when the whole string is one.
    pub fn literal(&self) -> Option<&Part> {
        match self.parts.as_slice() {
            [part] if part.whole => Some(part),
            _ => None,
        }
    }

    /// The piece that holds the bytes `within` of the value, and where in that piece they are.
    /// `None` when they span pieces.
    pub fn part_at(&self, within: &Range<usize>) -> Option<(&Part, Range<usize>)> {
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.value.len();
            if within.start >= start && within.end <= end && within.start < end.max(start + 1) {
                return Some((part, within.start - start..within.end - start));
            }
            start = end;
        }
        None
    }
}
