//! What a call is known to yield: what an imported file holds, or what the function was given.

use std::rc::Rc;

use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::file::NixFile;
use super::resolve::{Resolver, Value};
use super::scope::{self, Bound};

impl Resolver<'_, '_> {
    /// Whether `function` is a name that this file binds to a function: what it makes of its argument is written
    /// here, and is not the argument.
    fn is_defined_here(&self, file: &Rc<NixFile>, function: &Expr) -> bool {
        let Some(Expr::Ident(ident)) = unparenthesised(function) else {
            return false;
        };
        let name = ident.to_string();
        let Some(binder) = self.binder(file, &name, ident.syntax(), &mut Vec::new()) else {
            return false;
        };
        file.scope(&binder)
            .starting_with(&name)
            .any(|entry| match &entry.bound {
                Bound::Expr(bound) => matches!(unparenthesised(bound), Some(Expr::Lambda(_))),
                _ => false,
            })
    }

    /// Whether `function` is a name that this file binds to a function of the workspace, here or in another file.
    pub(super) fn is_our_own(&self, file: &Rc<NixFile>, function: &Expr) -> bool {
        let Some(Expr::Ident(ident)) = unparenthesised(function) else {
            return false;
        };
        let name = ident.to_string();
        let Some(binder) = self.binder(file, &name, ident.syntax(), &mut Vec::new()) else {
            return false;
        };
        let is_import = |bound: &Expr| match unparenthesised(bound) {
            Some(Expr::Apply(apply)) => {
                let path = apply.argument().and_then(|path| unparenthesised(&path));
                matches!(path, Some(Expr::PathRel(_)))
            }
            _ => false,
        };
        self.is_defined_here(file, function)
            || file
                .scope(&binder)
                .starting_with(&name)
                .any(|entry| matches!(&entry.bound, Bound::Expr(bound) if is_import(bound)))
    }

    /// A call. `import ./x.nix` is what that file is; for any other function on a set, the set: what a derivation or
    /// a fetcher was given is what it lets one read back (`src.rev`, `package.version`).
    pub(super) fn apply(&self, file: &Rc<NixFile>, apply: &ast::Apply) -> Option<Value> {
        let (function, argument) = (apply.lambda()?, apply.argument()?);
        match called(&function).as_deref() {
            Some("import") => {
                let path = self.imported(file, &argument)?;
                let target = self.library.get(&path)?;
                return Some(self.value(&target, &target.expr()?));
            }
            Some("toString") => return Some(self.value(file, &argument)),
            // These take what they are given as something else than a description of their result.
            Some("callPackage" | "map" | "filter" | "attrNames" | "attrValues" | "removeAttrs") => {
                return None;
            }
            _ if self.is_defined_here(file, &function) => return None,
            _ => {}
        }
        if let Expr::Apply(optionals) = &function
            && optionals.lambda().and_then(|f| called(&f)).as_deref() == Some("optionals")
        {
            return Some(self.value(file, &argument));
        }
        if let Expr::Apply(import) = &function
            && import.lambda().and_then(|f| called(&f)).as_deref() == Some("import")
        {
            return self.imported_call(file, import, &argument);
        }
        let given = match unparenthesised(&argument)? {
            Expr::Lambda(lambda) => {
                let body = lambda.body()?;
                match lambda.param() {
                    Some(ast::Param::IdentParam(_)) => self.value(file, &body),
                    _ => Value::Unknown,
                }
            }
            argument => self.value(file, &argument),
        };
        let mut attrs = given.attrs().unwrap_or_default();
        attrs.made_by = Some(apply.syntax().clone());
        attrs.is_open = true;
        Some(Value::Attrs(attrs))
    }

    /// `import ./x.nix { … }`: the body of the function in that file, unless an argument replaces a default.
    fn imported_call(
        &self,
        file: &Rc<NixFile>,
        import: &ast::Apply,
        argument: &Expr,
    ) -> Option<Value> {
        let target = self
            .library
            .get(&self.imported(file, &import.argument()?)?)?;
        let Expr::Lambda(lambda) = unparenthesised(&target.expr()?)? else {
            return None;
        };
        let Value::Attrs(given) = self.value(file, argument) else {
            return None;
        };
        let replaces_default = target.scope(lambda.syntax()).entries.iter().any(|entry| {
            matches!(entry.bound, Bound::Expr(_))
                && entry
                    .keys
                    .first()
                    .and_then(|k| k.as_deref())
                    .is_some_and(|name| given.get_in(self, name).is_some())
        });
        if replaces_default {
            return None;
        }
        Some(self.value(&target, &lambda.body()?))
    }

    fn imported(&self, file: &Rc<NixFile>, argument: &Expr) -> Option<crate::source::RelPath> {
        let Expr::PathRel(path) = unparenthesised(argument)? else {
            return None;
        };
        let path = file.path().parent().join(path.to_string())?;
        if path.file_name().ends_with(".nix") {
            Some(path)
        } else {
            path.join("default.nix")
        }
    }
}

/// The last name of the function that is called: `fetchgit` for `pkgs.fetchgit`.
pub(super) fn called(function: &Expr) -> Option<String> {
    match unparenthesised(function)? {
        Expr::Ident(ident) => Some(ident.to_string()),
        Expr::Select(select) => scope::keys(&select.attrpath()?).pop()?,
        // `fetchgit.override { … }` is a `fetchgit` still.
        Expr::Apply(apply) => match unparenthesised(&apply.lambda()?)? {
            // `import <nix/fetchurl.nix>` is Nix's own `fetchurl`.
            Expr::Ident(import) if import.to_string() == "import" => {
                match unparenthesised(&apply.argument()?)? {
                    Expr::PathSearch(path) => path
                        .to_string()
                        .strip_prefix("<nix/")?
                        .strip_suffix(".nix>")
                        .map(str::to_owned),
                    _ => None,
                }
            }
            Expr::Select(select) => {
                let mut keys = scope::keys(&select.attrpath()?);
                match keys.pop()?.as_deref()? {
                    "override" => match keys.pop() {
                        Some(name) => name,
                        None => called(&select.expr()?),
                    },
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn unparenthesised(expr: &Expr) -> Option<Expr> {
    let mut expr = expr.clone();
    while let Expr::Paren(paren) = &expr {
        expr = paren.expr()?;
    }
    Some(expr)
}
