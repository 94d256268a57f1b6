//! `fod-rehash`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Diagnostic, json};
use crate::fod::output_hashes::{Changed, Written};
use crate::fod::{Row, Status};
use crate::source::Position;

/// `{schema, fods, rounds, written}`
pub fn fods_json(
    sink: &mut impl Write,
    rows: &[Row],
    rounds: usize,
    written: bool,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        fods: &'a [Row],
        rounds: usize,
        written: bool,
    }
    json(
        sink,
        &Document {
            fods: rows,
            rounds,
            written,
        },
    )
}

/// A line per literal that is not simply right, and how many there are of each kind.
pub fn fods_human(sink: &mut impl Write, rows: &[Row], dry_run: bool) -> io::Result<()> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let (red, green) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let told: Vec<&Row> = rows
        .iter()
        .filter(|row| row.status != Status::Verified)
        .collect();
    let names: Vec<String> = told.iter().map(|row| row.name.to_string()).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(48);
    for (row, name) in told.iter().zip(&names) {
        let Row {
            file, line, column, ..
        } = row;
        let (style, word) = match row.status {
            Status::Updated => (green, "updated"),
            Status::Failed => (red, "failed"),
            Status::Verified | Status::Unreached => (dim, "unreached"),
        };
        write!(
            sink,
            "{bold}{name:width$}{bold:#}  {style}{word:9}{style:#}  "
        )?;
        match (&row.new, row.status) {
            (Some(new), Status::Updated) => write!(
                sink,
                "{red}{}{red:#} -> {green}{new}{green:#}",
                shown(&row.old)
            )?,
            _ => write!(sink, "{}", shown(&row.old))?,
        }
        writeln!(sink, "  {dim}{file}:{line}:{column}{dim:#}")?;
    }
    let count = |status: Status| rows.iter().filter(|row| row.status == status).count();
    let updated = count(Status::Updated);
    let begin = match (updated, dry_run) {
        (0, _) => "nothing to change".to_owned(),
        (count, true) => format!("would change {}", hashes(count)),
        (count, false) => format!("changed {}", hashes(count)),
    };
    let others = [
        (Status::Verified, "verified"),
        (Status::Failed, "failed"),
        (Status::Unreached, "unreached"),
    ];
    let rest: String = others
        .into_iter()
        .map(|(status, word)| (count(status), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("; {count} {word}"))
        .collect();
    writeln!(sink, "{begin}{rest}")?;
    sink.flush()
}

fn hashes(count: usize) -> String {
    if count == 1 {
        "1 hash".to_owned()
    } else {
        format!("{count} hashes")
    }
}

/// An empty placeholder can be seen.
pub(super) fn shown(text: &str) -> &str {
    if text.is_empty() { "\"\"" } else { text }
}

/// What there is to say about a literal that is not simply right.
pub fn fod_diagnostic(row: &Row) -> Option<Diagnostic> {
    let reason = row.reason.as_ref()?;
    let name = &row.name;
    let at = Position {
        line: row.line,
        column: row.column,
    };
    let diagnostic = match row.status {
        Status::Failed => {
            Diagnostic::at(&row.file, at, format!("`{name}` stays as it was: {reason}"))
        }
        Status::Unreached => Diagnostic {
            severity: super::Severity::Note,
            ..Diagnostic::at(
                &row.file,
                at,
                format!("`{name}` was not looked into: {reason}"),
            )
        },
        Status::Updated | Status::Verified => Diagnostic {
            severity: super::Severity::Note,
            ..Diagnostic::at(&row.file, at, format!("`{name}`: {reason}"))
        },
    };
    let failed = row.status == Status::Failed && !row.log.is_empty();
    let hint = row
        .drv
        .as_ref()
        .filter(|_| failed)
        .map(|drv| format!("`nix-store --read-log {drv}` shows the whole log"));
    Some(Diagnostic {
        log: row.log.clone(),
        hint,
        ..diagnostic
    })
}

/// Which entries of `outputHashes` come and go, and which do not though they should.
pub fn output_hashes_diagnostics(entries: &Written) -> Vec<Diagnostic> {
    let changed = entries.sets.iter().map(|set| Diagnostic {
        severity: super::Severity::Note,
        ..Diagnostic::at(
            &set.file,
            set.position,
            format!("`outputHashes` goes with {}: {}", set.lock, moves(set)),
        )
    });
    let held = entries.held.iter().map(|(set, reason)| Diagnostic {
        severity: super::Severity::Warning,
        hint: Some(format!("{} asks for it: {}", set.lock, moves(set))),
        ..Diagnostic::at(
            &set.file,
            set.position,
            format!("`outputHashes` stays as it was: {reason}"),
        )
    });
    changed.chain(held).collect()
}

/// `"a-1.0.0" comes in; "b-0.1.0" goes`
fn moves(set: &Changed) -> String {
    let quoted = |keys: &[String]| {
        let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        quoted.join(", ")
    };
    let verb = |keys: &[String], one: &str, many: &str| match keys {
        [] => None,
        [key] => Some(format!("\"{key}\" {one}")),
        keys => Some(format!("{} {many}", quoted(keys))),
    };
    let moves = [
        verb(&set.added, "comes in", "come in"),
        verb(&set.removed, "goes", "go"),
    ];
    moves.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
