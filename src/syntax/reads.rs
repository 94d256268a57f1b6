//! The files that a Nix file reads as data: `builtins.readFile ./hashes.json`, `lib.importTOML (./. + "/x.toml")`.

use std::rc::Rc;

use rnix::SyntaxNode;
use rnix::ast::{self, AstToken, BinOpKind, Expr, InterpolPart};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::file::{Library, NixFile};
use super::resolve::{Resolver, Value};
use crate::source::RelPath;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadAs {
    Json,
    Toml,
    /// As the text it is, as far as the file tells.
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub path: RelPath,
    pub read_as: ReadAs,
}

/// The files in the workspace that `file` names in a call that reads them, and every path literal that ends in `.json`
/// or `.toml`, which some function may read. In the order of the text; a path that depends on evaluation is left out.
pub fn reads(library: &Library, file: &Rc<NixFile>) -> Vec<Read> {
    file.root()
        .syntax()
        .descendants()
        .filter_map(|node| match Expr::cast(node)? {
            Expr::Apply(apply) => of_call(library, file, &apply),
            Expr::PathRel(literal) => of_literal(file, &literal),
            _ => None,
        })
        .collect()
}

fn of_call(library: &Library, file: &Rc<NixFile>, apply: &ast::Apply) -> Option<Read> {
    let read_as = match called(&apply.lambda()?)?.as_str() {
        "importJSON" => ReadAs::Json,
        "importTOML" => ReadAs::Toml,
        "readFile" | "fileContents" => taken_as(apply.syntax()),
        _ => return None,
    };
    Some(Read {
        path: path(library, file, &apply.argument()?, 0)?,
        read_as,
    })
}

fn of_literal(file: &NixFile, literal: &ast::PathRel) -> Option<Read> {
    let path = file.path().parent().join(literal.to_string())?;
    let read_as = match path.file_name().rsplit_once('.')?.1 {
        "json" => ReadAs::Json,
        "toml" => ReadAs::Toml,
        _ => return None,
    };
    Some(Read { path, read_as })
}

/// What the text that `read` yields is given to.
fn taken_as(read: &SyntaxNode) -> ReadAs {
    let around = read
        .ancestors()
        .skip(1)
        .find(|node| !ast::Paren::can_cast(node.kind()));
    let function = around.and_then(|node| match Expr::cast(node)? {
        Expr::Apply(apply) => called(&apply.lambda()?),
        Expr::BinOp(pipe) if pipe.operator() == Some(BinOpKind::PipeRight) => called(&pipe.rhs()?),
        Expr::BinOp(pipe) if pipe.operator() == Some(BinOpKind::PipeLeft) => called(&pipe.lhs()?),
        _ => None,
    });
    match function.as_deref() {
        Some("fromJSON") => ReadAs::Json,
        Some("fromTOML") => ReadAs::Toml,
        _ => ReadAs::Text,
    }
}

/// How many pieces a path is put together of at most.
const MAX_PIECES: usize = 20;

fn path(library: &Library, file: &Rc<NixFile>, expr: &Expr, depth: usize) -> Option<RelPath> {
    if depth > MAX_PIECES {
        return None;
    }
    let within = |folder: RelPath, rest: &str| folder.join(rest.trim_start_matches('/'));
    match unparenthesised(expr)? {
        Expr::PathRel(literal) => file.path().parent().join(literal.to_string()),
        // `./. + "/hashes.json"`
        Expr::BinOp(sum) if sum.operator() == Some(BinOpKind::Add) => {
            let folder = path(library, file, &sum.lhs()?, depth + 1)?;
            let rest = Resolver::new(library).value(file, &sum.rhs()?).text()?;
            within(folder, &rest.value())
        }
        // `"${./.}/hashes.json"`
        Expr::Str(string) => {
            let parts: Vec<_> = string.parts().collect();
            let [InterpolPart::Interpolation(folder), rest @ ..] = parts.as_slice() else {
                return None;
            };
            let folder = path(library, file, &folder.expr()?, depth + 1)?;
            match rest {
                [] => Some(folder),
                [InterpolPart::Literal(rest)] => within(folder, rest.syntax().text()),
                _ => None,
            }
        }
        // A name for a path literal of this file.
        named => match Resolver::new(library).value(file, &named) {
            Value::Path(literal) => file.path().parent().join(literal),
            _ => None,
        },
    }
}
