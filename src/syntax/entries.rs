//! Entries of a set: written into it and taken out of it, in the layout of their neighbours.

use std::rc::Rc;

use rnix::ast::{self, AttrpathValue};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;
use rowan::{NodeOrToken, WalkEvent};

use super::attrs::{Attrs, Member};
use super::file::NixFile;
use super::layout::{Added, Layout};
use super::scope;
use super::string::encode_double_quoted;
use crate::edit::Edit;
use crate::source::{Position, RelPath};

/// An entry that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub name: String,
    pub value: NewValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    Text(String),
    /// A set of strings.
    Set(Vec<(String, String)>),
}

/// What is to become of the entries of one set.
#[derive(Clone, Debug, Default)]
pub struct EntryChange<'a> {
    pub add: Vec<NewEntry>,
    /// Names; each goes with the line that it has for itself.
    pub remove: Vec<String>,
    /// The entry that the new ones come behind. Otherwise each has its place among entries that are sorted, and
    /// comes last where they are not.
    pub after: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// No set is written out that could hold the entry, or the entry is not written as one.
    #[error("{file}:{}:{}: `{name}` cannot be changed here: {reason}", .at.line, .at.column)]
    NoPlace {
        file: RelPath,
        at: Position,
        name: String,
        reason: &'static str,
    },
    /// Reading the changed file again did not give what it had to.
    #[error("{file}:{}:{}: changing the entries here would change more than these: {reason}", .at.line, .at.column)]
    NotProven {
        file: RelPath,
        at: Position,
        reason: String,
    },
}

/// An entry as it is written.
pub(super) struct Item {
    pub node: SyntaxNode,
    /// What stands before the name: `cargoLock.` of `cargoLock.lockFile`.
    pub before: String,
    pub name: String,
    /// Whether it is `name = value;` and nothing else.
    is_binding: bool,
}

impl Attrs {
    /// The edits that make `change` of this set, each of the file that it names, proven by reading the result.
    pub fn change(&self, change: &EntryChange) -> Result<Vec<(RelPath, Edit)>, EntryError> {
        let items: Vec<(&Member, Vec<Item>)> = self
            .members
            .iter()
            .map(|member| (member, items(member)))
            .collect();
        let mut edits = Vec::new();
        let target = match change.add.first() {
            Some(first) => Some(self.target(&items, change.after, &first.name)?),
            None => None,
        };
        for name in &change.remove {
            let is_written = items
                .iter()
                .flat_map(|(_, items)| items)
                .any(|item| item.is_binding && item.name == *name);
            if !is_written {
                return Err(self.no_place(name, "it is not written as an entry of its own"));
            }
        }
        for new in &change.add {
            let stays = items
                .iter()
                .flat_map(|(_, items)| items)
                .any(|item| item.name == new.name && !change.remove.contains(&item.name));
            if stays {
                return Err(self.no_place(&new.name, "there is one by that name"));
            }
        }
        for (at, (member, items)) in items.iter().enumerate() {
            let layout = Layout::of(&member.file);
            let goes = |item: &Item| item.is_binding && change.remove.contains(&item.name);
            let (gone, kept): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| goes(item));
            let adds: &[NewEntry] = match target == Some(at) {
                true => &change.add,
                false => &[],
            };
            let made = layout
                .rewrite(&member.node, &kept, &gone, adds, change.after)
                .ok_or_else(|| self.no_place("{ }", "it is no set in braces"))?;
            prove(member, &gone, adds, &made)?;
            edits.extend(
                made.into_iter()
                    .map(|edit| (member.file.path().clone(), edit)),
            );
        }
        Ok(edits)
    }

    /// The member that new entries are written in.
    fn target(
        &self,
        items: &[(&Member, Vec<Item>)],
        after: Option<&str>,
        name: &str,
    ) -> Result<usize, EntryError> {
        let holds = |items: &[Item]| match after {
            Some(after) => items.iter().any(|item| item.name == after),
            None => true,
        };
        items
            .iter()
            .position(|(member, items)| {
                holds(items) && (!items.is_empty() || member.prefix.is_empty())
            })
            .ok_or_else(|| self.no_place(name, "no set is written out that it could be part of"))
    }

    fn no_place(&self, name: &str, reason: &'static str) -> EntryError {
        let (file, at) = match self.members.first() {
            Some(member) => (member.file.path().clone(), position(member)),
            None => (RelPath::root(), Position { line: 1, column: 1 }),
        };
        EntryError::NoPlace {
            file,
            at,
            name: name.to_owned(),
            reason,
        }
    }

    /// Where it is written: the same for two questions that led to the same set.
    pub fn place(&self) -> Option<(RelPath, Position)> {
        let member = self.members.first()?;
        Some((member.file.path().clone(), position(member)))
    }
}

/// The beginning of the set; of entries with a common path, that of the first.
fn position(member: &Member) -> Position {
    let first = match member.prefix.is_empty() {
        true => None,
        false => items(member).into_iter().next(),
    };
    let node = first.map_or_else(|| member.node.clone(), |item| item.node);
    let start = node.text_range().start().into();
    member.file.source().position(start)
}

