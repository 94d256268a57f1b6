//! Which file of the workspace a path literal in a set leads to.

use std::rc::Rc;

use rnix::SyntaxNode;
use rnix::ast::Expr;
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::attrs::Attrs;
use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use super::scope::Bound;
use crate::source::RelPath;

/// `a = b; b = a;` ends after so many names.
const MAX_NAMES: usize = 32;

impl Attrs {
    /// The file that `name` is the path of, or `builtins.readFile` of the path of. `None` when that is no path literal
    /// or leads out of the workspace.
    pub fn file_named(&self, library: &Library, name: &str) -> Option<RelPath> {
        file_named(&Resolver::new(library), self, name, MAX_NAMES)
    }
}

fn file_named(resolver: &Resolver, attrs: &Attrs, name: &str, left: usize) -> Option<RelPath> {
    let left = left.checked_sub(1)?;
    for member in &attrs.members {
        let depth = member.prefix.len();
        let scope = member.file.scope(&member.node);
        let first = member.prefix.first().map_or(name, String::as_str);
        let entry = scope.starting_with(first).find(|entry| {
            let mut path = member.prefix.iter().map(String::as_str).chain([name]);
            entry.keys.len() == depth + 1
                && entry.keys.iter().all(|key| key.as_deref() == path.next())
        });
        match entry.map(|entry| &entry.bound) {
            None => continue,
            Some(Bound::Expr(expr)) => return of_expr(resolver, &member.file, expr, left),
            Some(Bound::Outer) => {
                return of_name(resolver, &member.file, name, &member.node, left);
            }
            Some(Bound::From(from)) => {
                let from = resolver.value(&member.file, from).attrs()?;
                return file_named(resolver, &from, name, left);
            }
            Some(_) => return None,
        }
    }
    None
}

fn of_expr(resolver: &Resolver, file: &Rc<NixFile>, expr: &Expr, left: usize) -> Option<RelPath> {
    match unparenthesised(expr)? {
        Expr::PathRel(path) => file.path().parent().join(path.to_string()),
        Expr::Ident(ident) => of_name(resolver, file, &ident.to_string(), ident.syntax(), left),
        Expr::Select(select) => {
            let mut keys = super::scope::keys(&select.attrpath()?);
            let last = keys.pop()??;
            let mut value = resolver.value(file, &select.expr()?);
            for key in keys {
                value = match value {
                    Value::Attrs(attrs) => attrs.get_in(resolver, &key?)?,
                    _ => return None,
                };
            }
            file_named(resolver, &value.attrs()?, &last, left)
        }
        Expr::Apply(apply) if called(&apply.lambda()?).as_deref() == Some("readFile") => {
            of_expr(resolver, file, &apply.argument()?, left.checked_sub(1)?)
        }
        _ => None,
    }
}

fn of_name(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    name: &str,
    from: &SyntaxNode,
    left: usize,
) -> Option<RelPath> {
    let binder = resolver.binder(file, name, from, &mut Vec::new())?;
    let attrs = Attrs::of(file.clone(), binder, Vec::new());
    file_named(resolver, &attrs, name, left)
}
