//! The files and folders that a set of attributes is made from, as far as it names them.

use std::rc::Rc;

use rnix::ast::{self, Expr};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::attrs::Attrs;
use super::behind::{MAX_NAMES, bound};
use super::file::{Library, NixFile};
use super::path::{added, written};
use super::resolve::{Resolver, Value};
use crate::source::RelPath;

/// The expression behind a name, such as that of a package's `src`.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// The file that it stands in.
    pub file: RelPath,
    /// As it is written.
    pub text: String,
    /// What its path literals name, in the order of the text, each as often as it stands there.
    pub paths: Vec<RelPath>,
}

impl Attrs {
    /// What `name` is bound to, names followed.
    pub fn source_behind(&self, library: &Library, name: &str) -> Option<SourceText> {
        let (file, expr) = bound(&Resolver::new(library), self, name, MAX_NAMES)?;
        Some(SourceText {
            file: file.path().clone(),
            text: expr.syntax().text().to_string(),
            paths: literals(&file, expr.syntax()),
        })
    }

    /// The files and folders that this set names by path literals, or by names of such. Sets in it that bind one of
    /// `without` are left out.
    pub fn paths_within(&self, library: &Library, without: &[&str]) -> Vec<RelPath> {
        let mut found = Vec::new();
        for member in &self.members {
            // Around a `let` or a function is more than it is made from.
            if member.node.kind() != SyntaxKind::NODE_ATTR_SET {
                continue;
            }
            let mut open: Vec<SyntaxNode> = member.node.children().collect();
            while let Some(node) = open.pop() {
                let is_apart = node.kind() == SyntaxKind::NODE_ATTR_SET && {
                    let scope = member.file.scope(&node);
                    let mut names = without.iter();
                    names.any(|name| scope.starting_with(name).next().is_some())
                };
                if is_apart {
                    continue;
                }
                found.extend(named(library, &member.file, &node));
                open.extend(node.children());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn literals(file: &NixFile, node: &SyntaxNode) -> Vec<RelPath> {
    node.descendants()
        .filter_map(ast::PathRel::cast)
        .filter_map(|path| of_literal(file, &path))
        .collect()
}

fn of_literal(file: &NixFile, path: &ast::PathRel) -> Option<RelPath> {
    let folder = file.path().parent();
    folder.join(written(path)? + &added(path).unwrap_or_default())
}

/// The path that `node` itself is, or is the name of.
fn named(library: &Library, file: &Rc<NixFile>, node: &SyntaxNode) -> Option<RelPath> {
    match Expr::cast(node.clone())? {
        Expr::PathRel(path) => of_literal(file, &path),
        name @ Expr::Ident(_) => match Resolver::new(library).value(file, &name) {
            Value::Path(path) => file.path().parent().join(path),
            _ => None,
        },
        _ => None,
    }
}
