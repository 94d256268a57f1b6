//! `pin bump`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Diagnostic, json};
use crate::pin::bump::{Bump, Left};
use crate::plan::{Change, Plan, Rewritten};
use crate::source::Position;

/// `{schema, changes, unchanged, left, written}`
pub fn bump_json(sink: &mut impl Write, bump: &Bump, written: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        changes: Vec<&'a Change>,
        unchanged: &'a [String],
        left: &'a [Left],
        written: bool,
    }
    let changes = bump.plan.changes().collect();
    json(
        sink,
        &Document {
            changes,
            unchanged: &bump.plan.unchanged,
            left: &bump.left,
            written,
        },
    )
}

/// A line per changed value, and how many pins stay.
pub fn bump_human(sink: &mut impl Write, bump: &Bump, dry_run: bool) -> io::Result<()> {
    changes_human(sink, &bump.plan, ("pin", "pins"), dry_run)
}

/// A line per changed value of a plan, and how many of what it names stay.
pub(super) fn changes_human(
    sink: &mut impl Write,
    plan: &Plan,
    (one, many): (&str, &str),
    dry_run: bool,
) -> io::Result<()> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let (red, green) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let changes: Vec<&Change> = plan.changes().collect();
    let names = changes
        .iter()
        .map(|change| change.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(48);
    let fields = changes
        .iter()
        .map(|change| change.field.len())
        .max()
        .unwrap_or(0);
    for Change {
        name,
        field,
        old,
        new,
        file,
        line,
        column,
        ..
    } in &changes
    {
        let (old, new) = (shown(old), shown(new));
        writeln!(
            sink,
            "{bold}{name:names$}{bold:#}  {field:fields$}  {red}{old}{red:#} -> {green}{new}{green:#}  \
             {dim}{file}:{line}:{column}{dim:#}"
        )?;
    }
    let pins = |count: usize| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let stays = match plan.unchanged.len() {
        0 => String::new(),
        count => format!("; {} already up to date", pins(count)),
    };
    match (changes.len(), dry_run) {
        (0, _) => writeln!(sink, "nothing to change{stays}")?,
        (count, true) => writeln!(sink, "would change {}{stays}", values(count))?,
        (count, false) => writeln!(sink, "changed {}{stays}", values(count))?,
    }
    sink.flush()
}

fn values(count: usize) -> String {
    if count == 1 {
        "1 value".to_owned()
    } else {
        format!("{count} values")
    }
}

/// What is to be read as a value, also where nothing stood or stands.
fn shown(value: &str) -> &str {
    match value {
        "" => "(none)",
        value => short(value),
    }
}

/// Commits by their first digits; anything else as it is.
fn short(value: &str) -> &str {
    let is_commit = value.len() == 40 && value.bytes().all(|b| b.is_ascii_hexdigit());
    if is_commit { &value[..12] } else { value }
}

/// The changes as a unified diff that `git apply` takes.
pub fn diff(sink: &mut impl Write, files: &[Rewritten]) -> io::Result<()> {
    let bold = Style::new().bold();
    let (red, green, cyan) = (
        AnsiColor::Red.on_default(),
        AnsiColor::Green.on_default(),
        AnsiColor::Cyan.on_default(),
    );
    for line in crate::plan::diff(files).split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => bold,
            [b'-', ..] => red,
            [b'+', ..] => green,
            [b'@', ..] => cyan,
            _ => Style::new(),
        };
        let (text, end) = match line.strip_suffix('\n') {
            Some(text) => (text, "\n"),
            None => (line, ""),
        };
        write!(sink, "{style}{text}{style:#}{end}")?;
    }
    sink.flush()
}

/// A pin that was left as it was, as a message.
pub fn left_diagnostic(left: &Left) -> Diagnostic {
    let message = format!("`{}` stays as it was: {}", left.name, left.reason);
    let at = Position {
        line: left.line,
        column: left.column,
    };
    Diagnostic {
        log: left.log.clone(),
        hint: left.hint.clone(),
        ..Diagnostic::at(&left.file, at, message)
    }
}
