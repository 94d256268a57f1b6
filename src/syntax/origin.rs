//! The names that lead to what an expression stands for: `pkgs dockerTools buildImage`, through `let`, `inherit` and
//! `with`.
//!
//! Not here: what its value is (`resolve`).

use std::rc::Rc;

use rnix::SyntaxKind;
use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::behind::of_select;
use super::call::Call;
use super::file::{Library, NixFile};
use super::resolve::Resolver;
use super::scope::{self, Bound};
use super::systems;

/// Names from the outermost to the last; `None` for what has none, such as a computed name or the result of a call.
/// What a function makes that is given a system, `import nixpkgs { system = "x86_64-linux"; }`, goes by the system.
pub type Names = Vec<Option<String>>;

/// `a = b; b = a;` ends after so many names.
const MAX_NAMES: usize = 32;

impl Call {
    /// The names that lead to the function that is called. More than one answer where more than one `with` may
    /// provide the first name, the innermost first. The last name is `None` for a function that is written in the
    /// file.
    pub fn function_names(&self, library: &Library) -> Vec<Names> {
        match self.function_expr() {
            Some(function) => names(&Resolver::new(library), self.file(), &function, MAX_NAMES),
            None => Vec::new(),
        }
    }

    /// The same of the function that is called first: `runCommand` of `runCommand name { } script`.
    pub fn first_function_names(&self, library: &Library) -> Vec<Names> {
        let mut function = self.function_expr();
        while let Some(Expr::Apply(apply)) = &function {
            function = apply.lambda();
        }
        match function {
            Some(function) => names(&Resolver::new(library), self.file(), &function, MAX_NAMES),
            None => Vec::new(),
        }
    }
}

pub(super) fn names(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    expr: &Expr,
    left: usize,
) -> Vec<Names> {
    let nameless = || vec![vec![None]];
    let (Some(left), Some(expr)) = (left.checked_sub(1), unparenthesised(expr)) else {
        return nameless();
    };
    let result_of = |inner: Option<Expr>, name: Option<String>| match inner {
        Some(inner) => extended(names(resolver, file, &inner, left), &[name]),
        None => nameless(),
    };
    match &expr {
        Expr::Ident(ident) => of_ident(resolver, file, ident, left),
        Expr::Select(select) => of_selection(resolver, file, select, left).unwrap_or_else(nameless),
        Expr::With(with) => match with.body() {
            Some(body) => names(resolver, file, &body, left),
            None => nameless(),
        },
        Expr::LetIn(binding) => match binding.body() {
            Some(body) => names(resolver, file, &body, left),
            None => nameless(),
        },
        Expr::Apply(apply) => {
            let function = apply.lambda();
            match function.as_ref().and_then(called).as_deref() {
                // `import inputs.nix2container { … }` is what that source holds.
                Some("import") => result_of(apply.argument(), None),
                _ => {
                    let argument = apply.argument();
                    let system = argument.and_then(|set| systems::of(resolver, file, &set));
                    result_of(function, system)
                }
            }
        }
        _ => nameless(),
    }
}

fn of_ident(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    ident: &ast::Ident,
    left: usize,
) -> Vec<Names> {
    of_name(resolver, file, &ident.to_string(), ident.syntax(), left)
}

fn of_name(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    name: &str,
    from: &rnix::SyntaxNode,
    left: usize,
) -> Vec<Names> {
    let itself = || vec![vec![Some(name.to_owned())]];
    let Some(left) = left.checked_sub(1) else {
        return itself();
    };
    let mut withs = Vec::new();
    let Some(binder) = resolver.binder(file, name, from, &mut withs) else {
        let mut found = Vec::new();
        for namespace in &withs {
            found.extend(extended(
                names(resolver, file, namespace, left),
                &[Some(name.to_owned())],
            ));
        }
        return match found.is_empty() {
            true => itself(),
            false => found,
        };
    };
    // Who calls the function gives what the name says, whatever the default is.
    if binder.kind() == SyntaxKind::NODE_LAMBDA {
        return itself();
    }
    let scope = file.scope(&binder);
    let mut entries = scope.starting_with(name);
    let bound = match (entries.next(), entries.next()) {
        (Some(entry), None) if entry.keys.len() == 1 => &entry.bound,
        _ => return vec![vec![None]],
    };
    match bound {
        Bound::Expr(expr) => names(resolver, file, expr, left),
        Bound::Outer => of_name(resolver, file, name, &binder, left),
        Bound::From(from) => extended(names(resolver, file, from, left), &[Some(name.to_owned())]),
        Bound::Argument | Bound::Whole(_) => itself(),
    }
}

fn of_selection(
    resolver: &Resolver,
    file: &Rc<NixFile>,
    select: &ast::Select,
    left: usize,
) -> Option<Vec<Names>> {
    if let Some((file, expr)) = of_select(resolver, file, select, left) {
        return Some(names(resolver, &file, &expr, left));
    }
    let keys = scope::keys(&select.attrpath()?);
    Some(extended(
        names(resolver, file, &select.expr()?, left),
        &keys,
    ))
}

fn extended(mut all: Vec<Names>, more: &[Option<String>]) -> Vec<Names> {
    for names in &mut all {
        names.extend_from_slice(more);
    }
    all
}
