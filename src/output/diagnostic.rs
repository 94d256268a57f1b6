//! Messages to the user: what is wrong where, with the line that it is about, and what to do.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::json;
use crate::source::{Position, RelPath, Workspace};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    pub file: Option<RelPath>,
    /// Both 1-based.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// What a program printed that it is about, to be shown below it.
    pub log: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            file: None,
            line: None,
            column: None,
            log: Vec::new(),
            hint: None,
        }
    }

    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(message)
        }
    }

    pub fn note(message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Note,
            ..Diagnostic::error(message)
        }
    }

    pub fn at(file: &RelPath, at: Position, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            file: Some(file.clone()),
            line: Some(at.line),
            column: Some(at.column),
            ..Diagnostic::error(message)
        }
    }
}

/// Writes `diagnostics`, with the lines that they are about where `workspace` can still be read.
pub fn diagnostics(
    sink: &mut impl Write,
    workspace: Option<&Workspace>,
    diagnostics: &[Diagnostic],
) -> io::Result<()> {
    let renderer = Renderer::styled();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let source = workspace
            .zip(diagnostic.file.as_ref())
            .and_then(|(w, path)| w.read(path).ok());
        let mut group: Group = match (&source, &diagnostic.file) {
            (Some(file), Some(path)) => {
                let at = file.offset(Position {
                    line: diagnostic.line.unwrap_or(1),
                    column: diagnostic.column.unwrap_or(1),
                });
                let end = file.text()[at..]
                    .chars()
                    .next()
                    .map_or(at, |c| at + c.len_utf8());
                let snippet = Snippet::source(masked(file.text()))
                    .path(path.as_str())
                    .annotation(AnnotationKind::Primary.span(at..end));
                level
                    .primary_title(diagnostic.message.as_str())
                    .element(snippet)
            }
            (None, Some(path)) => {
                let place = match (diagnostic.line, diagnostic.column) {
                    (Some(line), Some(column)) => format!("{path}:{line}:{column}: "),
                    _ => format!("{path}: "),
                };
                Group::with_title(level.primary_title(place + &diagnostic.message))
            }
            (_, None) => Group::with_title(level.primary_title(diagnostic.message.as_str())),
        };
        let log = diagnostic.log.join("\n");
        if !log.is_empty() {
            let title = format!("the last lines of its log:\n{log}");
            group = group.element(Level::NOTE.message(title));
        }
        if let Some(hint) = &diagnostic.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        writeln!(sink, "{}", renderer.render(&[group]))?;
    }
    Ok(())
}

/// `text` with stars for the user and password of every URL in it. Each byte stays in its place.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let mut stars: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + "://".len();
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c));
        if let Some(sign) = rest[..end.unwrap_or(rest.len())].rfind('@') {
            stars.push(start..start + sign);
        }
    }
    if stars.is_empty() {
        return text.into();
    }
    let mut masked = text.to_owned();
    for range in stars {
        masked.replace_range(range.clone(), &"*".repeat(range.len()));
    }
    masked.into()
}

/// The one object that a failed command prints under `--format json`.
pub fn error_json(sink: &mut impl Write, kind: &str, diagnostic: &Diagnostic) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        error: Error<'a>,
    }
    #[derive(Serialize)]
    struct Error<'a> {
        kind: &'a str,
        message: &'a str,
        file: Option<&'a RelPath>,
        line: Option<usize>,
        column: Option<usize>,
        hint: Option<&'a str>,
    }
    let Diagnostic {
        message,
        file,
        line,
        column,
        hint,
        ..
    } = diagnostic;
    let error = Error {
        kind,
        message,
        file: file.as_ref(),
        line: *line,
        column: *column,
        hint: hint.as_deref(),
    };
    json(sink, &Document { error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn lines_are_shown_without_credentials() {
        let text = "{ a = \"https://joe:s3cret@git.example.org/x\"; b = 1 c }\n";
        assert_eq!(masked(text).len(), text.len());
        let path = RelPath::new("a.nix").unwrap();
        let file = SourceFile::from_text(path.clone(), text.to_owned());
        let at = file.position(text.find(" c ").unwrap() + 1);
        let workspace = Workspace::at(&std::env::temp_dir())
            .unwrap()
            .with_overlay([file]);
        let mut out = Vec::new();
        let problem = Diagnostic::at(&path, at, "not expected here");
        diagnostics(&mut out, Some(&workspace), &[problem]).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.contains("@git.example.org/x") && !out.contains("s3cret"),
            "{out}"
        );
        assert_eq!(
            masked("git@example.org:x ssh://a/b@c"),
            "git@example.org:x ssh://a/b@c"
        );
    }
}
