//! The arguments that a function asks for by name: those of a flake's `outputs` are its inputs.

use std::ops::Range;

use rnix::ast::{Expr, Param};
use rowan::ast::AstNode;

use super::attrs::Attrs;
use super::behind::{MAX_NAMES, bound};
use super::file::Library;
use super::resolve::Resolver;

impl Attrs {
    /// The names that the function which `name` is bound to takes from its argument, and where they stand; none for
    /// `arg: …`. `None` where the text does not show a function.
    pub fn formals(&self, library: &Library, name: &str) -> Option<Vec<(String, Range<usize>)>> {
        let (_, expr) = bound(&Resolver::new(library), self, name, MAX_NAMES)?;
        let Expr::Lambda(lambda) = expr else {
            return None;
        };
        match lambda.param()? {
            Param::IdentParam(_) => Some(Vec::new()),
            Param::Pattern(pattern) => Some(
                pattern
                    .pat_entries()
                    .filter_map(|entry| entry.ident())
                    .map(|ident| {
                        let range = ident.syntax().text_range();
                        (ident.to_string(), range.start().into()..range.end().into())
                    })
                    .collect(),
            ),
        }
    }
}
