//! The system that a function is given: of `import nixpkgs { system = "x86_64-linux"; }`, the one in the set.

use std::rc::Rc;

use rnix::SyntaxNode;
use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::attrs::Attrs;
use super::file::NixFile;
use super::resolve::{Resolver, Value};
use super::site::is_system;

/// The system that `argument` names: a string, or a set with one as nixpkgs takes it. What is built for `crossSystem`
/// is of that system.
pub(super) fn of(resolver: &Resolver, file: &Rc<NixFile>, argument: &Expr) -> Option<String> {
    let argument = unparenthesised(argument)?;
    let Value::Attrs(set) = resolver.value(file, &argument) else {
        return named(resolver, file, &argument).filter(|name| is_system(name));
    };
    ["crossSystem", "localSystem", "system"]
        .iter()
        .find(|name| set.get_in(resolver, name).is_some())
        .and_then(|name| in_set(resolver, file, &argument, &set, name))
}

fn in_set(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    argument: &Expr,
    set: &Attrs,
    name: &str,
) -> Option<String> {
    match set.get_in(resolver, name)? {
        Value::Text(text) => Some(text.value()),
        Value::Attrs(system) => ["system", "config"].iter().find_map(|key| {
            let text = system.get_in(resolver, key)?.text()?;
            Some(text.value())
        }),
        // `{ inherit system; }` in a function of the system.
        _ => {
            let inside = argument.syntax().first_child()?;
            each(resolver, file, name, &inside)
        }
    }
}

/// What a computed name is, where the text tells: the value of a string, or a system that it goes through.
pub(super) fn named(resolver: &Resolver, file: &Rc<NixFile>, expr: &Expr) -> Option<String> {
    if let Value::Text(text) = resolver.value(file, expr) {
        return Some(text.value());
    }
    match unparenthesised(expr)? {
        Expr::Ident(ident) => each(resolver, file, &ident.to_string(), ident.syntax()),
        _ => None,
    }
}

/// Where `name` goes through a list of systems that is written here, `eachSystem [ … ] (system: …)`, the first Darwin
/// one: what is wrong for one of them is wrong.
fn each(resolver: &Resolver, file: &Rc<NixFile>, name: &str, from: &SyntaxNode) -> Option<String> {
    let binder = resolver.binder(file, name, from, &mut Vec::new())?;
    let lambda = ast::Lambda::cast(binder)?;
    if !matches!(lambda.param(), Some(ast::Param::IdentParam(_))) {
        return None;
    }
    let mut node = lambda.syntax().parent()?;
    while ast::Paren::can_cast(node.kind()) {
        node = node.parent()?;
    }
    let Expr::Apply(outer) = Expr::cast(node)? else {
        return None;
    };
    let Expr::Apply(inner) = outer.lambda()? else {
        return None;
    };
    let function = called(&inner.lambda()?)?;
    if !matches!(
        function.as_str(),
        "eachSystem" | "genAttrs" | "forEachSystem" | "forSystems"
    ) {
        return None;
    }
    let systems = resolver.value(file, &inner.argument()?).list()?;
    systems
        .items(resolver.library)
        .into_iter()
        .filter_map(|item| Some(item.text()?.value()))
        .find(|system| is_system(system) && system.ends_with("-darwin"))
}
