//! Expressions one by one: what stands in a list or a set as it is written, and whether there may be more than that.
//!
//! [`Value`] tells what is known of an expression and takes what a function was given for its result. Here nothing is
//! taken for anything else: what a function makes of its argument is not known.

use std::ops::Range;
use std::rc::Rc;

use rnix::ast::{self, AstToken, BinOpKind, Expr, InterpolPart, LiteralKind};
use rowan::ast::AstNode;

use super::apply::unparenthesised;
use super::attrs::Attrs;
use super::behind::{bound, follow};
use super::call::Call;
use super::file::{Library, NixFile};
use super::origin::{self, Names};
use super::resolve::{Resolver, Value};
use super::string::Quoting;

/// `a = b; b = a;` ends after so many names, and nested operations after so many levels.
const MAX_DEPTH: usize = 32;

/// An expression, and the file it stands in.
#[derive(Clone, Debug)]
pub struct Element {
    file: Rc<NixFile>,
    expr: Expr,
}

/// What kind of value an expression has, where its form alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    List,
    Set,
    Number,
    Bool,
    Null,
    Path,
    Function,
    Unknown,
}

/// A list, as far as it is written.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    pub items: Vec<Element>,
    /// What stands where a list is expected and is none that is written here: it may hold anything.
    pub rest: Vec<Element>,
}

impl Attrs {
    /// The expression that `name` is bound to, names followed; `None` where it is not bound, or bound to what the text
    /// does not tell, or in pieces (`a.b = …`).
    pub fn expression(&self, library: &Library, name: &str) -> Option<Element> {
        let (file, expr) = bound(&Resolver::new(library), self, name, MAX_DEPTH)?;
        Some(Element { file, expr })
    }

    /// The set that `name` is bound to, as it is written. `None` where it is not bound; a set that may hold more,
    /// and of which nothing is known, where it is bound to anything else than a set.
    pub fn set(&self, library: &Library, name: &str) -> Option<Attrs> {
        let resolver = Resolver::new(library);
        for member in &self.members {
            let scope = member.scope();
            let depth = member.prefix.len();
            let mut all: Option<Attrs> = None;
            let mut has_dotted = false;
            for entry in member.entries(&scope, name) {
                let more = if entry.keys.len() > depth + 1 {
                    if std::mem::replace(&mut has_dotted, true) {
                        continue;
                    }
                    let mut prefix = member.prefix.clone();
                    prefix.push(name.to_owned());
                    Attrs::of(member.file.clone(), member.node.clone(), prefix)
                } else {
                    let one = Attrs {
                        members: vec![member.clone()],
                        ..Attrs::default()
                    };
                    match bound(&resolver, &one, name, MAX_DEPTH) {
                        Some((file, expr)) => written_set(&resolver, &file, &expr, MAX_DEPTH),
                        None => unknown(),
                    }
                };
                let all = all.get_or_insert_with(Attrs::default);
                all.members.extend(more.members);
                all.is_open |= more.is_open;
            }
            if all.is_some() {
                return all;
            }
            if member.has_computed_names() {
                return Some(unknown());
            }
        }
        self.is_open.then(unknown)
    }
}

impl Call {
    /// The argument as it is written; one that may hold more, and of which nothing is known, where it is no set.
    pub fn set(&self, library: &Library) -> Attrs {
        let resolver = Resolver::new(library);
        written_set(&resolver, self.file(), self.argument_expr(), MAX_DEPTH)
    }
}

fn unknown() -> Attrs {
    Attrs {
        is_open: true,
        ..Attrs::default()
    }
}

fn written_set(resolver: &Resolver, file: &Rc<NixFile>, expr: &Expr, left: usize) -> Attrs {
    let (Some(left), Some((file, expr))) = (
        left.checked_sub(1),
        follow(resolver, file.clone(), expr, left),
    ) else {
        return unknown();
    };
    let of_body = |body: Option<Expr>| match body {
        Some(body) => written_set(resolver, &file, &body, left),
        None => unknown(),
    };
    match &expr {
        Expr::AttrSet(set) => Attrs::of(file.clone(), set.syntax().clone(), Vec::new()),
        Expr::LetIn(binding) => of_body(binding.body()),
        Expr::With(with) => of_body(with.body()),
        Expr::Assert(assert) => of_body(assert.body()),
        Expr::BinOp(update) if update.operator() == Some(BinOpKind::Update) => {
            let mut all = of_body(update.rhs());
            let defaults = of_body(update.lhs());
            // What is not known of the right side may replace anything on the left.
            if !all.is_open {
                all.members.extend(defaults.members);
            }
            all.is_open |= defaults.is_open;
            all
        }
        _ => unknown(),
    }
}

impl Element {
    pub fn file(&self) -> &Rc<NixFile> {
        &self.file
    }

    /// The bytes of the expression.
    pub fn range(&self) -> Range<usize> {
        let range = self.expr.syntax().text_range();
        range.start().into()..range.end().into()
    }

    pub fn value(&self, library: &Library) -> Value {
        Resolver::new(library).value(&self.file, &self.expr)
    }

    /// The names that lead to it: see [`Call::function_names`].
    pub fn names(&self, library: &Library) -> Vec<Names> {
        origin::names(&Resolver::new(library), &self.file, &self.expr, MAX_DEPTH)
    }

    fn followed(&self, library: &Library) -> Option<Element> {
        let (file, expr) = follow(
            &Resolver::new(library),
            self.file.clone(),
            &self.expr,
            MAX_DEPTH,
        )?;
        Some(Element { file, expr })
    }

