//! The expression behind a name: what stands where the text leads no further.
//!
//! Not here: what its value is (`resolve`).

use std::rc::Rc;

use rnix::SyntaxNode;
use rnix::ast::Expr;
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::attrs::Attrs;
use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use super::scope::{self, Bound};
use crate::source::RelPath;

/// `a = b; b = a;` ends after so many names.
pub(super) const MAX_NAMES: usize = 32;

pub(super) type Found = (Rc<NixFile>, Expr);

impl Attrs {
    /// The file that `name` is the path of, or `builtins.readFile` of the path of. `None` when that is no path literal
    /// or leads out of the workspace.
    pub fn file_named(&self, library: &Library, name: &str) -> Option<RelPath> {
        let resolver = Resolver::new(library);
        let (mut file, mut expr) = bound(&resolver, self, name, MAX_NAMES)?;
        if let Expr::Apply(apply) = &expr
            && called(&apply.lambda()?).as_deref() == Some("readFile")
        {
            (file, expr) = follow(&resolver, file, &apply.argument()?, MAX_NAMES)?;
        }
        match expr {
            Expr::PathRel(path) => file.path().parent().join(path.to_string()),
            _ => None,
        }
    }

    /// The name that `name` stands for and that nothing in the text binds, such as `lib.fakeHash`: in which file and
    /// where it begins, and its last part.
    pub fn name_behind(&self, library: &Library, name: &str) -> Option<(RelPath, usize, String)> {
        let (file, expr) = bound(&Resolver::new(library), self, name, MAX_NAMES)?;
        if !matches!(expr, Expr::Ident(_) | Expr::Select(_)) {
            return None;
        }
        let start = expr.syntax().text_range().start().into();
        Some((file.path().clone(), start, called(&expr)?))
    }
}

/// What `name` is bound to, names followed as far as the text has them.
pub(super) fn bound(resolver: &Resolver, attrs: &Attrs, name: &str, left: usize) -> Option<Found> {
    let left = left.checked_sub(1)?;
    for member in &attrs.members {
        let scope = member.file.scope(&member.node);
        let first = member.prefix.first().map_or(name, String::as_str);
        let entry = scope.starting_with(first).find(|entry| {
            let mut path = member.prefix.iter().map(String::as_str).chain([name]);
            entry.keys.len() == member.prefix.len() + 1
                && entry.keys.iter().all(|key| key.as_deref() == path.next())
        });
        match entry.map(|entry| &entry.bound) {
            None => continue,
            Some(Bound::Expr(expr)) => return follow(resolver, member.file.clone(), expr, left),
            Some(Bound::Outer) => {
                return of_name(resolver, &member.file, name, &member.node, left);
            }
            Some(Bound::From(from)) => {
                let from = resolver.value(&member.file, from).attrs()?;
                return bound(resolver, &from, name, left);
            }
            Some(Bound::Argument | Bound::Whole(_)) => return None,
        }
    }
    None
}

/// `expr`, or what it leads to where it is a name.
fn follow(resolver: &Resolver, file: Rc<NixFile>, expr: &Expr, left: usize) -> Option<Found> {
    let expr = unparenthesised(expr)?;
    let further = match &expr {
        Expr::Ident(ident) => of_name(resolver, &file, &ident.to_string(), ident.syntax(), left),
        Expr::Select(select) => of_select(resolver, &file, select, left),
        _ => None,
    };
    Some(further.unwrap_or((file, expr)))
}

fn of_name(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    name: &str,
    from: &SyntaxNode,
    left: usize,
) -> Option<Found> {
    let binder = resolver.binder(file, name, from, &mut Vec::new())?;
    let attrs = Attrs::of(file.clone(), binder, Vec::new());
    bound(resolver, &attrs, name, left)
}

fn of_select(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    select: &rnix::ast::Select,
    left: usize,
) -> Option<Found> {
    let mut keys = scope::keys(&select.attrpath()?);
    let last = keys.pop()??;
    let mut value = resolver.value(file, &select.expr()?);
    for key in keys {
        value = match value {
            Value::Attrs(attrs) => attrs.get_in(resolver, &key?)?,
            _ => return None,
        };
    }
    bound(resolver, &value.attrs()?, &last, left)
}
