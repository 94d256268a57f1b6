//! The string literals of a file, and the names that stand for well-known values, wherever they are used.

use std::ops::Range;
use std::rc::Rc;

use rnix::ast::{self, Expr};
use rnix::{NodeOrToken, SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::apply::called;
use super::file::{Library, NixFile};
use super::resolve::Resolver;
use super::scope::Bound;
use super::site::{Site, is_value};
use super::text::Part;

/// A string with no interpolation, as a value: names of attributes are none.
#[derive(Clone, Debug)]
pub struct StringLiteral {
    pub part: Part,
    pub site: Site,
}

/// An expression that is a name or ends with one: `lib.fakeHash`.
#[derive(Clone, Debug)]
pub struct NamedExpression {
    /// The last name.
    pub name: String,
    /// What the workspace itself binds it to; `None` where it comes from elsewhere.
    pub text: Option<String>,
    /// The bytes of the whole expression.
    pub range: Range<usize>,
    pub site: Site,
}

/// The string literals whose source text, without quotes, `wanted` accepts, in the order of the text.
pub fn strings(
    library: &Library,
    file: &Rc<NixFile>,
    wanted: impl Fn(&str) -> bool,
) -> Vec<StringLiteral> {
    let nodes = file.root().syntax().descendants();
    nodes
        .filter(|node| node.kind() == SyntaxKind::NODE_STRING)
        .filter(|node| is_wanted(node, &wanted) && is_value(node))
        .filter_map(|node| {
            let expr = Expr::cast(node.clone())?;
            let text = Resolver::new(library).value(file, &expr).text()?;
            Some(StringLiteral {
                part: text.literal()?.clone(),
                site: Site::of(library, file, &node),
            })
        })
        .collect()
}

fn is_wanted(string: &SyntaxNode, wanted: &impl Fn(&str) -> bool) -> bool {
    let mut content = None;
    for child in string.children_with_tokens() {
        match child {
            NodeOrToken::Token(token) if token.kind() == SyntaxKind::TOKEN_STRING_CONTENT => {
                content = Some(token);
            }
            NodeOrToken::Token(_) => {}
            NodeOrToken::Node(_) => return false,
        }
    }
    wanted(content.as_ref().map_or("", |token| token.text()))
}

/// The places in `file` that use one of `names`: `lib.fakeHash`, and `fakeHash` where it is inherited or comes from a
/// `with`. A name that the file binds to anything but a text stands for that, which is met where it is written.
pub fn named_expressions(
    library: &Library,
    file: &Rc<NixFile>,
    names: &[&str],
) -> Vec<NamedExpression> {
    let nodes = file.root().syntax().descendants();
    nodes
        .filter(|node| {
            matches!(
                node.kind(),
                SyntaxKind::NODE_IDENT | SyntaxKind::NODE_SELECT
            )
        })
        .filter_map(|node| {
            let expr = Expr::cast(node.clone())?;
            let name = called(&expr).filter(|name| names.contains(&name.as_str()))?;
            let comes_from_elsewhere = match &expr {
                Expr::Ident(_) => is_value(&node) && !is_bound(library, file, &node, &name),
                Expr::Select(select) => {
                    select.default_expr().is_none() && !selects_own(library, file, select)
                }
                _ => false,
            };
            let text = match comes_from_elsewhere {
                true => None,
                false if is_value(&node) => Some(own_text(library, file, &expr)?),
                false => return None,
            };
            let range = node.text_range();
            Some(NamedExpression {
                name,
                text,
                range: range.start().into()..range.end().into(),
                site: Site::of(library, file, &node),
            })
        })
        .collect()
}

/// The text that `expr` stands for, where that is written as one.
fn own_text(library: &Library, file: &Rc<NixFile>, expr: &Expr) -> Option<String> {
    let text = Resolver::new(library).value(file, expr).text()?;
    Some(text.literal()?.value.clone())
}

/// Whether `name`, used at `node`, is bound by the file to something else than the same name of another set; also
/// where it is not used but made: the name of an argument.
fn is_bound(library: &Library, file: &Rc<NixFile>, node: &SyntaxNode, name: &str) -> bool {
    let made = node.parent().is_some_and(|parent| {
        ast::IdentParam::can_cast(parent.kind())
            || ast::PatBind::can_cast(parent.kind())
            || ast::PatEntry::cast(parent)
                .and_then(|entry| entry.ident())
                .is_some_and(|ident| ident.syntax() == node)
    });
    if made {
        return true;
    }
    let resolver = Resolver::new(library);
    let mut from = node.clone();
    while let Some(binder) = resolver.binder(file, name, &from, &mut Vec::new()) {
        let scope = file.scope(&binder);
        let bound: Vec<_> = scope
            .starting_with(name)
            .map(|entry| &entry.bound)
            .collect();
        match bound.as_slice() {
            [Bound::From(_)] => return false,
            // The same name around the set.
            [Bound::Outer] => from = binder,
            _ => return true,
        }
    }
    false
}

/// Whether a selection is from a set that the file writes out: its value is met there.
fn selects_own(library: &Library, file: &Rc<NixFile>, select: &ast::Select) -> bool {
    let Some(expr) = select.expr() else {
        return true;
    };
    let known = Resolver::new(library).value(file, &expr).attrs();
    let name = select.attrpath().and_then(|path| {
        let mut keys = super::scope::keys(&path);
        (keys.len() == 1).then(|| keys.pop().flatten()).flatten()
    });
    match (known, name) {
        (Some(attrs), Some(name)) => attrs.has(library, &name),
        _ => false,
    }
}