    /// The call whose result it is: of `f a b` the one on `b`, by the name of `f`.
    pub fn call(&self, library: &Library) -> Option<Call> {
        let Element { file, expr } = self.followed(library)?;
        Call::of_several(&file, &expr)
    }

    /// The set that it is, as it is written; one that may hold more where it is no set.
    pub fn set(&self, library: &Library) -> Attrs {
        written_set(&Resolver::new(library), &self.file, &self.expr, MAX_DEPTH)
    }

    pub fn shape(&self, library: &Library) -> Shape {
        self.shape_within(library, MAX_DEPTH)
    }

    fn shape_within(&self, library: &Library, left: usize) -> Shape {
        let (Some(left), Some(Element { file, expr })) =
            (left.checked_sub(1), self.followed(library))
        else {
            return Shape::Unknown;
        };
        let of_body = |body: Option<Expr>| match body {
            Some(expr) => {
                let file = file.clone();
                Element { file, expr }.shape_within(library, left)
            }
            None => Shape::Unknown,
        };
        match &expr {
            Expr::Str(_) => Shape::Text,
            Expr::List(_) => Shape::List,
            Expr::AttrSet(_) => Shape::Set,
            Expr::Lambda(_) => Shape::Function,
            Expr::PathRel(_) | Expr::PathAbs(_) | Expr::PathHome(_) | Expr::PathSearch(_) => {
                Shape::Path
            }
            Expr::Literal(literal) => match literal.kind() {
                LiteralKind::Uri(_) => Shape::Text,
                LiteralKind::Integer(_) | LiteralKind::Float(_) => Shape::Number,
            },
            Expr::Ident(ident) => match ident.to_string().as_str() {
                "true" | "false" => Shape::Bool,
                "null" => Shape::Null,
                _ => Shape::Unknown,
            },
            Expr::LetIn(binding) => of_body(binding.body()),
            Expr::With(with) => of_body(with.body()),
            Expr::Assert(assert) => of_body(assert.body()),
            Expr::BinOp(operation) => match operation.operator() {
                Some(BinOpKind::Concat) => Shape::List,
                Some(BinOpKind::Update) => Shape::Set,
                _ => Shape::Unknown,
            },
            _ => Shape::Unknown,
        }
    }

    /// The pieces of the string that it is, `None` for what is interpolated and not known. `None` where it is no string
    /// that is written here.
    pub fn pieces(&self, library: &Library) -> Option<Vec<Option<String>>> {
        if let Value::Text(text) = self.value(library) {
            return Some(vec![Some(text.value())]);
        }
        let Element { file, expr } = self.followed(library)?;
        let Expr::Str(string) = expr else {
            return None;
        };
        let quoting = match file.slice(string.syntax().text_range()).starts_with('"') {
            true => Quoting::Double,
            false => Quoting::Indented,
        };
        let resolver = Resolver::new(library);
        let piece = |part: InterpolPart<ast::StrContent>| match part {
            InterpolPart::Literal(content) => Some(quoting.decode(content.syntax().text())),
            InterpolPart::Interpolation(inner) => {
                let inner = resolver.value(&file, &inner.expr()?).text()?;
                Some(inner.value())
            }
        };
        Some(string.parts().map(piece).collect())
    }

    /// What is interpolated in the string that it is.
    pub fn interpolated(&self, library: &Library) -> Vec<Element> {
        let Some(Element {
            file,
            expr: Expr::Str(string),
        }) = self.followed(library)
        else {
            return Vec::new();
        };
        let inner = string.parts().filter_map(|part| match part {
            InterpolPart::Interpolation(inner) => inner.expr(),
            InterpolPart::Literal(_) => None,
        });
        let of = |expr| Element {
            file: file.clone(),
            expr,
        };
        inner.map(of).collect()
    }

    /// What stands in the list that it is, through `++`, `with` and names.
    pub fn elements(&self, library: &Library) -> Elements {
        let mut found = Elements::default();
        self.collect(library, &mut found, MAX_DEPTH);
        found
    }

    /// Whether it is the name of a function's argument.
    fn is_argument(&self, library: &Library) -> bool {
        let Expr::Ident(ident) = &self.expr else {
            return false;
        };
        let resolver = Resolver::new(library);
        let name = ident.to_string();
        let binder = resolver.binder(&self.file, &name, ident.syntax(), &mut Vec::new());
        binder.is_some_and(|binder| ast::Lambda::can_cast(binder.kind()))
    }

    fn collect(&self, library: &Library, found: &mut Elements, left: usize) {
        let (Some(left), Some(Element { file, expr })) =
            (left.checked_sub(1), self.followed(library))
        else {
            return found.rest.push(self.clone());
        };
        let of = |expr: Expr| Element {
            file: file.clone(),
            expr,
        };
        // Who calls the function may give another list than the one that is its argument's default.
        let has_default = expr.syntax() != self.expr.syntax();
        if has_default && self.is_argument(library) {
            found.rest.push(self.clone());
        }
        let inner = match &expr {
            Expr::List(list) => return found.items.extend(list.items().map(of)),
            Expr::Ident(ident) if ident.to_string() == "null" => return,
            Expr::BinOp(operation) if operation.operator() == Some(BinOpKind::Concat) => {
                vec![operation.lhs(), operation.rhs()]
            }
            Expr::LetIn(binding) => vec![binding.body()],
            Expr::With(with) => vec![with.body()],
            Expr::Assert(assert) => vec![assert.body()],
            _ => return found.rest.push(of(expr)),
        };
        for expr in inner.into_iter().flatten() {
            if let Some(expr) = unparenthesised(&expr) {
                of(expr).collect(library, found, left);
            }
        }
    }
}
