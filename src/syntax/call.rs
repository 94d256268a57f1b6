//! Function calls in a file, and where in the file's attribute tree they stand.

use std::ops::Range;
use std::rc::Rc;

use rnix::ast::{self, Expr};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::apply::called;
use super::attrs::Attrs;
use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use super::scope;

/// A call of a named function on one argument.
#[derive(Clone, Debug)]
pub struct Call {
    /// The last name: `fetchgit` for `pkgs.fetchgit`.
    pub function: String,
    file: Rc<NixFile>,
    argument: Expr,
    node: SyntaxNode,
}

/// The calls in `file` of functions that `wanted` names, in the order of the text.
pub fn calls(file: &Rc<NixFile>, wanted: impl Fn(&str) -> bool) -> Vec<Call> {
    file.root()
        .syntax()
        .descendants()
        .filter_map(ast::Apply::cast)
        .filter_map(|apply| Call::of(file, &Expr::Apply(apply)))
        .filter(|call| wanted(&call.function))
        .collect()
}

/// Every place in `file` that binds `name`: the set, `let` or arguments it stands in, with the path to them.
pub fn sets_with(file: &Rc<NixFile>, name: &str) -> Vec<(Attrs, Vec<String>)> {
    let mut found = Vec::new();
    for node in file
        .root()
        .syntax()
        .descendants()
        .filter(|node| binds_names(node.kind()))
    {
        let scope = file.scope(&node);
        for entry in &scope.entries {
            let Some((Some(last), before)) = entry.keys.split_last() else {
                continue;
            };
            if last != name {
                continue;
            }
            let Some(prefix) = before.iter().cloned().collect::<Option<Vec<String>>>() else {
                continue;
            };
            let mut path = attrpath(&node);
            path.extend(prefix.iter().cloned());
            found.push((Attrs::of(file.clone(), node.clone(), prefix), path));
        }
    }
    found
}

pub(super) fn binds_names(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::NODE_ATTR_SET
            | SyntaxKind::NODE_LET_IN
            | SyntaxKind::NODE_LEGACY_LET
            | SyntaxKind::NODE_LAMBDA
    )
}

impl Call {
    /// `expr`, where it is a call of a function that has a name.
    pub(super) fn of(file: &Rc<NixFile>, expr: &Expr) -> Option<Call> {
        let call = Call::of_several(file, expr)?;
        called(&call.function_expr()?).is_some().then_some(call)
    }

    /// The same also of `f a b`, which calls what `f a` yields: its function is `f`.
    pub(super) fn of_several(file: &Rc<NixFile>, expr: &Expr) -> Option<Call> {
        let Expr::Apply(apply) = expr else {
            return None;
        };
        let mut function = apply.lambda()?;
        while called(&function).is_none()
            && let Expr::Apply(inner) = &function
        {
            function = inner.lambda()?;
        }
        Some(Call {
            function: called(&function)?,
            file: file.clone(),
            argument: apply.argument()?,
            node: apply.syntax().clone(),
        })
    }

    pub(super) fn function_expr(&self) -> Option<Expr> {
        ast::Apply::cast(self.node.clone())?.lambda()
    }

    pub(super) fn argument_expr(&self) -> &Expr {
        &self.argument
    }

    /// The argument as a set.
    pub fn arguments(&self, library: &Library) -> Option<Attrs> {
        self.argument(library).attrs()
    }

    pub fn argument(&self, library: &Library) -> Value {
        Resolver::new(library).value(&self.file, &self.argument)
    }

    /// Whether the function is one of the workspace's own, whatever it is called: what it does is not known.
    pub fn is_of_our_own(&self, library: &Library) -> bool {
        self.function_expr()
            .is_some_and(|function| Resolver::new(library).is_our_own(&self.file, &function))
    }

    pub(super) fn node(&self) -> &SyntaxNode {
        &self.node
    }

    /// The attribute path that the call is bound to; list elements count from 0. Empty for a file that is the call.
    pub fn attrpath(&self) -> Vec<String> {
        attrpath(&self.node)
    }

    /// The bytes of the whole call.
    pub fn range(&self) -> Range<usize> {
        let range = self.node.text_range();
        range.start().into()..range.end().into()
    }

    /// The bytes of the function that is called.
    pub fn function_range(&self) -> Range<usize> {
        let range = self.function_expr().map(|f| f.syntax().text_range());
        range.map_or(self.range(), |range| {
            range.start().into()..range.end().into()
        })
    }

    pub fn file(&self) -> &Rc<NixFile> {
        &self.file
    }
}

/// The names of the bindings around `node`, outermost first.
pub(super) fn attrpath(node: &SyntaxNode) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut child = node.clone();
    while let Some(parent) = child.parent() {
        if let Some(binding) = ast::AttrpathValue::cast(parent.clone()) {
            if let Some(keys) = binding.attrpath() {
                let keys = scope::keys(&keys).into_iter().rev();
                path.extend(keys.map(|key| key.unwrap_or_else(|| "*".to_owned())));
            }
        } else if let Some(list) = ast::List::cast(parent.clone())
            && let Some(at) = list.items().position(|item| *item.syntax() == child)
        {
            path.push(at.to_string());
        }
        child = parent;
    }
    path.reverse();
    path
}
