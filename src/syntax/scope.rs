//! What a set, a `let` or a function's arguments bind: an index of names, built once for each.

use std::collections::HashMap;
use std::ops::Range;

use rnix::ast::{
    AstToken, Attr, AttrSet, Attrpath, Expr, HasEntry, Inherit, Lambda, LegacyLet, LetIn, Param,
};
use rnix::{SyntaxNode, ast};
use rowan::ast::AstNode;

use super::string::Quoting;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Expr(Expr),
    /// `inherit name;`: the name in the scope around the set.
    Outer,
    /// `inherit (from) name;`
    From(Expr),
    /// An argument with no default.
    Argument,
    /// The one argument of `arg: …`.
    Whole(Lambda),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The attribute path; `None` where a name is computed.
    pub keys: Vec<Option<String>>,
    /// Where each of its names stands in the file.
    pub names: Vec<Range<usize>>,
    pub bound: Bound,
    /// Where the value, or the inherited name, ends in the file: a comment on the line stands behind it.
    pub end: usize,
}

#[derive(Debug, Default)]
pub(super) struct Scope {
    pub entries: Vec<Entry>,
    by_first: HashMap<String, Vec<usize>>,
}

impl Scope {
    /// The names that `node` binds, whether they are in scope inside of it or not.
    pub fn of(node: &SyntaxNode) -> Scope {
        let mut scope = Scope::default();
        if let Some(set) = AttrSet::cast(node.clone()) {
            scope.take_entries(&set);
        } else if let Some(set) = LetIn::cast(node.clone()) {
            scope.take_entries(&set);
        } else if let Some(set) = LegacyLet::cast(node.clone()) {
            scope.take_entries(&set);
        } else if let Some(lambda) = Lambda::cast(node.clone()) {
            scope.take_arguments(&lambda);
        }
        scope
    }

    pub fn starting_with<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Entry> {
        self.by_first
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|at| self.entries.get(*at))
    }

    fn push(
        &mut self,
        keys: Vec<Option<String>>,
        names: Vec<Range<usize>>,
        bound: Bound,
        node: &SyntaxNode,
    ) {
        if let Some(Some(first)) = keys.first() {
            self.by_first
                .entry(first.clone())
                .or_default()
                .push(self.entries.len());
        }
        let end = node.text_range().end().into();
        self.entries.push(Entry {
            keys,
            names,
            bound,
            end,
        });
    }

    fn take_entries(&mut self, set: &impl HasEntry) {
        for entry in set.entries() {
            match entry {
                ast::Entry::AttrpathValue(binding) => {
                    if let (Some(path), Some(value)) = (binding.attrpath(), binding.value()) {
                        let node = value.syntax().clone();
                        let names = path.attrs().map(|attr| range(attr.syntax())).collect();
                        self.push(keys(&path), names, Bound::Expr(value), &node);
                    }
                }
                ast::Entry::Inherit(inherit) => self.take_inherited(&inherit),
            }
        }
    }

    fn take_inherited(&mut self, inherit: &Inherit) {
        let from = inherit.from().map(|from| from.expr());
        for name in inherit.attrs() {
            let bound = match &from {
                None => Bound::Outer,
                Some(Some(expr)) => Bound::From(expr.clone()),
                Some(None) => continue,
            };
            let place = vec![range(name.syntax())];
            self.push(vec![key(&name)], place, bound, name.syntax());
        }
    }

    fn take_arguments(&mut self, lambda: &Lambda) {
        let mut whole = |ident: Option<ast::Ident>| {
            if let Some(name) = ident {
                let bound = Bound::Whole(lambda.clone());
                let place = vec![range(name.syntax())];
                self.push(vec![Some(name.to_string())], place, bound, name.syntax());
            }
        };
        match lambda.param() {
            Some(Param::IdentParam(param)) => whole(param.ident()),
            Some(Param::Pattern(pattern)) => {
                whole(pattern.pat_bind().and_then(|bind| bind.ident()));
                for entry in pattern.pat_entries() {
                    if let Some(name) = entry.ident() {
                        let bound = match pattern_default(&entry) {
                            Some(default) => Bound::Expr(default),
                            None => Bound::Argument,
                        };
                        let place = vec![range(name.syntax())];
                        self.push(vec![Some(name.to_string())], place, bound, entry.syntax());
                    }
                }
            }
            None => {}
        }
    }
}

fn range(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

/// The default of `{ name ? default }`. The name is itself an expression node, so the default is the second one.
fn pattern_default(entry: &ast::PatEntry) -> Option<Expr> {
    entry.question_token()?;
    entry.syntax().children().filter_map(Expr::cast).nth(1)
}

/// The names of an attribute path; `None` where one is computed.
pub(super) fn keys(path: &Attrpath) -> Vec<Option<String>> {
    path.attrs().map(|attr| key(&attr)).collect()
}

pub(super) fn key(attr: &Attr) -> Option<String> {
    match attr {
        Attr::Ident(ident) => Some(ident.to_string()),
        Attr::Str(string) => plain_string(string),
        Attr::Dynamic(dynamic) => match dynamic.expr()? {
            Expr::Str(string) => plain_string(&string),
            _ => None,
        },
    }
}

/// The value of a string with no interpolation.
pub(super) fn plain_string(string: &ast::Str) -> Option<String> {
    let mut out = String::new();
    for part in string.parts() {
        match part {
            ast::InterpolPart::Literal(content) => {
                out.push_str(&Quoting::Double.decode(content.syntax().text()))
            }
            ast::InterpolPart::Interpolation(_) => return None,
        }
    }
    Some(out)
}
