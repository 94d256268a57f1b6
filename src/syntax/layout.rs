//! Where on its lines an entry of a set stands, and where another one fits in.

use rnix::SyntaxKind::{self, TOKEN_COMMENT, TOKEN_L_BRACE, TOKEN_R_BRACE, TOKEN_WHITESPACE};
use rnix::SyntaxNode;

use super::entries::{Item, NewEntry};
use super::file::NixFile;
use crate::edit::Edit;

/// The lines of one file.
pub(super) struct Layout<'f> {
    text: &'f str,
    newline: &'static str,
    unit: &'static str,
}

/// How lines are begun where entries are added.
pub(super) struct Added<'a> {
    pub newline: &'a str,
    pub indent: &'a str,
    pub unit: &'a str,
}

impl<'f> Layout<'f> {
    pub fn of(file: &'f NixFile) -> Layout<'f> {
        let text = file.source().text();
        let newline = match text.find('\n').map(|at| text[..at].ends_with('\r')) {
            Some(true) => "\r\n",
            _ => "\n",
        };
        let unit = match text.contains("\n\t") && !text.contains("\n  ") {
            true => "\t",
            false => "  ",
        };
        Layout {
            text,
            newline,
            unit,
        }
    }

    /// The edits that take `gone` out of `set` and write `new` among or behind what is `kept`, which is in the order
    /// of the text. `None` when the set has no braces to write between.
    pub fn rewrite(
        &self,
        set: &SyntaxNode,
        kept: &[&Item],
        gone: &[&Item],
        new: &[NewEntry],
        after: Option<&str>,
    ) -> Option<Vec<Edit>> {
        let mut new: Vec<&NewEntry> = new.iter().collect();
        new.sort_by(|a, b| a.name.cmp(&b.name));
        let mut gone = gone;
        let mut edits = Vec::new();
        if new.is_empty() {
        } else if kept.is_empty() {
            match gone.split_first() {
                Some((first, rest)) => {
                    gone = rest;
                    edits.push(self.in_place_of(first, &new));
                }
                None => edits.push(self.in_empty(set, &new)?),
            }
        } else {
            edits.extend(self.among(kept, &new, after));
        }
        edits.extend(self.without(gone));
        Some(edits)
    }

    fn among(&self, kept: &[&Item], new: &[&NewEntry], after: Option<&str>) -> Vec<Edit> {
        let is_sorted = kept.is_sorted_by(|a, b| a.name <= b.name);
        // By the entry that they come behind; `None`: before all.
        let mut places: Vec<(Option<usize>, Vec<&NewEntry>)> = Vec::new();
        for entry in new {
            let place = match after {
                Some(after) => kept.iter().rposition(|item| item.name == after),
                None if is_sorted => kept.iter().rposition(|item| item.name < entry.name),
                None => kept.len().checked_sub(1),
            };
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, entries)) => entries.push(entry),
                None => places.push((place, vec![entry])),
            }
        }
        places
            .iter()
            .filter_map(|(place, entries)| match place {
                Some(at) => Some(self.behind(kept.get(*at)?, entries)),
                None => Some(self.before(kept.first()?, entries)),
            })
            .collect()
    }

    fn behind(&self, item: &Item, new: &[&NewEntry]) -> Edit {
        let (start, end) = range(&item.node);
        let (at, text) = match (self.indent_of(start), self.rest_of_line(&item.node)) {
            (Some(indent), Some((line_end, _))) => {
                let lines = self.added(indent);
                let written = new.iter().map(|entry| {
                    let entry = entry.written(&item.before, Some(&lines));
                    format!("{}{indent}{entry}", self.newline)
                });
                (line_end, written.collect())
            }
            _ => {
                let written = new
                    .iter()
                    .map(|entry| format!(" {}", entry.written(&item.before, None)));
                (end, written.collect())
            }
        };
        Edit {
            range: at..at,
            text,
        }
    }

    fn before(&self, item: &Item, new: &[&NewEntry]) -> Edit {
        let (start, _) = range(&item.node);
        let (at, text) = match self.indent_of(start) {
            Some(indent) => {
                let lines = self.added(indent);
                let written = new.iter().map(|entry| {
                    let entry = entry.written(&item.before, Some(&lines));
                    format!("{indent}{entry}{}", self.newline)
                });
                (self.comments_above(start), written.collect())
            }
            None => {
                let written = new
                    .iter()
                    .map(|entry| format!("{} ", entry.written(&item.before, None)));
                (start, written.collect())
            }
        };
        Edit {
            range: at..at,
            text,
        }
    }

    fn in_place_of(&self, item: &Item, new: &[&NewEntry]) -> Edit {
        let (start, end) = range(&item.node);
        match (self.indent_of(start), self.rest_of_line(&item.node)) {
            (Some(indent), Some((line_end, _))) => {
                let lines = self.added(indent);
                let written: Vec<String> = new
                    .iter()
                    .map(|entry| entry.written(&item.before, Some(&lines)))
                    .collect();
                Edit {
                    range: start..line_end,
                    text: written.join(&format!("{}{indent}", self.newline)),
                }
            }
            _ => {
                let written: Vec<String> = new
                    .iter()
                    .map(|entry| entry.written(&item.before, None))
                    .collect();
                Edit {
                    range: start..end,
                    text: written.join(" "),
                }
            }
        }
    }

    /// Into a set that has no entry.
    fn in_empty(&self, set: &SyntaxNode, new: &[&NewEntry]) -> Option<Edit> {
        let brace = |kind: SyntaxKind| {
            set.children_with_tokens()
                .filter_map(|child| child.into_token())
                .find(|token| token.kind() == kind)
                .map(|token| token.text_range())
        };
        let open = usize::from(brace(TOKEN_L_BRACE)?.end());
        let close = usize::from(brace(TOKEN_R_BRACE)?.start());
        let inner = self.text.get(open..close)?;
        let on_one_line = || -> String {
            new.iter()
                .map(|entry| format!("{} ", entry.written("", None)))
                .collect()
        };
        let lines_at = |indent: &str| -> String {
            let deeper = format!("{indent}{}", self.unit);
            let lines = self.added(&deeper);
            new.iter()
                .map(|entry| {
                    let entry = entry.written("", Some(&lines));
                    format!("{deeper}{entry}{}", self.newline)
                })
                .collect()
        };
        if let (true, Some(indent)) = (inner.contains('\n'), self.indent_of(close)) {
            let at = close - indent.len();
            return Some(Edit {
                range: at..at,
                text: lines_at(indent),
            });
        }
        if !inner.trim().is_empty() {
            return Some(Edit {
                range: close..close,
                text: on_one_line(),
            });
        }
        // `name = { };` with a line for itself becomes several.
        let whole = set.parent().unwrap_or_else(|| set.clone());
        let text = match (self.indent_of(range(&whole).0), self.rest_of_line(&whole)) {
            (Some(indent), Some(_)) => {
                format!("{}{}{indent}", self.newline, lines_at(indent))
            }
            _ => format!(" {}", on_one_line()),
        };
        Some(Edit {
            range: open..close,
            text,
        })
    }

    /// Takes the entries out, those that are alone on their line with the line.
    fn without(&self, gone: &[&Item]) -> Vec<Edit> {
        let mut ranges: Vec<(usize, usize)> = gone
            .iter()
            .map(|item| {
                let (start, end) = range(&item.node);
                let spaces = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
                match (self.indent_of(start), self.rest_of_line(&item.node)) {
                    (Some(indent), Some((_, next))) => (start - indent.len(), next),
                    (None, Some(_)) => {
                        let before = self.text.get(..start).unwrap_or_default();
                        (before.trim_end_matches([' ', '\t']).len(), end)
                    }
                    (_, None) => (
                        start,
                        end + spaces(self.text.get(end..).unwrap_or_default()),
                    ),
                }
            })
            .collect();
        ranges.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
            .into_iter()
            .map(|(start, end)| Edit {
                range: start..end,
                text: String::new(),
            })
            .collect()
    }

    fn added<'a>(&self, indent: &'a str) -> Added<'a> {
        Added {
            newline: self.newline,
            indent,
            unit: self.unit,
        }
    }

    /// What the line of `at` begins with, when that is white space up to there.
    fn indent_of(&self, at: usize) -> Option<&'f str> {
        let before = self.text.get(..at)?;
        let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        line.chars()
            .all(|c| matches!(c, ' ' | '\t'))
            .then_some(line)
    }

    /// Where the line ends on which `node` ends, and where the next begins, when nothing but comments is behind it.
    fn rest_of_line(&self, node: &SyntaxNode) -> Option<(usize, usize)> {
        let mut token = node.last_token()?.next_token();
        loop {
            let Some(next) = token else {
                return Some((self.text.len(), self.text.len()));
            };
            let start = usize::from(next.text_range().start());
            match next.kind() {
                TOKEN_WHITESPACE => {
                    if let Some(at) = next.text().find('\n') {
                        let line = self.text.get(..start + at)?;
                        return Some((line.trim_end_matches('\r').len(), start + at + 1));
                    }
                }
                TOKEN_COMMENT if !next.text().contains('\n') => {}
                _ => return None,
            }
            token = next.next_token();
        }
    }

    /// Where the lines of comments begin that are directly above the line of `at`; else that line.
    fn comments_above(&self, at: usize) -> usize {
        let begin_of = |end: usize| {
            let before = self.text.get(..end).unwrap_or_default();
            before.rfind('\n').map_or(0, |end| end + 1)
        };
        let mut start = begin_of(at);
        while start > 0 {
            let above = begin_of(start - 1);
            let line = self.text.get(above..start).unwrap_or_default();
            if !line.trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }
}

fn range(node: &SyntaxNode) -> (usize, usize) {
    let range = node.text_range();
    (range.start().into(), range.end().into())
}
