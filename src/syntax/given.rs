//! A call at first look: where its function stands, and how the string that it is given begins.
//!
//! Not here: what a string is as a whole (`resolve`).

use std::rc::Rc;

use rnix::ast::{self, AstToken, BinOpKind, Expr, InterpolPart, LiteralKind};
use rowan::ast::AstNode;

use super::attrs::Attrs;
use super::behind::{MAX_NAMES, bound, follow};
use super::call::Call;
use super::file::{Library, NixFile};
use super::resolve::Resolver;

impl Call {
    /// How the argument begins, where it is a string, of which the rest may depend on evaluation: `https://h/` for
    /// `"https://h/${name}.tar.gz"`. `None` where it is something else, or may be.
    pub fn text_start(&self, library: &Library) -> Option<String> {
        let argument = ast::Apply::cast(self.node().clone())?.argument()?;
        let (file, expr) = follow(
            &Resolver::new(library),
            self.file().clone(),
            &argument,
            MAX_NAMES,
        )?;
        start_of(library, &file, &expr, MAX_NAMES)
    }
}

impl Attrs {
    /// How the string that `name` is begins, as [`Call::text_start`] has it.
    pub fn text_start(&self, library: &Library, name: &str) -> Option<String> {
        let (file, expr) = bound(&Resolver::new(library), self, name, MAX_NAMES)?;
        start_of(library, &file, &expr, MAX_NAMES)
    }
}

fn start_of(library: &Library, file: &Rc<NixFile>, expr: &Expr, left: usize) -> Option<String> {
    let left = left.checked_sub(1)?;
    match expr {
        Expr::Str(string) => match string.parts().next() {
            None => Some(String::new()),
            Some(InterpolPart::Literal(content)) => Some(content.syntax().text().to_owned()),
            Some(InterpolPart::Interpolation(inner)) => {
                let inner = inner.expr()?;
                let (file, inner) = follow(&Resolver::new(library), file.clone(), &inner, left)?;
                start_of(library, &file, &inner, left)
            }
        },
        Expr::Literal(literal) => match literal.kind() {
            LiteralKind::Uri(uri) => Some(uri.syntax().text().to_owned()),
            _ => None,
        },
        Expr::BinOp(sum) if sum.operator() == Some(BinOpKind::Add) => {
            let (file, first) = follow(&Resolver::new(library), file.clone(), &sum.lhs()?, left)?;
            start_of(library, &file, &first, left)
        }
        _ => None,
    }
}