/// The entries of a member, in the order of the text.
fn items(member: &Member) -> Vec<Item> {
    let mut items = Vec::new();
    let depth = member.prefix.len();
    for node in member.node.children() {
        if let Some(binding) = AttrpathValue::cast(node.clone()) {
            let Some(path) = binding.attrpath() else {
                continue;
            };
            let keys = scope::keys(&path);
            let agrees = keys.len() > depth
                && member
                    .prefix
                    .iter()
                    .zip(&keys)
                    .all(|(name, key)| Some(name) == key.as_ref());
            let (Some(Some(name)), Some(attr), true) =
                (keys.get(depth), path.attrs().nth(depth), agrees)
            else {
                continue;
            };
            let start = path.syntax().text_range().start();
            let before = rowan::TextRange::new(start, attr.syntax().text_range().start());
            items.push(Item {
                before: member.file.slice(before).to_owned(),
                name: name.clone(),
                is_binding: keys.len() == depth + 1,
                node,
            });
        } else if let Some(inherit) = ast::Inherit::cast(node.clone())
            && depth == 0
        {
            // One place for all the names, the last of which a new entry comes behind.
            for name in inherit.attrs() {
                items.push(Item {
                    before: String::new(),
                    name: name.syntax().text().to_string(),
                    is_binding: false,
                    node: node.clone(),
                });
            }
        }
    }
    items
}

/// Every binding and `inherit` of a file by its path: what the file says.
fn said(file: &Rc<NixFile>) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = Vec::new();
    for node in file.root().syntax().descendants() {
        if let Some(binding) = AttrpathValue::cast(node.clone()) {
            said.extend(of_binding(&binding));
        } else if node.kind() == SyntaxKind::NODE_INHERIT {
            let path = super::call::attrpath(&node).join("\n");
            said.push((path, outline(&node)));
        }
    }
    said.push((String::new(), outline(file.root().syntax())));
    said.sort();
    said
}

fn of_binding(binding: &AttrpathValue) -> Option<(String, String)> {
    let value = binding.value()?;
    let path = super::call::attrpath(value.syntax()).join("\n");
    Some((path, outline(value.syntax())))
}

/// The text of `node` without white space, comments and the bindings within, which say themselves what they are.
fn outline(node: &SyntaxNode) -> String {
    let mut text = String::new();
    let mut walk = node.preorder_with_tokens();
    while let Some(event) = walk.next() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(inner)) => {
                let says_itself = matches!(
                    inner.kind(),
                    SyntaxKind::NODE_ATTRPATH_VALUE | SyntaxKind::NODE_INHERIT
                );
                if says_itself && inner != *node {
                    walk.skip_subtree();
                }
            }
            WalkEvent::Enter(NodeOrToken::Token(token)) => match token.kind() {
                SyntaxKind::TOKEN_WHITESPACE | SyntaxKind::TOKEN_COMMENT => {}
                _ => text.push_str(token.text()),
            },
            WalkEvent::Leave(_) => {}
        }
    }
    text
}

/// Reads the changed text: it has to say what it said, without what is gone and with what is new.
fn prove(
    member: &Member,
    gone: &[&Item],
    added: &[NewEntry],
    edits: &[Edit],
) -> Result<(), EntryError> {
    if edits.is_empty() {
        return Ok(());
    }
    let failed = |reason: String| EntryError::NotProven {
        file: member.file.path().clone(),
        at: position(member),
        reason,
    };
    let source = member.file.source();
    let text = crate::edit::apply(source.text(), edits).map_err(|e| failed(e.to_string()))?;
    let changed =
        NixFile::parse(source.with_text(text).into()).map_err(|problem| failed(problem.message))?;
    let mut path = super::call::attrpath(&member.node);
    path.extend(member.prefix.iter().cloned());
    let mut expected = said(&member.file);
    for item in gone {
        let Some(entry) = AttrpathValue::cast(item.node.clone()).and_then(|b| of_binding(&b))
        else {
            return Err(failed(format!("`{}` has no value", item.name)));
        };
        match expected.iter().position(|known| *known == entry) {
            Some(at) => drop(expected.remove(at)),
            None => return Err(failed(format!("`{}` is not there", item.name))),
        }
    }
    for new in added {
        let at = |names: &[&str]| {
            let all: Vec<&str> = path
                .iter()
                .map(String::as_str)
                .chain(names.iter().copied())
                .collect();
            all.join("\n")
        };
        match &new.value {
            NewValue::Text(text) => {
                expected.push((at(&[&new.name]), quoted(text)));
            }
            NewValue::Set(entries) => {
                expected.push((at(&[&new.name]), "{}".to_owned()));
                expected.extend(
                    entries
                        .iter()
                        .map(|(name, text)| (at(&[&new.name, name]), quoted(text))),
                );
            }
        }
    }
    expected.sort();
    match said(&Rc::new(changed)) == expected {
        true => Ok(()),
        false => Err(failed("other entries would read otherwise".to_owned())),
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", encode_double_quoted(text))
}

impl NewEntry {
    /// As it is written where lines begin with `indent`; on one line without.
    pub(super) fn written(&self, before: &str, lines: Option<&Added>) -> String {
        let name = attr_name(&self.name);
        let value = match (&self.value, lines) {
            (NewValue::Text(text), _) => quoted(text),
            (NewValue::Set(entries), _) if entries.is_empty() => "{ }".to_owned(),
            (NewValue::Set(entries), None) => {
                let inner: Vec<String> = entries.iter().map(|(n, t)| binding(n, t)).collect();
                format!("{{ {} }}", inner.join(" "))
            }
            (
                NewValue::Set(entries),
                Some(Added {
                    newline,
                    indent,
                    unit,
                }),
            ) => {
                let inner: String = entries
                    .iter()
                    .map(|(n, t)| format!("{newline}{indent}{unit}{}", binding(n, t)))
                    .collect();
                format!("{{{inner}{newline}{indent}}}")
            }
        };
        format!("{before}{name} = {value};")
    }
}

fn binding(name: &str, text: &str) -> String {
    format!("{} = {};", attr_name(name), quoted(text))
}

/// A name as it stands in an attribute path; quoted unless it is plainly an identifier.
fn attr_name(name: &str) -> String {
    const WORDS: &[&str] = &[
        "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with",
    ];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\''))
        && !WORDS.contains(&name);
    match plain {
        true => name.to_owned(),
        false => quoted(name),
    }
}
