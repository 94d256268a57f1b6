//! `image choose`.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::json;
use crate::image::choose::{Choice, Reason};

#[derive(Serialize)]
struct ReasonRow<'a> {
    text: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
}

impl<'a> From<&'a Reason> for ReasonRow<'a> {
    fn from(reason: &'a Reason) -> ReasonRow<'a> {
        ReasonRow {
            text: &reason.text,
            file: reason.file.as_ref().map(|file| file.as_str()),
            line: reason.line,
        }
    }
}

/// `{schema, folder, method, reasons: [{text, file, line}], otherwise: […], source: {kind, reasons, lacks}, spec}`
pub fn image_choose_json(
    sink: &mut impl Write,
    choice: &Choice,
    spec: Option<&str>,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        folder: String,
        method: &'static str,
        reasons: Vec<ReasonRow<'a>>,
        otherwise: &'a [String],
        source: Option<SourceRow<'a>>,
        spec: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct SourceRow<'a> {
        kind: &'static str,
        reasons: Vec<ReasonRow<'a>>,
        lacks: Vec<ReasonRow<'a>>,
    }
    fn rows(reasons: &[Reason]) -> Vec<ReasonRow<'_>> {
        reasons.iter().map(ReasonRow::from).collect()
    }
    json(
        sink,
        &Document {
            folder: choice.folder.to_string(),
            method: choice.method.name(),
            reasons: rows(&choice.reasons),
            otherwise: &choice.otherwise,
            source: choice.guess.as_ref().map(|guess| SourceRow {
                kind: guess.source.kind(),
                reasons: rows(&guess.reasons),
                lacks: rows(&guess.lacks),
            }),
            spec,
        },
    )
}

/// The method with its reasons, what would lead to another, and a spec to start from.
pub fn image_choose_human(
    sink: &mut impl Write,
    choice: &Choice,
    spec: Option<&str>,
) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(
        sink,
        "{}: {bold}{}{bold:#}",
        choice.folder,
        choice.method.name()
    )?;
    reasons(sink, &choice.reasons)?;
    writeln!(sink, "\n{bold}What would change that{bold:#}")?;
    for text in &choice.otherwise {
        writeln!(sink, "  {text}")?;
    }
    match &choice.guess {
        Some(guess) => {
            writeln!(sink, "\nsource: {bold}{}{bold:#}", guess.source.kind())?;
            reasons(sink, &guess.reasons)?;
            if !guess.lacks.is_empty() {
                writeln!(sink, "\n{bold}What is lacking{bold:#}")?;
                reasons(sink, &guess.lacks)?;
            }
        }
        None => writeln!(
            sink,
            "\nNo kind of source fits: write a package.nix, and take `kind = \"package\"` with `file = \"package.nix\"`"
        )?,
    }
    if let Some(spec) = spec {
        writeln!(
            sink,
            "\n{bold}image.toml to start from{bold:#}\n\n{}",
            spec.trim_end()
        )?;
    }
    sink.flush()
}

fn reasons(sink: &mut impl Write, reasons: &[Reason]) -> io::Result<()> {
    let dim = Style::new().dimmed();
    for Reason { text, file, line } in reasons {
        write!(sink, "  {text}")?;
        match (file, line) {
            (Some(file), Some(line)) => writeln!(sink, "  {dim}{file}:{line}{dim:#}")?,
            (Some(file), None) => writeln!(sink, "  {dim}{file}{dim:#}")?,
            (None, _) => writeln!(sink)?,
        }
    }
    Ok(())
}
