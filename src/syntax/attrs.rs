//! Attribute sets as they are written: sets, `let`s, function arguments, and unions of them.

use std::rc::Rc;

use rnix::SyntaxNode;

use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use super::scope::Bound;

/// One place where attributes are written: those entries of `node` whose path starts with `prefix`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub file: Rc<NixFile>,
    pub node: SyntaxNode,
    pub prefix: Vec<String>,
}

/// A set of attributes; where members bind the same name, the first wins.
#[derive(Clone, Debug, Default)]
pub struct Attrs {
    pub(super) members: Vec<Member>,
}

impl Attrs {
    pub(super) fn of(file: Rc<NixFile>, node: SyntaxNode, prefix: Vec<String>) -> Attrs {
        Attrs {
            members: vec![Member { file, node, prefix }],
        }
    }

    /// What `name` is here; [`Value::Unknown`] also when it is not bound.
    pub fn get(&self, library: &Library, name: &str) -> Value {
        self.get_in(&Resolver::new(library), name)
            .unwrap_or(Value::Unknown)
    }

    /// What the attribute path `names` is here.
    pub fn get_path(&self, library: &Library, names: &[&str]) -> Value {
        let mut value = Value::Attrs(self.clone());
        for name in names {
            value = match value {
                Value::Attrs(attrs) => attrs.get(library, name),
                _ => return Value::Unknown,
            };
        }
        value
    }

    /// `None` when no member binds `name`.
    pub(super) fn get_in(&self, resolver: &Resolver, name: &str) -> Option<Value> {
        let mut partial = Attrs::default();
        for member in &self.members {
            let scope = member.file.scope(&member.node);
            let depth = member.prefix.len();
            let first = member.prefix.first().map_or(name, String::as_str);
            for entry in scope.starting_with(first) {
                let fits = |at: usize, wanted: &str| {
                    entry
                        .keys
                        .get(at)
                        .is_some_and(|k| k.as_deref() == Some(wanted))
                };
                let agrees = member
                    .prefix
                    .iter()
                    .enumerate()
                    .all(|(at, key)| fits(at, key));
                if !agrees || !fits(depth, name) {
                    continue;
                }
                if entry.keys.len() > depth + 1 {
                    let mut prefix = member.prefix.clone();
                    prefix.push(name.to_owned());
                    partial.members.push(Member {
                        prefix,
                        ..member.clone()
                    });
                    break;
                }
                return Some(resolver.bound(&member.file, &member.node, &entry.bound, name));
            }
        }
        (!partial.members.is_empty()).then_some(Value::Attrs(partial))
    }

    /// Whether `name` is bound here, to whatever value.
    pub fn has(&self, library: &Library, name: &str) -> bool {
        self.get_in(&Resolver::new(library), name).is_some()
    }

    /// The names that are bound here, each once, in the order of the source; computed names are left out.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for member in &self.members {
            let depth = member.prefix.len();
            for entry in &member.file.scope(&member.node).entries {
                let agrees = member
                    .prefix
                    .iter()
                    .zip(&entry.keys)
                    .all(|(a, b)| Some(a) == b.as_ref());
                if let Some(Some(name)) = entry.keys.get(depth).filter(|_| agrees)
                    && seen.insert(name.clone())
                {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Whether an attribute here has a computed name, so that [`Attrs::names`] may lack it.
    pub fn has_computed_names(&self) -> bool {
        self.members.iter().any(|member| {
            let depth = member.prefix.len();
            member
                .file
                .scope(&member.node)
                .entries
                .iter()
                .any(|entry| matches!(entry.keys.get(depth), Some(None)))
        })
    }

    /// The byte range of the value that `name` is bound to in this very set, and the file; `None` when it is
    /// inherited or not bound.
    pub fn value_range(
        &self,
        name: &str,
    ) -> Option<(crate::source::RelPath, std::ops::Range<usize>)> {
        use rowan::ast::AstNode;
        self.members.iter().find_map(|member| {
            let depth = member.prefix.len();
            let scope = member.file.scope(&member.node);
            let first = member.prefix.first().map_or(name, String::as_str);
            scope
                .starting_with(first)
                .find_map(|entry| match &entry.bound {
                    Bound::Expr(expr)
                        if entry.keys.len() == depth + 1
                            && entry.keys[depth].as_deref() == Some(name) =>
                    {
                        let range = expr.syntax().text_range();
                        Some((
                            member.file.path().clone(),
                            range.start().into()..range.end().into(),
                        ))
                    }
                    _ => None,
                })
        })
    }
}
