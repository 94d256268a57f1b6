//! `pin list`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::json;
use crate::hash::Spelling;
use crate::naming::Name;
use crate::pin::{Follow, Found, Pin, PinKind, PinnedHash, Role};
use crate::source::{RelPath, Workspace};

/// A pin as it is listed. The fields are the keys of the JSON contract.
#[derive(Debug, Serialize)]
pub struct PinRow {
    name: Name,
    kind: PinKind,
    file: Option<RelPath>,
    line: Option<usize>,
    column: Option<usize>,
    url: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    rev: Option<String>,
    hash: Option<String>,
    follow: Option<String>,
}

impl PinRow {
    pub fn new(workspace: &Workspace, pin: &Pin, follow: &Follow) -> PinRow {
        let known = pin.spot.as_ref().and_then(|spot| spot.position());
        let place = known.or_else(|| Some(Found::place(workspace, pin)?.1));
        let file = match (&pin.spot, &pin.role) {
            (Some(spot), _) => Some(spot.file.clone()),
            (None, Role::FlakeInput(input)) => Some(input.flake_nix.clone()),
            (None, _) => None,
        };
        let hash = match &pin.hash {
            PinnedHash::Literal {
                text: Some(text), ..
            } => Some(text.hash.spell(Spelling::Sri)),
            PinnedHash::Literal {
                spot, text: None, ..
            } => Some(spot.value.clone()),
            PinnedHash::Locked(hash) => Some(hash.clone()),
            PinnedHash::None | PinnedHash::Opaque(_) => None,
        };
        PinRow {
            name: pin.name.clone(),
            kind: pin.kind,
            file,
            line: place.map(|at| at.line),
            column: place.map(|at| at.column),
            url: pin.url.as_deref().map(crate::git::without_credentials),
            git_ref: pin.git_ref.clone(),
            rev: pin.rev.clone(),
            hash,
            follow: Some(follow.to_string()),
        }
    }
}

/// `{schema, pins: […]}`
pub fn pins_json(sink: &mut impl Write, rows: &[PinRow]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        pins: &'a [PinRow],
    }
    json(sink, &Document { pins: rows })
}

/// A line per pin: name, revision, what it follows, and where it stands.
pub fn pins_human(sink: &mut impl Write, rows: &[PinRow]) -> io::Result<()> {
    let mut sink = io::BufWriter::new(sink);
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let green = AnsiColor::Green.on_default();
    let width = |value: fn(&PinRow) -> usize| rows.iter().map(value).max().unwrap_or(0).min(48);
    let names = width(|row| row.name.to_string().chars().count());
    let revs = width(|row| short(row).chars().count());
    let follows = width(|row| row.follow.as_deref().unwrap_or("-").chars().count());
    for row in rows {
        let place = match (&row.file, row.line, row.column) {
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(file), ..) => file.to_string(),
            _ => String::new(),
        };
        let (name, rev, follow) = (
            row.name.to_string(),
            short(row),
            row.follow.as_deref().unwrap_or("-"),
        );
        writeln!(
            sink,
            "{bold}{name:names$}{bold:#}  {green}{rev:revs$}{green:#}  {follow:follows$}  {dim}{place}{dim:#}"
        )?;
    }
    sink.flush()
}

/// Commits by their first digits; anything else as it is.
fn short(row: &PinRow) -> String {
    match row.rev.as_deref() {
        Some(rev) if rev.len() == 40 && rev.bytes().all(|b| b.is_ascii_hexdigit()) => {
            rev[..12].to_owned()
        }
        Some(rev) => rev.chars().take(48).collect(),
        None => "-".to_owned(),
    }
}
