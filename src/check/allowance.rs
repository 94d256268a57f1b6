//! Allowances: `# cotter: allow C503 the mirror has no other tag`, on the line of a finding or on lines of comments above.

use std::ops::Range;

use super::words::ALLOW;
use super::{Finding, Place, Report, Rule, Scope};
use crate::edit::Edit;
use crate::manifest::Tree;
use crate::source::SourceFile;
use crate::syntax::NixFile;
use std::sync::Arc;

/// A comment that allows findings.
#[derive(Clone, Debug)]
pub struct Allowance {
    file: Arc<SourceFile>,
    /// The bytes of the comment.
    range: Range<usize>,
    /// Codes or names of rules, as they are written, and where.
    words: Vec<(String, Range<usize>)>,
    reason: String,
    /// The lines whose findings it is about, 1-based.
    lines: Vec<usize>,
}

impl Allowance {
    pub fn in_nix(file: &NixFile) -> Vec<Allowance> {
        let source = file.source();
        let comments = file.comments().into_iter();
        comments
            .filter_map(|range| Allowance::read(source, range))
            .collect()
    }

    /// Of a YAML file: what stands in a value is none.
    pub fn in_yaml(file: &Arc<SourceFile>, tree: &Tree) -> Vec<Allowance> {
        let values: Vec<Range<usize>> = tree.scalars().iter().map(|s| s.span.clone()).collect();
        let mut found = Allowance::in_text(file);
        found.retain(|allowance| {
            let at = values.partition_point(|value| value.end <= allowance.range.start);
            values
                .get(at)
                .is_none_or(|value| value.start > allowance.range.start)
        });
        found
    }

    /// Of a file whose comments begin with `#`.
    pub fn in_text(file: &Arc<SourceFile>) -> Vec<Allowance> {
        let text = file.text();
        let mut found = Vec::new();
        for (at, _) in text.match_indices(ALLOW) {
            let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let end = at + text[at..].find('\n').unwrap_or(text.len() - at);
            let Some(sign) = text[start..at].rfind('#').map(|sign| start + sign) else {
                continue;
            };
            let is_comment = text[start..sign]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace);
            if is_comment {
                found.extend(Allowance::read(file, sign..end));
            }
        }
        found
    }

    /// The comment `range`, signs and all, where it allows something.
    fn read(file: &Arc<SourceFile>, range: Range<usize>) -> Option<Allowance> {
        let text = file.text();
        let written = text.get(range.clone())?;
        let inner = written.trim_start_matches(['#', '/', '*', ' ', '\t']);
        let start = range.start + (written.len() - inner.len());
        let rest = inner.strip_prefix(ALLOW)?;
        let rest = rest.strip_suffix("*/").unwrap_or(rest);
        let mut at = start + ALLOW.len() + (rest.len() - rest.trim_start().len());
        let rest = rest.trim();
        let (list, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let mut words = Vec::new();
        for word in list.split(',') {
            if !word.is_empty() {
                words.push((word.to_owned(), at..at + word.len()));
            }
            at += word.len() + 1;
        }
        let first = file.position(range.start).line;
        let last = file.position(range.end.saturating_sub(1)).line;
        let mut lines: Vec<usize> = (first..=last).collect();
        if is_alone(text, &range) {
            lines.extend(next_line(text, range.end).map(|skipped| last + skipped));
        }
        Some(Allowance {
            file: file.clone(),
            range,
            words,
            reason: reason.trim().to_owned(),
            lines,
        })
    }

    fn covers(&self, finding: &Finding) -> bool {
        finding.place.file == *self.file.path() && self.lines.contains(&finding.place.start.line)
    }

    fn place(&self) -> Place {
        Place::of(&self.file, self.range.clone())
    }

    /// The edit that takes the comment out, with its line where it has one for itself.
    fn removal(&self) -> Edit {
        let text = self.file.text();
        let start = text[..self.range.start].trim_end_matches([' ', '\t']).len();
        let is_alone = is_alone(text, &self.range);
        let range = match is_alone {
            true => {
                let end = text[self.range.end..]
                    .find('\n')
                    .map_or(text.len(), |end| self.range.end + end + 1);
                start..end
            }
            false => start..self.range.end,
        };
        Edit {
            range,
            text: String::new(),
        }
    }
}

/// Whether nothing else stands on the lines of `range`.
fn is_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].trim_end_matches([' ', '\t']);
    let after = text[range.end..].trim_start_matches([' ', '\t', '\r']);
    (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
}

/// How many lines below the one that ends at `from` the next stands that is no comment.
fn next_line(text: &str, from: usize) -> Option<usize> {
    text[from..]
        .split('\n')
        .enumerate()
        .skip(1)
        .find(|(_, line)| !line.trim_start().starts_with('#'))
        .map(|(at, _)| at)
}

/// Takes out the findings that `allowances` allow, and says what is wrong with the allowances themselves: in
/// `without_reason` and, of those in `scope` of rules that did run, in `unused`.
pub fn apply(
    allowances: &[Allowance],
    findings: &mut Vec<Finding>,
    did_run: impl Fn(&Rule) -> bool,
    scope: &Scope,
    without_reason: &mut Report,
    unused: &mut Report,
) {
    let mut is_used: Vec<Vec<bool>> = Vec::new();
    for allowance in allowances {
        is_used.push(vec![false; allowance.words.len()]);
    }
    findings.retain(|finding| {
        let mut is_allowed = false;
        for (allowance, used) in allowances.iter().zip(&mut is_used) {
            if !allowance.covers(finding) {
                continue;
            }
            for ((word, _), used) in allowance.words.iter().zip(used) {
                if finding.rule.is_called(word) {
                    *used = true;
                    is_allowed |= !allowance.reason.is_empty();
                }
            }
        }
        !is_allowed
    });
    for (allowance, used) in allowances.iter().zip(&is_used) {
        if !scope.has(allowance.file.path()) {
            continue;
        }
        judge(allowance, used, &did_run, without_reason, unused);
    }
}

fn judge(
    allowance: &Allowance,
    used: &[bool],
    did_run: impl Fn(&Rule) -> bool,
    without_reason: &mut Report,
    unused: &mut Report,
) {
    let named: Vec<&str> = allowance.words.iter().map(|(w, _)| w.as_str()).collect();
    if named.is_empty() || allowance.reason.is_empty() {
        let what = match named.is_empty() {
            true => "this comment allows nothing: it names no rule".to_owned(),
            false => format!("no reason is given for allowing {}", named.join(", ")),
        };
        without_reason
            .add(allowance.place(), what)
            .help("write `cotter: allow CODE` and then why it may stay");
        return;
    }
    for (at, (word, range)) in allowance.words.iter().enumerate() {
        let place = Place::of(&allowance.file, range.clone());
        let Some(rule) = super::rules::by_word(word) else {
            without_reason
                .add(place, format!("`{word}` is no rule of cotter's"))
                .help("`cotter explain` lists all rules");
            continue;
        };
        if used.get(at) == Some(&true) || !did_run(rule) {
            continue;
        }
        let message = format!("there is no {} ({}) here any more", rule.code, rule.name);
        let added = unused.add(place, message).help("remove the comment");
        if allowance.words.len() == 1 {
            let edit = allowance.removal();
            let text = allowance.file.text();
            let old = text.get(allowance.range.clone()).unwrap_or_default();
            added.fix(&allowance.file, old.trim_end(), "", edit);
        }
    }
}
