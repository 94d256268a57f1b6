//! `image migrate`.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::json;
use crate::image::migrate::{Entry, Fate, Migration};
use crate::output::EmittedFile;
use crate::source::RelPath;

/// `{schema, dockerfile, spec, decide: [{line, instruction, why, suggestions}], instructions: [{line, instruction, fate,
/// what}], files: [{file, status}], written, next: [command]}`; `fate` is `spec`, `covered` or `decide`.
pub fn image_migrate_json(
    sink: &mut impl Write,
    dockerfile: &RelPath,
    migration: &Migration,
    spec: &str,
    files: &[EmittedFile],
    written: bool,
    next: &[String],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        dockerfile: &'a str,
        spec: &'a str,
        decide: Vec<DecideRow<'a>>,
        instructions: Vec<Row<'a>>,
        files: &'a [EmittedFile],
        written: bool,
        next: &'a [String],
    }
    #[derive(Serialize)]
    struct DecideRow<'a> {
        line: usize,
        instruction: &'a str,
        why: &'a str,
        suggestions: &'a [String],
    }
    #[derive(Serialize)]
    struct Row<'a> {
        line: usize,
        instruction: &'a str,
        fate: &'static str,
        what: &'a str,
    }
    fn row(entry: &Entry) -> Row<'_> {
        let (fate, what) = match &entry.fate {
            Fate::Spec(what) => ("spec", what),
            Fate::Covered(why) => ("covered", why),
            Fate::Decide { why, .. } => ("decide", why),
        };
        Row {
            line: entry.line,
            instruction: &entry.text,
            fate,
            what,
        }
    }
    let rows = migration.entries.iter().map(row);
    let decide = migration
        .to_decide()
        .map(|(entry, why, suggestions)| DecideRow {
            line: entry.line,
            instruction: &entry.text,
            why,
            suggestions,
        });
    json(
        sink,
        &Document {
            dockerfile: dockerfile.as_str(),
            spec,
            decide: decide.collect(),
            instructions: rows.collect(),
            files,
            written,
            next,
        },
    )
}

/// What a person has to decide, each with its line.
pub fn image_migrate_human(
    sink: &mut impl Write,
    dockerfile: &RelPath,
    migration: &Migration,
) -> io::Result<()> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut count = 0;
    for (entry, why, suggestions) in migration.to_decide() {
        count += 1;
        writeln!(
            sink,
            "{bold}{dockerfile}:{}{bold:#}  {dim}{}{dim:#}",
            entry.line, entry.text
        )?;
        writeln!(sink, "  {why}")?;
        for suggestion in suggestions {
            writeln!(sink, "  - {suggestion}")?;
        }
    }
    let all = migration.instructions;
    match count {
        0 => writeln!(
            sink,
            "nothing is left to decide: all of {all} instructions are in the spec or covered by it"
        )?,
        1 => writeln!(sink, "1 thing to decide, of {all} instructions")?,
        count => writeln!(sink, "{count} things to decide, of {all} instructions")?,
    }
    sink.flush()
}
