//! Entries of a YAML mapping put in, taken out or given another key: where one value's place does not do.
//!
//! As with single values the edit is proved: the changed text reads back with the wanted entries and all else as it was.

use std::ops::Range;

use super::prove::same_node;
use super::style::render;
use super::tree::{Kind, Node, Tree};
use super::{Fault, Format, Located, ManifestError, parse_text};
use crate::edit::{Edit, apply};
use crate::source::SourceFile;

/// What a mapping's entries become, in their order.
enum Entry<'a> {
    /// As the old one with this number.
    Kept(usize),
    New(&'a str, &'a str),
}

/// A mapping, and the number of the entry in it that a value stands in.
struct Found<'t> {
    mapping: &'t Node,
    pairs: &'t [(Node, Node)],
    at: usize,
}

/// The edit that puts `key: new` on a line of its own after the entry that `sibling` is the value of, or beside it in
/// a flow mapping. Several come in their order.
pub fn insert_after(
    file: &SourceFile,
    sibling: &Located,
    entries: &[(&str, &str)],
) -> Result<Edit, ManifestError> {
    edit(file, sibling, |text, found| {
        let mut lines = String::new();
        let key = found.key()?;
        let end = match sibling.in_flow {
            true => sibling.span.end,
            false => line_end(text, sibling.span.end),
        };
        let token = text.get(sibling.span.clone()).unwrap_or("");
        for (name, new) in entries {
            let value = render(sibling, token, new)?;
            match sibling.in_flow {
                true => lines.push_str(&format!(", {name}: {value}")),
                false => {
                    let indent = " ".repeat(column(text, key.span.start)?);
                    let ending = line_ending(text, key.span.start);
                    lines.push_str(&format!("{ending}{indent}{name}: {value}"));
                }
            }
        }
        let mut wanted: Vec<Entry> = (0..found.pairs.len()).map(Entry::Kept).collect();
        let new = entries.iter().map(|(name, new)| Entry::New(name, new));
        wanted.splice(found.at + 1..found.at + 1, new);
        let edit = Edit {
            range: end..end,
            text: lines,
        };
        Ok((edit, wanted))
    })
}

/// The edit that takes the entry of `value` away, with the comment on its line.
pub fn remove(file: &SourceFile, value: &Located) -> Result<Edit, ManifestError> {
    edit(file, value, |text, found| {
        let key = found.key()?;
        let next = found.pairs.get(found.at + 1).map(|(key, _)| key.span.start);
        let before = found.at.checked_sub(1).and_then(|at| found.pairs.get(at));
        let line = line_start(text, key.span.start);
        let is_alone = text
            .get(line..key.span.start)
            .is_some_and(|before| before.bytes().all(|b| b == b' '));
        let range = match (value.in_flow, before, next) {
            (true, Some((_, before)), _) => before.span.end..value.span.end,
            (false, _, _) if is_alone => line..after_line(text, value.span.end),
            // The first of an item, behind its dash.
            (_, _, Some(next)) => key.span.start..next,
            _ => return Err("it is the only entry there"),
        };
        let wanted = (0..found.pairs.len()).filter(|at| *at != found.at);
        let edit = Edit {
            range,
            text: String::new(),
        };
        Ok((edit, wanted.map(Entry::Kept).collect()))
    })
}

/// The edit that makes the entry of `value` one of `key` that says `new`.
pub fn rekey(
    file: &SourceFile,
    value: &Located,
    key: &str,
    new: &str,
) -> Result<Edit, ManifestError> {
    edit(file, value, |text, found| {
        let old = found.key()?;
        let token = text.get(value.span.clone()).unwrap_or("");
        let between = text
            .get(old.span.end..value.span.start)
            .ok_or("its key stands elsewhere")?;
        let edit = Edit {
            range: old.span.start..value.span.end,
            text: format!("{key}{between}{}", render(value, token, new)?),
        };
        let wanted = (0..found.pairs.len()).map(|at| match at == found.at {
            true => Entry::New(key, new),
            false => Entry::Kept(at),
        });
        Ok((edit, wanted.collect()))
    })
}

type Made<'a> = Result<(Edit, Vec<Entry<'a>>), &'static str>;

