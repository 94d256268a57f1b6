//! Attribute sets as they are written: sets, `let`s, function arguments, and unions of them.

use std::rc::Rc;

use rnix::SyntaxNode;

use super::apply::called;
use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use super::scope::{Bound, Entry, Scope};

/// One place where attributes are written: those entries of `node` whose path starts with `prefix`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub file: Rc<NixFile>,
    pub node: SyntaxNode,
    pub prefix: Vec<String>,
}

impl Member {
    pub(super) fn scope(&self) -> Rc<Scope> {
        self.file.scope(&self.node)
    }

    fn agrees(&self, entry: &Entry) -> bool {
        let keys = entry.keys.iter().map(Option::as_deref);
        entry.keys.len() > self.prefix.len()
            && self
                .prefix
                .iter()
                .zip(keys)
                .all(|(a, b)| Some(a.as_str()) == b)
    }

    /// The entries that bind `name` or something in it.
    pub(super) fn entries<'s>(
        &'s self,
        scope: &'s Scope,
        name: &'s str,
    ) -> impl Iterator<Item = &'s Entry> {
        let first = self.prefix.first().map_or(name, String::as_str);
        let depth = self.prefix.len();
        scope
            .starting_with(first)
            .filter(move |entry| self.agrees(entry) && entry.keys[depth].as_deref() == Some(name))
    }

    /// What `name` is here. `a = { b = 1; }; a.c = 2;` is one set, as Nix reads it.
    fn get(&self, resolver: &Resolver, name: &str) -> Option<Value> {
        let scope = self.scope();
        let depth = self.prefix.len();
        let mut merged: Option<Attrs> = None;
        let mut has_dotted = false;
        for entry in self.entries(&scope, name) {
            let more = if entry.keys.len() > depth + 1 {
                if std::mem::replace(&mut has_dotted, true) {
                    continue;
                }
                let mut prefix = self.prefix.clone();
                prefix.push(name.to_owned());
                Attrs::of(self.file.clone(), self.node.clone(), prefix)
            } else {
                let value = resolver.bound(&self.file, &self.node, &entry.bound, name);
                match value.bound_at(self.file.path(), entry.end) {
                    Value::Attrs(attrs) => attrs,
                    // Nothing can be merged with it.
                    value => return Some(value),
                }
            };
            merged = Some(match merged {
                None => more,
                Some(mut all) => {
                    all.members.extend(more.members);
                    all.is_open |= more.is_open;
                    all
                }
            });
        }
        merged.map(Value::Attrs)
    }

    pub(super) fn has_computed_names(&self) -> bool {
        let depth = self.prefix.len();
        self.scope()
            .entries
            .iter()
            .any(|entry| matches!(entry.keys.get(depth), Some(None)) && self.agrees(entry))
    }
}

/// A set of attributes; where members bind the same name, the first wins.
#[derive(Clone, Debug, Default)]
pub struct Attrs {
    pub(super) members: Vec<Member>,
    /// The call whose result it is, where it is that of a function that is not looked into.
    pub(super) made_by: Option<SyntaxNode>,
    /// Whether it may hold more than what is written in `members`.
    pub(super) is_open: bool,
}

impl Attrs {
    pub(super) fn of(file: Rc<NixFile>, node: SyntaxNode, prefix: Vec<String>) -> Attrs {
        Attrs {
            members: vec![Member { file, node, prefix }],
            made_by: None,
            is_open: false,
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
        for (at, member) in self.members.iter().enumerate() {
            if let Some(value) = member.get(resolver, name) {
                return Some(value);
            }
            // A computed name may be this one, and would hide what a later member binds.
            if member.has_computed_names() && at + 1 < self.members.len() {
                return Some(Value::Unknown);
            }
        }
        None
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
            for entry in &member.scope().entries {
                if let Some(Some(name)) = entry.keys.get(depth).filter(|_| member.agrees(entry))
                    && seen.insert(name.clone())
                {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Whether there may be attributes that [`Attrs::names`] lacks: some have computed names, or come from elsewhere.
    pub fn may_hold_more(&self) -> bool {
        self.is_open || self.members.iter().any(Member::has_computed_names)
    }

    /// Whether `name` is bound in this very set to one of `names`, whatever stands before it: `lib.fakeHash`.
    pub fn is_named(&self, name: &str, names: &[&str]) -> bool {
        self.members.first().is_some_and(|member| {
            let scope = member.scope();
            member
                .entries(&scope, name)
                .any(|entry| match &entry.bound {
                    Bound::Expr(expr) => {
                        called(expr).is_some_and(|last| names.contains(&last.as_str()))
                    }
                    _ => false,
                })
        })
    }
}
