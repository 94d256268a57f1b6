//! The paths that a file names: what it may import, read or take as a source.

use std::ops::Range;

use rnix::ast::{self, BinOpKind, Expr, InterpolPart};
use rowan::ast::AstNode;

use super::file::NixFile;
use super::scope;
use crate::source::RelPath;

/// The files and folders of the workspace that the path literals of `file` name, sorted: `./x.nix`, `../lib`,
/// `./. + "/hashes.json"`. Of one that is put together, the folder that the literal beginning names: `./pkgs` for
/// `./pkgs/${name}.nix`. Paths from the root of the machine, `~/x` and `<x>` are not the workspace's.
pub fn paths(file: &NixFile) -> Vec<RelPath> {
    let folder = file.path().parent();
    let mut found: Vec<RelPath> = file
        .root()
        .syntax()
        .descendants()
        .filter_map(ast::PathRel::cast)
        .filter_map(|path| folder.join(written(&path)? + &added(&path).unwrap_or_default()))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The path literals of `file` that are whole, `./dist` and `../lib/x.nix`, with their bytes; what is put together is
/// left out, and so are those that lead out of the workspace.
pub fn path_literals(file: &NixFile) -> Vec<(Range<usize>, RelPath)> {
    let folder = file.path().parent();
    let literals = file.root().syntax().descendants();
    literals
        .filter_map(ast::PathRel::cast)
        .filter(|path| {
            let whole = path
                .parts()
                .iter()
                .all(|part| matches!(part, InterpolPart::Literal(_)));
            let is_added_to = path.syntax().parent().and_then(ast::BinOp::cast);
            whole && is_added_to.is_none_or(|sum| sum.operator() != Some(BinOpKind::Add))
        })
        .filter_map(|path| {
            let range = path.syntax().text_range();
            let range = range.start().into()..range.end().into();
            Some((range, folder.join(path.to_string())?))
        })
        .collect()
}

pub(super) fn written(path: &ast::PathRel) -> Option<String> {
    let mut text = String::new();
    for part in path.parts() {
        match part {
            InterpolPart::Literal(content) => text.push_str(content.text()),
            InterpolPart::Interpolation(_) => {
                text.truncate(text.rfind('/')?);
                break;
            }
        }
    }
    Some(text)
}

/// The string that is added to a path: the file's name, or the folders on the way to it.
pub(super) fn added(path: &ast::PathRel) -> Option<String> {
    let operation = ast::BinOp::cast(path.syntax().parent()?)?;
    if operation.operator()? != BinOpKind::Add || operation.lhs()?.syntax() != path.syntax() {
        return None;
    }
    match operation.rhs()? {
        Expr::Str(string) => scope::plain_string(&string),
        _ => None,
    }
}
