//! Strings as they are written, interpolations and all, and what they are given to.
//!
//! Not here: what a string's value is (`resolve`).

use std::ops::Range;

use rnix::SyntaxNode;
use rnix::ast::{self, Expr, InterpolPart};
use rowan::ast::AstNode;

use super::apply::called;
use super::file::NixFile;
use super::scope;
use super::site::is_value;

/// A string, and what it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenString {
    pub pieces: Vec<WrittenPiece>,
    /// From the nearest outwards. A string in an interpolation is part of what the outer string is part of.
    pub around: Vec<Around>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenPiece {
    /// Decoded characters, and the bytes in the file that spell them.
    Text { value: String, range: Range<usize> },
    /// `${…}`
    Interpolation { range: Range<usize> },
}

/// What an expression is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Around {
    /// An argument of a function, by its last name: `writeShellScript`.
    Call(String),
    /// The value of an attribute or of a name of a `let`, by its last name; none where that is computed.
    Attr(Option<String>),
}

/// The strings of `file`, in the order of the text. Names of attributes are none.
pub fn written_strings(file: &NixFile) -> Vec<WrittenString> {
    let nodes = file.root().syntax().descendants();
    nodes
        .filter(is_value)
        .filter_map(ast::Str::cast)
        .map(|string| WrittenString {
            pieces: pieces(&string),
            around: around(string.syntax()),
        })
        .collect()
}

/// The names that `file` uses as values, and what each is part of.
pub fn used_names(file: &NixFile) -> Vec<(String, Vec<Around>)> {
    let nodes = file.root().syntax().descendants();
    nodes
        .filter(is_value)
        .filter_map(ast::Ident::cast)
        .map(|ident| (ident.to_string(), around(ident.syntax())))
        .collect()
}

fn range(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

fn pieces(string: &ast::Str) -> Vec<WrittenPiece> {
    let whole = range(string.syntax());
    let mut interpolations = string.parts().filter_map(|part| match part {
        InterpolPart::Interpolation(interpolation) => Some(range(interpolation.syntax())),
        InterpolPart::Literal(_) => None,
    });
    let mut next = interpolations.next();
    let mut at = whole.start + 1;
    let mut pieces = Vec::new();
    for part in string.normalized_parts() {
        match part {
            InterpolPart::Literal(value) => {
                let end = next.as_ref().map_or(whole.end - 1, |next| next.start);
                let range = at..end;
                pieces.push(WrittenPiece::Text { value, range });
            }
            InterpolPart::Interpolation(interpolation) => {
                let range = range(interpolation.syntax());
                at = range.end;
                next = interpolations.find(|later| later.start > range.start);
                pieces.push(WrittenPiece::Interpolation { range });
            }
        }
    }
    pieces
}

fn around(node: &SyntaxNode) -> Vec<Around> {
    let mut found = Vec::new();
    let mut child = node.clone();
    while let Some(parent) = child.parent() {
        if let Some(apply) = ast::Apply::cast(parent.clone()) {
            let is_argument = apply
                .argument()
                .is_some_and(|argument| *argument.syntax() == child);
            if is_argument && let Some(name) = apply.lambda().and_then(function) {
                found.push(Around::Call(name));
            }
        } else if let Some(binding) = ast::AttrpathValue::cast(parent.clone()) {
            let keys = binding.attrpath().map(|path| scope::keys(&path));
            found.push(Around::Attr(keys.and_then(|mut keys| keys.pop()?)));
        }
        child = parent;
    }
    found
}

/// The last name of the function, whatever it was given already.
fn function(mut expr: Expr) -> Option<String> {
    while let Expr::Apply(apply) = &expr {
        expr = apply.lambda()?;
    }
    called(&expr)
}
