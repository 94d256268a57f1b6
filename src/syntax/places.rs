//! Where an attribute is written: its name and its value, for messages and edits.

use std::ops::Range;

use rowan::ast::AstNode;

use super::attrs::Attrs;
use super::scope::Bound;
use crate::source::RelPath;

/// Where an attribute is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPlace {
    pub file: RelPath,
    /// The bytes of the name, quotes and all; of `a.b = …`, where `b` is asked for, those of `b`.
    pub name: Range<usize>,
    /// The bytes of the value; of an inherited attribute and an argument with no default, those of the name.
    pub value: Range<usize>,
}

impl Attrs {
    /// The first place where `name` is bound in this set; `None` where it is not.
    pub fn place_of(&self, name: &str) -> Option<AttrPlace> {
        self.places_of(name).into_iter().next()
    }

    /// Every place where `name`, or something in it, is bound in this set.
    pub fn places_of(&self, name: &str) -> Vec<AttrPlace> {
        let mut places = Vec::new();
        for member in &self.members {
            let scope = member.file.scope(&member.node);
            let depth = member.prefix.len();
            let first = member.prefix.first().map_or(name, String::as_str);
            let entries = scope.starting_with(first).filter(|entry| {
                let mut path = member.prefix.iter().map(String::as_str).chain([name]);
                entry.keys.len() > depth
                    && entry
                        .keys
                        .iter()
                        .take(depth + 1)
                        .all(|key| key.as_deref() == path.next())
            });
            places.extend(entries.filter_map(|entry| {
                let name = entry.names.get(depth)?.clone();
                let value = match &entry.bound {
                    Bound::Expr(value) => {
                        let range = value.syntax().text_range();
                        range.start().into()..range.end().into()
                    }
                    _ => name.clone(),
                };
                Some(AttrPlace {
                    file: member.file.path().clone(),
                    name,
                    value,
                })
            }));
        }
        places
    }

    /// The bytes of the whole set, and the file it is written in; of several that were put together, of the first.
    pub fn whole(&self) -> Option<(RelPath, Range<usize>)> {
        let member = self.members.first()?;
        let range = member.node.text_range();
        Some((
            member.file.path().clone(),
            range.start().into()..range.end().into(),
        ))
    }
}
