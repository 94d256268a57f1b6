//! YAML inside YAML: a kustomization's patches stand as the text of a literal block (`patch: |-`). Values in there
//! have a place in the file and can be replaced, proved inside and outside.

use std::ops::Range;
use std::sync::Arc;

use super::located::prove_edit;
use super::prove::Wanted;
use super::tree::{Scalar, Tree};
use super::{Format, Located, Style, parse_text};
use crate::edit::{Edit, apply};

/// The text of a literal block and where its lines stand in the file.
#[derive(Debug)]
pub(super) struct Embedded {
    text: String,
    host_start: usize,
    /// Per line: its start in `text`, its start in the file, its length.
    lines: Vec<(usize, usize, usize)>,
}

/// Reads the text of a literal block as YAML. `None` when it is no such block or no YAML.
pub(super) fn embedded(file_text: &str, scalar: &Scalar) -> Option<(Tree, Arc<Embedded>)> {
    if scalar.style != Style::Literal {
        return None;
    }
    let token = file_text.get(scalar.span.clone())?;
    let before = file_text.get(..scalar.span.start)?;
    let indent = scalar.span.start - before.rfind('\n').map_or(0, |at| at + 1);
    let mut lines = Vec::new();
    let mut inner_at = 0;
    let mut outer_at = scalar.span.start;
    let mut inner_lines = scalar.text().split('\n');
    for (number, raw) in token.split('\n').enumerate() {
        let line = raw.strip_suffix('\r').unwrap_or(raw);
        // The first line's indentation lies before the token; a blank line may have less.
        let skip = match number {
            0 => 0,
            _ => indent.min(line.len()),
        };
        let inner = inner_lines.next()?;
        if line.get(skip..) != Some(inner) || !line.get(..skip)?.bytes().all(|b| b == b' ') {
            return None;
        }
        lines.push((inner_at, outer_at + skip, inner.len()));
        inner_at += inner.len() + 1;
        outer_at += raw.len() + 1;
    }
    if inner_lines.next().is_some() {
        return None;
    }
    let tree = parse_text(scalar.text(), Format::Yaml).ok()?;
    let embedded = Embedded {
        text: scalar.text().to_owned(),
        host_start: scalar.span.start,
        lines,
    };
    Some((tree, Arc::new(embedded)))
}

impl Embedded {
    /// The bytes of the file that hold these of the inner text; `None` when they are more than one line's.
    pub(super) fn in_file(&self, inner: &Range<usize>) -> Option<Range<usize>> {
        let (from, to, len) = *self
            .lines
            .iter()
            .rev()
            .find(|(from, _, _)| *from <= inner.start)?;
        (inner.end <= from + len).then(|| to + inner.start - from..to + inner.end - from)
    }

    fn in_text(&self, outer: &Range<usize>) -> Option<Range<usize>> {
        let (to, from, len) = *self
            .lines
            .iter()
            .rev()
            .find(|(_, from, _)| *from <= outer.start)?;
        (outer.end <= from + len).then(|| to + outer.start - from..to + outer.end - from)
    }

    pub(super) fn prove(
        &self,
        file_text: &str,
        edit: &Edit,
        value: &Located,
        new: &str,
    ) -> Result<(), String> {
        let inner = Edit {
            range: self.in_text(&edit.range).ok_or("it is not on one line")?,
            text: edit.text.clone(),
        };
        let wanted = Wanted {
            start: inner.range.start,
            old: &value.value,
            new,
        };
        prove_edit(&self.text, &inner, Format::Yaml, &wanted)?;
        let changed = apply(&self.text, &[inner]).map_err(|e| e.to_string())?;
        let wanted = Wanted {
            start: self.host_start,
            old: &self.text,
            new: &changed,
        };
        prove_edit(file_text, edit, Format::Yaml, &wanted)
    }
}
