//! A finding: what is wrong, where, and how it is put right.

use std::ops::Range;

use serde::Serialize;

use super::Rule;
use crate::plan::Change;
use crate::source::{Position, RelPath, SourceFile, Workspace};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is broken, or will be.
    Error,
    /// It works, and will surprise somebody.
    Warning,
}

/// Some bytes of a file. Positions are 1-based, columns count characters; the end is the position behind the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: RelPath,
    /// Bytes of the file's text.
    pub range: Range<usize>,
    pub start: Position,
    pub end: Position,
}

impl Place {
    /// The bytes `range` of `file`; what lies outside of the text is cut off.
    pub fn of(file: &SourceFile, range: Range<usize>) -> Place {
        let length = file.text().len();
        let start = range.start.min(length);
        let end = range.end.clamp(start, length);
        Place {
            file: file.path().clone(),
            range: start..end,
            start: file.position(start),
            end: file.position(end),
        }
    }

    /// A file as a whole: of which no byte is more at fault than another, or which cannot be read.
    pub fn whole(file: &RelPath) -> Place {
        Place::at(file, Position { line: 1, column: 1 })
    }

    /// A position of a file that cannot be read.
    pub fn at(file: &RelPath, at: Position) -> Place {
        Place {
            file: file.clone(),
            range: 0..0,
            start: at,
            end: at,
        }
    }
}

/// Another place that a finding is about, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub place: Place,
    pub message: String,
}

/// A change that puts a finding right whatever else is true. Where more than one change would do, there is no fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Made together or not at all.
    pub changes: Vec<Change>,
}

/// What is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub place: Place,
    /// One sentence without a full stop, which names what stands there.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
}

impl Finding {
    /// Whether it is about one of the files that `wanted` accepts.
    pub fn touches(&self, wanted: impl Fn(&RelPath) -> bool) -> bool {
        let related = self.related.iter().map(|related| &related.place.file);
        std::iter::once(&self.place.file).chain(related).any(wanted)
    }

    /// The line that it is on, without the white space around it; empty where the file cannot be read.
    pub fn line(&self, workspace: &Workspace) -> String {
        let file = workspace.read(&self.place.file);
        file.map(|file| {
            file.line_at(file.offset(self.place.start))
                .trim()
                .to_owned()
        })
        .unwrap_or_default()
    }

    /// What stays the same of it while other lines of the file change.
    pub fn identity(&self, workspace: &Workspace) -> String {
        let Place { file, .. } = &self.place;
        format!(
            "{}
{file}
{}",
            self.rule.code,
            self.line(workspace)
        )
    }

    /// What findings are sorted by, and told apart by.
    pub fn key(&self) -> (&RelPath, usize, usize, &'static str, &str) {
        let Place {
            file, range, start, ..
        } = &self.place;
        (file, start.line, range.start, self.rule.code, &self.message)
    }
}