fn edit<'a>(
    file: &SourceFile,
    value: &Located,
    make: impl FnOnce(&str, &Found) -> Made<'a>,
) -> Result<Edit, ManifestError> {
    let at = file.position(value.span.start);
    let unsupported = |reason| ManifestError::Unsupported {
        path: file.path().clone(),
        at,
        old: value.value.clone(),
        reason,
    };
    let not_proven = |reason| ManifestError::NotProven {
        path: file.path().clone(),
        at,
        new: value.value.clone(),
        reason,
    };
    if value.format != Format::Yaml || value.embedded.is_some() {
        return Err(unsupported(
            "entries are changed in YAML's own mappings only",
        ));
    }
    let words = |fault: Fault| fault.message;
    let old = parse_text(file.text(), Format::Yaml).map_err(|fault| not_proven(words(fault)))?;
    let found =
        find(&old, value.span.start).ok_or_else(|| unsupported("it is no entry's value"))?;
    let (edit, wanted) = make(file.text(), &found).map_err(unsupported)?;
    let changed = apply(file.text(), std::slice::from_ref(&edit))
        .map_err(|error| not_proven(error.to_string()))?;
    let new = parse_text(&changed, Format::Yaml).map_err(|fault| not_proven(words(fault)))?;
    prove(&old, &new, &found, &wanted).map_err(not_proven)?;
    Ok(edit)
}

impl Found<'_> {
    fn key(&self) -> Result<&Node, &'static str> {
        let (key, value) = self.pairs.get(self.at).ok_or("it is no entry's value")?;
        match value.anchored || value.tag.is_some() {
            true => Err("an anchor or a tag marks it"),
            false => Ok(key),
        }
    }
}

/// The entry whose value's token begins at `start`.
fn find(tree: &Tree, start: usize) -> Option<Found<'_>> {
    let mut open: Vec<&Node> = tree.documents.iter().collect();
    while let Some(node) = open.pop() {
        match &node.kind {
            Kind::Mapping(pairs) => {
                let is_it = |value: &Node| {
                    matches!(value.kind, Kind::Scalar(_)) && value.span.start == start
                };
                if let Some(at) = pairs.iter().position(|(_, value)| is_it(value)) {
                    return Some(Found {
                        mapping: node,
                        pairs,
                        at,
                    });
                }
                open.extend(pairs.iter().map(|(_, value)| value));
            }
            Kind::Sequence(items) => open.extend(items),
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
    }
    None
}

fn prove(old: &Tree, new: &Tree, found: &Found, wanted: &[Entry]) -> Result<(), String> {
    if old.documents.len() != new.documents.len() {
        return Err("the number of documents would change".to_owned());
    }
    let mut pairs: Vec<(&Node, &Node)> = old.documents.iter().zip(&new.documents).collect();
    let structure = || "the structure would change".to_owned();
    while let Some((old, new)) = pairs.pop() {
        match (&old.kind, &new.kind) {
            (Kind::Mapping(before), Kind::Mapping(after)) if std::ptr::eq(old, found.mapping) => {
                if after.len() != wanted.len() {
                    return Err(structure());
                }
                for (entry, (key, value)) in wanted.iter().zip(after) {
                    match entry {
                        Entry::Kept(at) => {
                            let (old_key, old_value) = before.get(*at).ok_or_else(structure)?;
                            same_node(old_key, key)?;
                            same_node(old_value, value)?;
                        }
                        Entry::New(name, text) => {
                            if key.as_str() != Some(name) || value.as_str() != Some(text) {
                                return Err(format!("`{name}` would not say `{text}`"));
                            }
                        }
                    }
                }
            }
            (Kind::Mapping(before), Kind::Mapping(after)) => {
                if before.len() != after.len() || old.tag != new.tag || old.anchored != new.anchored
                {
                    return Err(structure());
                }
                for ((old_key, old), (new_key, new)) in before.iter().zip(after) {
                    same_node(old_key, new_key)?;
                    pairs.push((old, new));
                }
            }
            (Kind::Sequence(before), Kind::Sequence(after)) => {
                if before.len() != after.len() || old.tag != new.tag || old.anchored != new.anchored
                {
                    return Err(structure());
                }
                pairs.extend(before.iter().zip(after));
            }
            _ => same_node(old, new)?,
        }
    }
    Ok(())
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1)
}

