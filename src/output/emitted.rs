//! Files that were emitted, as text and JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::source::RelPath;

/// A file that a command emits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmittedFile {
    pub file: RelPath,
    pub status: EmittedStatus,
}

/// What became of it, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EmittedStatus {
    Created,
    Updated,
    Unchanged,
}

/// A line for each file.
pub fn emitted_human(
    sink: &mut impl Write,
    files: &[EmittedFile],
    dry_run: bool,
) -> io::Result<()> {
    for EmittedFile { file, status } in files {
        let word = match (status, dry_run) {
            (EmittedStatus::Created, false) => "created",
            (EmittedStatus::Created, true) => "would create",
            (EmittedStatus::Updated, false) => "updated",
            (EmittedStatus::Updated, true) => "would update",
            (EmittedStatus::Unchanged, _) => "unchanged",
        };
        writeln!(sink, "{word} {file}")?;
    }
    sink.flush()
}

/// A line for each command that is left to be run.
pub fn next_steps(sink: &mut impl Write, commands: &[String]) -> io::Result<()> {
    for command in commands {
        writeln!(sink, "next: {command}")?;
    }
    sink.flush()
}

/// `{schema, files: [{file, status}], written, next: [command]}`
pub fn emitted_json(
    sink: &mut impl Write,
    files: &[EmittedFile],
    written: bool,
    next: &[String],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        files: &'a [EmittedFile],
        written: bool,
        next: &'a [String],
    }
    let document = Document {
        files,
        written,
        next,
    };
    super::json(sink, &document)
}
