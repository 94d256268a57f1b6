//! `fod-rehash --list`.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::fods::shown;
use super::json;
use crate::fod::Literal;
use crate::naming::Name;
use crate::source::{RelPath, SourceError, Workspace};

/// A hash literal as it is listed. The fields are the keys of the JSON contract.
#[derive(Debug, Serialize)]
pub struct LiteralRow {
    name: Name,
    file: RelPath,
    line: usize,
    column: usize,
    /// As it is written in the source.
    value: String,
    /// Whether it only keeps a hash's place.
    placeholder: bool,
}

impl LiteralRow {
    pub fn new(literal: &Literal, workspace: &Workspace) -> Result<LiteralRow, SourceError> {
        let source = workspace.read(literal.path())?;
        let at = source.position(literal.spot.offset());
        Ok(LiteralRow {
            name: literal.name.clone(),
            file: literal.path().clone(),
            line: at.line,
            column: at.column,
            value: literal.spot.value.clone(),
            placeholder: literal.is_placeholder(),
        })
    }
}

/// `{schema, literals}`
pub fn literals_json(sink: &mut impl Write, rows: &[LiteralRow]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        literals: &'a [LiteralRow],
    }
    json(sink, &Document { literals: rows })
}

/// A line per literal.
pub fn literals_human(sink: &mut impl Write, rows: &[LiteralRow]) -> io::Result<()> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let names: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
    let lengths = names.iter().map(|name| name.chars().count());
    let width = lengths.max().unwrap_or(0).min(48);
    for (row, name) in rows.iter().zip(&names) {
        let value = shown(&row.value);
        let LiteralRow {
            file, line, column, ..
        } = row;
        writeln!(
            sink,
            "{bold}{name:width$}{bold:#}  {value}  {dim}{file}:{line}:{column}{dim:#}"
        )?;
    }
    sink.flush()
}
