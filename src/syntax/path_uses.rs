//! Path literals, and what is done with each: a path that is only asked for, or compared, need not be there.

use std::ops::Range;

use rnix::ast::{self, BinOpKind, Expr, InterpolPart};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::file::NixFile;
use super::path::added;
use super::scope;
use crate::source::RelPath;

/// A path literal, `./dist` or `./. + "/dist"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathUse {
    pub path: RelPath,
    /// The bytes of the literal and of what is added to it.
    pub range: Range<usize>,
    /// The function that it is the argument of, by its last name.
    pub function: Option<String>,
    /// The name that it is bound to.
    pub name: Option<String>,
    /// An element of a list: `imports = [ ./module ];`
    pub is_listed: bool,
    /// One side of a comparison.
    pub is_compared: bool,
}

/// The path literals of `file` that are known in full and lead to somewhere in the workspace, in the order of the text.
pub fn path_uses(file: &NixFile) -> Vec<PathUse> {
    let folder = file.path().parent();
    let literals = file.root().syntax().descendants();
    literals
        .filter_map(ast::PathRel::cast)
        .filter_map(|literal| of_literal(&folder, &literal))
        .collect()
}

/// What `file` asks of `builtins.pathExists`: paths, and names.
pub fn paths_asked_for(file: &NixFile) -> (Vec<RelPath>, Vec<String>) {
    let paths = path_uses(file)
        .into_iter()
        .filter(|used| used.function.as_deref() == Some("pathExists"))
        .map(|used| used.path);
    let calls = file.root().syntax().descendants();
    let names = calls.filter_map(ast::Apply::cast).filter_map(|apply| {
        if called(&apply.lambda()?)? != "pathExists" {
            return None;
        }
        match unparenthesised(&apply.argument()?)? {
            Expr::Ident(ident) => Some(ident.to_string()),
            Expr::Select(select) => scope::keys(&select.attrpath()?).pop()?,
            _ => None,
        }
    });
    (paths.collect(), names.collect())
}

fn of_literal(folder: &RelPath, literal: &ast::PathRel) -> Option<PathUse> {
    let mut text = String::new();
    for part in literal.parts() {
        match part {
            InterpolPart::Literal(content) => text.push_str(content.text()),
            InterpolPart::Interpolation(_) => return None,
        }
    }
    let mut node = literal.syntax().clone();
    let mut parent = node.parent()?;
    let is_sum = |node: &SyntaxNode| {
        ast::BinOp::cast(node.clone()).is_some_and(|sum| sum.operator() == Some(BinOpKind::Add))
    };
    if is_sum(&parent) {
        text.push_str(&added(literal)?);
        node = parent;
        parent = node.parent()?;
        if is_sum(&parent) {
            return None;
        }
    }
    let range = node.text_range();
    while parent.kind() == SyntaxKind::NODE_PAREN {
        node = parent;
        parent = node.parent()?;
    }
    let mut used = PathUse {
        path: folder.join(text)?,
        range: range.start().into()..range.end().into(),
        function: None,
        name: None,
        is_listed: parent.kind() == SyntaxKind::NODE_LIST,
        is_compared: false,
    };
    if let Some(apply) = ast::Apply::cast(parent.clone()) {
        used.function = apply.lambda().and_then(|function| called(&function));
    } else if let Some(binding) = ast::AttrpathValue::cast(parent.clone()) {
        let keys = binding.attrpath().map(|path| scope::keys(&path));
        used.name = keys.and_then(|mut keys| keys.pop().flatten());
    } else if let Some(operation) = ast::BinOp::cast(parent) {
        let operator = operation.operator();
        used.is_compared = matches!(operator, Some(BinOpKind::Equal | BinOpKind::NotEqual));
        if operator == Some(BinOpKind::PipeRight) {
            used.function = operation.rhs().and_then(|function| called(&function));
        }
    }
    Some(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn tells_what_is_done_with_each() {
        let text = r#"{ a = ./a; b = import ./b { }; c = [ (./c) ]; d = p: p != ./d; e = ./. + "/e";
            f = if builtins.pathExists ./f && pathExists g then ./f else ./${x}; h = ./h |> toString; i = ../../../i; }"#;
        let path = RelPath::new("x/default.nix").unwrap();
        let source = SourceFile::from_bytes(path, text.into()).unwrap();
        let file = NixFile::parse(source.into()).unwrap();
        let uses = path_uses(&file);
        let shown: Vec<String> = uses
            .iter()
            .map(|used| {
                let function = used.function.as_deref().unwrap_or("-");
                let name = used.name.as_deref().unwrap_or("-");
                let (listed, compared) = (used.is_listed, used.is_compared);
                format!("{} {function} {name} {listed} {compared}", used.path)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "x/a - a false false",
                "x/b import - false false",
                "x/c - - true false",
                "x/d - - false true",
                "x/e - e false false",
                "x/f pathExists - false false",
                "x/f - - false false",
                "x/h toString - false false",
            ]
        );
        assert_eq!(&text[uses[4].range.clone()], r#"./. + "/e""#);
        let (paths, names) = paths_asked_for(&file);
        assert_eq!(paths, [RelPath::new("x/f").unwrap()]);
        assert_eq!(names, ["g"]);
    }
}