/// The end of the line that holds `at`, before its ending.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.find(['\r', '\n']).unwrap_or(rest.len())
}

fn after_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.find('\n').map_or(rest.len(), |end| end + 1)
}

fn line_ending(text: &str, at: usize) -> &'static str {
    let Range { start, end } = line_end(text, at)..after_line(text, at);
    match text.get(start..end) {
        Some("\r\n") => "\r\n",
        _ => "\n",
    }
}

/// How far a block mapping's key is indented. What stands before it can be dashes only.
fn column(text: &str, key: usize) -> Result<usize, &'static str> {
    let before = text.get(line_start(text, key)..key).unwrap_or("");
    match before.bytes().all(|b| matches!(b, b' ' | b'-')) {
        true => Ok(before.len()),
        false => Err("something else stands before its key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::kustomization;
    use crate::source::RelPath;

    fn file(text: &str) -> SourceFile {
        SourceFile::from_text(RelPath::new("kustomization.yaml").unwrap(), text.to_owned())
    }

    fn changed(
        text: &str,
        change: impl Fn(&SourceFile, &kustomization::KustomizeImage) -> Result<Edit, ManifestError>,
    ) -> Result<String, ManifestError> {
        let file = file(text);
        let entries = kustomization::find(&file).unwrap();
        let edit = change(&file, entries.last().unwrap())?;
        Ok(apply(text, &[edit]).unwrap())
    }

    #[test]
    fn an_entry_comes_after_its_sibling() {
        for (text, expected) in [
            (
                "images:\n  - name: a\n    newTag: \"1\" # why\n  # end\n",
                "images:\n  - name: a\n    newTag: \"1\" # why\n    digest: \"2\"\n  # end\n",
            ),
            (
                "images:\n- newTag: v1\n  name: a\n",
                "images:\n- newTag: v1\n  digest: \"2\"\n  name: a\n",
            ),
            (
                "images: [{name: a, newTag: v1}] # x\n",
                "images: [{name: a, newTag: v1, digest: \"2\"}] # x\n",
            ),
            (
                "images:\r\n- name: a\r\n  newTag: v1\r\n",
                "images:\r\n- name: a\r\n  newTag: v1\r\n  digest: \"2\"\r\n",
            ),
            (
                "images:\n- name: a\n  newTag: v1",
                "images:\n- name: a\n  newTag: v1\n  digest: \"2\"",
            ),
        ] {
            let insert = |file: &SourceFile, entry: &kustomization::KustomizeImage| {
                insert_after(file, entry.new_tag.as_ref().unwrap(), &[("digest", "2")])
            };
            assert_eq!(changed(text, insert).unwrap(), expected);
        }
    }

    #[test]
    fn an_entry_goes_with_its_line() {
        for (text, expected) in [
            (
                "images:\n  - name: a\n    digest: x # why\n    newTag: v1\n",
                "images:\n  - name: a\n    newTag: v1\n",
            ),
            ("images:\n- digest: x\n  name: a\n", "images:\n- name: a\n"),
            (
                "images: [{name: a, digest: x, newTag: v1}]\n",
                "images: [{name: a, newTag: v1}]\n",
            ),
            ("images: [{digest: x, name: a}]\n", "images: [{name: a}]\n"),
        ] {
            let take = |file: &SourceFile, entry: &kustomization::KustomizeImage| {
                remove(file, entry.digest.as_ref().unwrap())
            };
            assert_eq!(changed(text, take).unwrap(), expected);
        }
    }

    #[test]
    fn a_key_gives_way_to_another() {
        let rename = |file: &SourceFile, entry: &kustomization::KustomizeImage| {
            rekey(file, entry.digest.as_ref().unwrap(), "newTag", "v1.2")
        };
        assert_eq!(
            changed("images:\n- name: a\n  digest:  'x' # c\n", rename).unwrap(),
            "images:\n- name: a\n  newTag:  'v1.2' # c\n"
        );
        // What an alias takes over is not this entry's alone.
        assert!(changed("images:\n- name: a\n  digest: &d x\n", rename).is_err());
    }
}
