//! What stands around a call or a set: the nearest binding of a name, and the packages that take a call's result.

use std::rc::Rc;

use rnix::ast::{self, Expr, HasEntry};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::attrs::Attrs;
use super::call::{Call, attrpath, binds_names};
use super::file::{Library, NixFile, Uses};
use super::resolve::{Resolver, Value};

/// A set of attributes that a call's result goes into.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub attrs: Attrs,
    /// The function that is called on the set, where it is one; empty where it has no name.
    pub function: Option<String>,
    /// The attribute path that the set is bound to.
    pub path: Vec<String>,
}

impl Call {
    /// What `name` is in the nearest set, `let` or arguments around the call that bind it, whether it is in scope or
    /// not: the `version` of the package that a `src` belongs to.
    pub fn nearest(&self, library: &Library, name: &str) -> Value {
        nearest(library, self.file(), self.node(), name)
    }

    /// The sets that the call's result goes into: those that it stands in, as far as they are arguments of calls, and
    /// those that name it, directly or through what is made of it.
    pub fn consumers(&self, library: &Library) -> Vec<Consumer> {
        let file = self.file();
        let uses = file.uses(|| uses(library, file));
        let mut found: Vec<Consumer> = Vec::new();
        let mut seen: Vec<SyntaxNode> = Vec::new();
        let mut targets = vec![self.node().clone()];
        while let Some(target) = targets.pop() {
            if seen.contains(&target) {
                continue;
            }
            seen.push(target.clone());
            let around = around(&target);
            let naming = uses.get(&target).into_iter().flatten().cloned();
            for set in around.into_iter().chain(naming) {
                if seen.contains(&set) {
                    continue;
                }
                seen.push(set.clone());
                let taken = taken_by(&set);
                found.push(Consumer {
                    attrs: Attrs::of(file.clone(), set.clone(), Vec::new()),
                    function: taken.as_ref().map(|(_, name)| name.clone()),
                    path: attrpath(&set),
                });
                targets.extend(taken.map(|(result, _)| result));
            }
        }
        found
    }
}

impl Attrs {
    /// What `name` is here, or else in the nearest place around that binds it.
    pub fn nearest(&self, library: &Library, name: &str) -> Value {
        if self.has(library, name) {
            return self.get(library, name);
        }
        match self.members.first() {
            Some(member) => nearest(library, &member.file, &member.node, name),
            None => Value::Unknown,
        }
    }
}

fn nearest(library: &Library, file: &Rc<NixFile>, from: &SyntaxNode, name: &str) -> Value {
    from.ancestors()
        .skip(1)
        .filter(|node| binds_names(node.kind()))
        .find_map(|node| {
            Attrs::of(file.clone(), node, Vec::new()).get_in(&Resolver::new(library), name)
        })
        .unwrap_or(Value::Unknown)
}

/// The sets around `node`, from the innermost to the first that is not the argument of a call.
fn around(node: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut sets = Vec::new();
    for set in node
        .ancestors()
        .skip(1)
        .filter(|node| node.kind() == SyntaxKind::NODE_ATTR_SET)
    {
        let ends = taken_by(&set).is_none();
        sets.push(set);
        if ends {
            break;
        }
    }
    sets
}

/// The call that takes `set` as its argument, directly or as what a function in its place returns: the whole of it,
/// and the function's name.
pub(super) fn taken_by(set: &SyntaxNode) -> Option<(SyntaxNode, String)> {
    let mut child = set.clone();
    loop {
        let parent = child.parent()?;
        let is = |expr: Option<Expr>| expr.is_some_and(|expr| *expr.syntax() == child);
        match Expr::cast(parent.clone())? {
            Expr::Paren(_) | Expr::BinOp(_) => {}
            Expr::Lambda(lambda) if is(lambda.body()) => {}
            Expr::LetIn(binding) if is(binding.body()) => {}
            Expr::With(with) if is(with.body()) => {}
            Expr::Assert(assert) if is(assert.body()) => {}
            Expr::Apply(apply) if is(apply.argument()) => {
                let name = apply.lambda().and_then(|function| called(&function));
                let whole = parent
                    .ancestors()
                    .take_while(|node| node.kind() == SyntaxKind::NODE_APPLY)
                    .last()
                    .unwrap_or(parent);
                return Some((whole, name.unwrap_or_default()));
            }
            _ => return None,
        }
        child = parent;
    }
}

/// Which sets of `file` name the result of which call in one of their values: `inherit src;`, `src = a.b;`,
/// `lock = "${src}/lock";`.
fn uses(library: &Library, file: &Rc<NixFile>) -> Uses {
    let mut found = Uses::new();
    for set in file
        .root()
        .syntax()
        .descendants()
        .filter_map(ast::AttrSet::cast)
    {
        let mut note = |value: Value| {
            if let Value::Attrs(Attrs {
                made_by: Some(call),
                ..
            }) = value
            {
                found.entry(call).or_default().push(set.syntax().clone());
            }
        };
        let attrs = Attrs::of(file.clone(), set.syntax().clone(), Vec::new());
        for name in set
            .inherits()
            .flat_map(|inherit| inherit.attrs().collect::<Vec<_>>())
        {
            note(attrs.get(library, &name.syntax().text().to_string()));
        }
        for value in set.attrpath_values().filter_map(|entry| entry.value()) {
            mentions(&value, &mut |expr| {
                note(Resolver::new(library).value(file, expr))
            });
        }
    }
    found
}

/// The names and selections that the value of `expr` is made of, those in sets of their own left out.
fn mentions(expr: &Expr, note: &mut impl FnMut(&Expr)) {
    let mut open = vec![expr.syntax().clone()];
    while let Some(node) = open.pop() {
        match Expr::cast(node.clone()) {
            Some(Expr::AttrSet(_) | Expr::Lambda(_)) => {}
            Some(expr @ (Expr::Ident(_) | Expr::Select(_))) => note(&expr),
            Some(Expr::Apply(apply)) => {
                open.extend(
                    apply
                        .argument()
                        .and_then(|a| unparenthesised(&a))
                        .map(|a| a.syntax().clone()),
                );
                open.extend(
                    apply
                        .lambda()
                        .filter(|f| matches!(f, Expr::Apply(_)))
                        .map(|f| f.syntax().clone()),
                );
            }
            _ => open.extend(node.children()),
        }
    }
}
