//! What `check` found: for people, with the lines that it is about, and as JSON.

use std::io::{self, Write};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::diagnostic::masked;
use super::json;
use crate::check::{Finding, Place, Related, Severity};
use crate::source::{RelPath, SourceFile, Workspace};

/// A line with more bytes than this is not shown.
const LONGEST_LINE: usize = 2_000;

/// Writes `findings` with the lines of `workspace` that they are about, and how many there are.
pub fn human(sink: &mut impl Write, workspace: &Workspace, findings: &[Finding]) -> io::Result<()> {
    let renderer = Renderer::styled();
    for finding in findings {
        writeln!(sink, "{}\n", rendered(&renderer, workspace, finding))?;
    }
    let count = |severity: Severity| {
        findings
            .iter()
            .filter(|finding| finding.rule.severity == severity)
            .count()
    };
    let words = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let fixable = findings.iter().filter(|one| one.fix.is_some()).count();
    let told: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, one)| words(count, one))
        .collect();
    match (findings.is_empty(), fixable) {
        (true, _) => writeln!(sink, "nothing found"),
        (false, 0) => writeln!(sink, "found {}", told.join(" and ")),
        (false, _) => writeln!(
            sink,
            "found {}; `cotter check --fix` puts {fixable} right",
            told.join(" and ")
        ),
    }
}

fn rendered(renderer: &Renderer, workspace: &Workspace, finding: &Finding) -> String {
    let rule = finding.rule;
    let level = || match rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level()
        .primary_title(finding.message.as_str())
        .id(rule.code);
    let source = |place: &Place| {
        let file = workspace.read(&place.file).ok()?;
        // A generated line is no help to look at, and long to show.
        (file.line_at(file.offset(place.start)).len() <= LONGEST_LINE).then_some(file)
    };
    let main = source(&finding.place);
    // Places in one file are shown together, those in others below.
    let (same, others): (Vec<&Related>, Vec<&Related>) = finding
        .related
        .iter()
        .partition(|related| related.place.file == finding.place.file);
    let mut group: Group = match &main {
        Some(file) => {
            let mut snippet = snippet(file, &finding.place.file).annotation(
                AnnotationKind::Primary
                    .span(visible(file, &finding.place))
                    .label(rule.name),
            );
            for related in same {
                snippet = snippet.annotation(
                    AnnotationKind::Context
                        .span(visible(file, &related.place))
                        .label(related.message.clone()),
                );
            }
            title.element(snippet)
        }
        None => {
            let at = finding.place.start;
            let file = &finding.place.file;
            let title = format!("{file}:{}:{}: {}", at.line, at.column, finding.message);
            Group::with_title(level().primary_title(title).id(rule.code))
        }
    };
    for related in others {
        group = group.element(Level::NOTE.message(related.message.clone()));
        if let Some(file) = source(&related.place) {
            group = group.element(
                snippet(&file, &related.place.file)
                    .annotation(AnnotationKind::Context.span(visible(&file, &related.place))),
            );
        }
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

fn snippet<'a, T: Clone>(file: &Arc<SourceFile>, path: &'a RelPath) -> Snippet<'a, T> {
    Snippet::source(masked(file.text()).into_owned()).path(path.as_str())
}

/// The bytes to underline: at least one character, and no more than the first line of a place that spans many.
fn visible(file: &SourceFile, place: &Place) -> std::ops::Range<usize> {
    let text = file.text();
    let start = match place.range.is_empty() && place.range.start == 0 {
        true => file.offset(place.start),
        false => place.range.start,
    };
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.find(['\r', '\n']).unwrap_or(rest.len());
    let end = (place.range.end.max(start)).min(start + line);
    let at_least = rest.chars().next().map_or(start, |c| start + c.len_utf8());
    start..end.max(at_least)
}

pub fn as_json(sink: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        findings: Vec<Row<'a>>,
    }
    let findings = findings.iter().map(Row::of).collect();
    json(sink, &Document { findings })
}

/// The keys of the contract.
#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    rule: &'a str,
    severity: Severity,
    #[serde(flatten)]
    place: PlaceRow<'a>,
    message: &'a str,
    help: Option<&'a str>,
    fixable: bool,
    related: Vec<RelatedRow<'a>>,
}

#[derive(Serialize)]
struct PlaceRow<'a> {
    file: &'a RelPath,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct RelatedRow<'a> {
    #[serde(flatten)]
    place: PlaceRow<'a>,
    message: &'a str,
}

impl<'a> PlaceRow<'a> {
    fn of(place: &'a Place) -> PlaceRow<'a> {
        PlaceRow {
            file: &place.file,
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
        }
    }
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Row<'a> {
        let related = finding.related.iter().map(|related| RelatedRow {
            place: PlaceRow::of(&related.place),
            message: &related.message,
        });
        Row {
            code: finding.rule.code,
            rule: finding.rule.name,
            severity: finding.rule.severity,
            place: PlaceRow::of(&finding.place),
            message: &finding.message,
            help: finding.help.as_deref(),
            fixable: finding.fix.is_some(),
            related: related.collect(),
        }
    }
}
