//! What a whole file is, as far as Nix asks before it builds it: a value, or a function of what.

use std::rc::Rc;

use rnix::ast::{self, Expr, HasEntry};

use super::apply::{called, unparenthesised};
use super::file::{Library, NixFile};
use super::scope;

/// How many imports, `let`s and the like are followed.
const MAX_STEPS: usize = 16;

/// What stands at the top of a Nix file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopLevel {
    /// A function that Nix does not call by itself: of one argument with a name, or of a set that must hold attributes
    /// with no default, or of whatever set (`{ ... }:`); or what a first call of Nix's gave, for it makes no second.
    Function,
    /// A set, with the first parts of the names that are written in it.
    Set(Vec<String>),
    /// A list of nothing but functions and paths.
    Functions,
    /// Anything else, or what the text alone does not tell.
    Other,
}

/// What Nix gets from `file` when it has called what it calls by itself: a function of a set whose attributes all have
/// defaults. An `import ./x.nix` is what that file is.
pub fn top_level(library: &Library, file: &Rc<NixFile>) -> TopLevel {
    let mut at = file.clone();
    let mut expr = file.expr();
    let mut is_called = false;
    for _ in 0..MAX_STEPS {
        expr = match expr {
            Some(Expr::Paren(paren)) => paren.expr(),
            Some(Expr::LetIn(binding)) => binding.body(),
            Some(Expr::With(with)) => with.body(),
            Some(Expr::Assert(assert)) => assert.body(),
            Some(Expr::Lambda(lambda)) if !is_called && is_called_by_nix(&lambda) => {
                is_called = true;
                lambda.body()
            }
            Some(Expr::Lambda(_)) => return TopLevel::Function,
            Some(Expr::AttrSet(set)) => return TopLevel::Set(names(&set)),
            Some(Expr::List(list)) => return of_list(&list),
            Some(Expr::Apply(apply)) => match imported(library, &at, &apply) {
                Some(next) => {
                    at = next;
                    at.expr()
                }
                None => return TopLevel::Other,
            },
            _ => return TopLevel::Other,
        };
    }
    TopLevel::Other
}

fn is_called_by_nix(lambda: &ast::Lambda) -> bool {
    let Some(ast::Param::Pattern(pattern)) = lambda.param() else {
        return false;
    };
    let mut entries = pattern.pat_entries().peekable();
    // `{ ... }: { … }` is how modules are written that need nothing.
    (entries.peek().is_some() || pattern.ellipsis_token().is_none())
        && entries.all(|entry| entry.question_token().is_some())
}

fn names(set: &ast::AttrSet) -> Vec<String> {
    let mut names = Vec::new();
    for entry in set.entries() {
        match entry {
            ast::Entry::AttrpathValue(binding) => {
                let path = binding.attrpath().map(|path| scope::keys(&path));
                names.extend(path.and_then(|keys| keys.into_iter().next().flatten()));
            }
            ast::Entry::Inherit(inherit) => {
                names.extend(inherit.attrs().filter_map(|name| scope::key(&name)));
            }
        }
    }
    names
}

fn of_list(list: &ast::List) -> TopLevel {
    let mut items = list.items().peekable();
    let is_value = items.peek().is_none()
        || !items.all(|item| {
            matches!(
                unparenthesised(&item),
                Some(Expr::Lambda(_) | Expr::PathRel(_) | Expr::PathAbs(_))
            )
        });
    match is_value {
        true => TopLevel::Other,
        false => TopLevel::Functions,
    }
}

fn imported(library: &Library, file: &Rc<NixFile>, apply: &ast::Apply) -> Option<Rc<NixFile>> {
    if called(&apply.lambda()?).as_deref() != Some("import") {
        return None;
    }
    let Expr::PathRel(path) = unparenthesised(&apply.argument()?)? else {
        return None;
    };
    let path = file.path().parent().join(path.to_string())?;
    match path.file_name().ends_with(".nix") {
        true => library.get(&path),
        false => library.get(&path.join("default.nix")?),
    }
}
