//! `pin protect`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::json;
use crate::naming::Name;
use crate::pin::protect::{Action, Row};

/// The keys of the JSON contract.
#[derive(Serialize)]
struct RefRow<'a> {
    /// `None` for a ref that no pin names any more.
    name: Option<&'a Name>,
    /// Without credentials.
    remote: String,
    /// The ref that is made or deleted.
    #[serde(rename = "ref")]
    git_ref: Option<&'a str>,
    rev: String,
    action: &'static str,
    held_by: Option<&'a str>,
}

/// `{schema, refs: […], pushed}`; `pushed` says whether what the actions say has been done.
pub fn protect_json(sink: &mut impl Write, rows: &[Row], pushed: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        refs: Vec<RefRow<'a>>,
        pushed: bool,
    }
    let refs = rows.iter().map(ref_row).collect();
    json(sink, &Document { refs, pushed })
}

fn ref_row(row: &Row) -> RefRow<'_> {
    let (action, git_ref, held_by) = match &row.action {
        Action::Held { by } => ("held", None, Some(by.as_str())),
        Action::Create { name, .. } => ("create", Some(name.as_str()), None),
        Action::Delete { name } => ("delete", Some(name.as_str()), None),
        Action::Gone => ("gone", None, None),
    };
    RefRow {
        name: row.pin.as_ref().map(|(_, name)| name),
        remote: row.remote.to_string(),
        git_ref,
        rev: row.rev.to_string(),
        action,
        held_by,
    }
}

/// A line per pin, and one per ref that no pin names any more.
pub fn protect_human(sink: &mut impl Write, rows: &[Row], pushed: bool) -> io::Result<()> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let (green, red) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
    let name = |row: &Row| match &row.pin {
        Some((_, name)) => name.to_string(),
        None => "-".to_owned(),
    };
    let names = rows
        .iter()
        .map(|row| name(row).chars().count())
        .max()
        .unwrap_or(0)
        .min(48);
    for row in rows {
        let (name, rev, remote) = (name(row), row.rev.short(12), &row.remote);
        write!(sink, "{bold}{name:names$}{bold:#}  {green}{rev}{green:#}  ")?;
        match (&row.action, pushed) {
            (Action::Held { by }, _) => write!(sink, "protected by {by}"),
            (Action::Create { name, .. }, true) => write!(sink, "created {name}"),
            (Action::Create { name, .. }, false) => write!(sink, "would create {name}"),
            (Action::Delete { name }, true) => write!(sink, "deleted {name}"),
            (Action::Delete { name }, false) => write!(sink, "would delete {name}"),
            (Action::Gone, _) => write!(sink, "{red}gone{red:#}"),
        }?;
        writeln!(sink, "  {dim}{remote}{dim:#}")?;
    }
    sink.flush()
}
