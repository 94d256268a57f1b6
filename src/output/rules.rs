//! Rules: a line each, or the whole text of one.

use std::io::{self, Write};

use anstyle::Style;

use crate::check::{Asks, Rule, Severity};

const STRONG: Style = Style::new().bold();
/// How wide paragraphs are.
const WIDTH: usize = 80;

/// A line for each rule.
pub fn list(sink: &mut impl Write, rules: &[&Rule]) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in rules {
        let what = rule.doc.what.trim_end_matches('.');
        writeln!(
            sink,
            "{STRONG}{}{STRONG:#}  {:width$}  {what}",
            rule.code, rule.name
        )?;
    }
    Ok(())
}

/// All that is to be said about a rule.
pub fn one(sink: &mut impl Write, rule: &Rule) -> io::Result<()> {
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let asks = match rule.asks {
        Asks::Files => "needs nothing but the files",
        Asks::History => "needs this repository's history",
        Asks::Clone => "needs a local clone of what is pinned, or --remote",
        Asks::Nix => "needs Nix, and runs with --eval only",
    };
    let fixable = if rule.fixable { ", has a fix" } else { "" };
    writeln!(
        sink,
        "{STRONG}{} {}{STRONG:#}: {severity}, {asks}{fixable}\n",
        rule.code, rule.name
    )?;
    paragraph(sink, rule.doc.what)?;
    paragraph(sink, rule.doc.why)?;
    example(sink, "Bad", rule.doc.bad)?;
    example(sink, "Good", rule.doc.good)?;
    writeln!(sink, "{STRONG}What to do{STRONG:#}\n")?;
    paragraph(sink, rule.doc.fix)?;
    writeln!(
        sink,
        "To let one stay, write on its line or above it: # cotter: allow {} and the reason",
        rule.code
    )
}

fn paragraph(sink: &mut impl Write, text: &str) -> io::Result<()> {
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            writeln!(sink)?;
            column = 0;
        }
        if column > 0 {
            write!(sink, " ")?;
            column += 1;
        }
        write!(sink, "{word}")?;
        column += length;
    }
    writeln!(sink, "\n")
}

fn example(sink: &mut impl Write, title: &str, text: &str) -> io::Result<()> {
    writeln!(sink, "{STRONG}{title}{STRONG:#}\n")?;
    for line in text.lines() {
        match line.is_empty() {
            true => writeln!(sink)?,
            false => writeln!(sink, "    {line}")?,
        }
    }
    writeln!(sink)
}
