//! What an expression is, as far as the text alone tells: names are followed to their bindings, strings are put
//! together, imports are opened. Whatever depends on evaluation is [`Value::Unknown`].

use std::cell::Cell;
use std::rc::Rc;

use rnix::ast::{self, AstToken, BinOpKind, Expr, InterpolPart, LiteralKind};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::attrs::Attrs;
use super::file::{Library, NixFile};
use super::scope::{self, Bound};
use super::string::Quoting;
use super::text::{Part, Text};

/// How many expressions one question may look at: `a = b + b; b = c + c; …` grows without end otherwise.
const MAX_STEPS: usize = 4_000;
const MAX_DEPTH: usize = 100;

/// What an expression is known to be.
#[derive(Clone, Debug)]
pub enum Value {
    Text(Text),
    Attrs(Attrs),
    List(List),
    Bool(bool),
    Null,
    /// A path literal, as it is written.
    Path(String),
    Unknown,
}

impl Value {
    pub fn text(self) -> Option<Text> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn attrs(self) -> Option<Attrs> {
        match self {
            Value::Attrs(attrs) => Some(attrs),
            _ => None,
        }
    }

    /// The value as it is bound by what ends at `end` of `file`.
    pub(super) fn bound_at(mut self, file: &crate::source::RelPath, end: usize) -> Value {
        if let Value::Text(text) = &mut self {
            for part in &mut text.parts {
                part.bindings.push((file.clone(), end));
            }
        }
        self
    }

    pub fn list(self) -> Option<List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

/// A list, or several one behind the other; the elements are looked at when they are asked for.
#[derive(Clone, Debug)]
pub struct List {
    lists: Vec<(Rc<NixFile>, ast::List)>,
}

impl List {
    pub fn items(&self, library: &Library) -> Vec<Value> {
        self.lists
            .iter()
            .flat_map(|(file, list)| list.items().map(move |item| (file, item)))
            .map(|(file, item)| Resolver::new(library).value(file, &item))
            .collect()
    }
}

/// One question about the text; it gives up after [`MAX_STEPS`].
pub(super) struct Resolver<'l, 'w> {
    pub(super) library: &'l Library<'w>,
    steps: Cell<usize>,
    depth: Cell<usize>,
}

impl<'l, 'w> Resolver<'l, 'w> {
    pub fn new(library: &'l Library<'w>) -> Self {
        Resolver {
            library,
            steps: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    pub fn value(&self, file: &Rc<NixFile>, expr: &Expr) -> Value {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS || self.depth.get() >= MAX_DEPTH {
            return Value::Unknown;
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.look(file, expr).unwrap_or(Value::Unknown);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn look(&self, file: &Rc<NixFile>, expr: &Expr) -> Option<Value> {
        Some(match expr {
            Expr::Str(string) => Value::Text(self.string(file, string)?),
            Expr::Literal(literal) => match literal.kind() {
                LiteralKind::Uri(_) => Value::Text(Text {
                    parts: vec![uri(file, literal)],
                }),
                _ => Value::Unknown,
            },
            Expr::Ident(ident) => match ident.to_string().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                name => self.name(file, name, ident.syntax()),
            },
            Expr::Paren(paren) => self.value(file, &paren.expr()?),
            Expr::AttrSet(set) => {
                Value::Attrs(Attrs::of(file.clone(), set.syntax().clone(), Vec::new()))
            }
            Expr::LegacyLet(set) => {
                Attrs::of(file.clone(), set.syntax().clone(), Vec::new()).get_in(self, "body")?
            }
            Expr::LetIn(binding) => self.value(file, &binding.body()?),
            Expr::With(with) => self.value(file, &with.body()?),
            Expr::Assert(assert) => self.value(file, &assert.body()?),
            Expr::List(list) => Value::List(List {
                lists: vec![(file.clone(), list.clone())],
            }),
            Expr::PathRel(path) => Value::Path(path.to_string()),
            Expr::PathAbs(path) => Value::Path(path.to_string()),
            Expr::Select(select) => self.select(file, select)?,
            Expr::BinOp(operation) => self.operation(file, operation)?,
            Expr::Apply(apply) => self.apply(file, apply)?,
            _ => Value::Unknown,
        })
    }

    fn string(&self, file: &Rc<NixFile>, string: &ast::Str) -> Option<Text> {
        let quoting = if file.slice(string.syntax().text_range()).starts_with('"') {
            Quoting::Double
        } else {
            Quoting::Indented
        };
        let pieces: Vec<_> = string.parts().collect();
        let whole =
            pieces.len() <= 1 && !matches!(pieces.first(), Some(InterpolPart::Interpolation(_)));
        let mut parts = Vec::new();
        let mut indentation = 0;
        for piece in &pieces {
            match piece {
                InterpolPart::Literal(content) => {
                    let range = content.syntax().text_range();
                    let source = content.syntax().text();
                    // The indentation of a string of several lines is not ours to work out.
                    if quoting == Quoting::Indented && source.contains('\n') {
                        return None;
                    }
                    let mut range = usize::from(range.start())..range.end().into();
                    let mut source = source;
                    if quoting == Quoting::Indented && parts.is_empty() {
                        let written = source.trim_start_matches(' ');
                        indentation = source.len() - written.len();
                        range.start += indentation;
                        source = written;
                    }
                    let value = quoting.decode(source);
                    // Nix takes indentation away behind an escaped line break too.
                    if indentation > 0 && value.contains('\n') {
                        return None;
                    }
                    parts.push(Part::new(
                        file.path().clone(),
                        range,
                        source,
                        quoting,
                        value,
                        whole,
                    ));
                }
                InterpolPart::Interpolation(inner) => {
                    let text = self.value(file, &inner.expr()?).text()?;
                    parts.extend(text.parts);
                }
            }
        }
        if parts.is_empty() {
            // An empty literal has no content token; its place is between the quotes.
            let start = usize::from(string.syntax().text_range().start());
            let at = start + if quoting == Quoting::Double { 1 } else { 2 };
            parts.push(Part::new(
                file.path().clone(),
                at..at,
                "",
                quoting,
                String::new(),
                true,
            ));
        }
        Some(Text { parts })
    }

    /// What `name` means at `from`: the innermost `let`, `rec` set or argument that binds it, else a `with`.
    pub fn name(&self, file: &Rc<NixFile>, name: &str, from: &SyntaxNode) -> Value {
        let mut withs = Vec::new();
        if let Some(binder) = self.binder(file, name, from, &mut withs) {
            return Attrs::of(file.clone(), binder, Vec::new())
                .get_in(self, name)
                .map_or(Value::Unknown, |value| named(value, name));
        }
        for namespace in withs {
            match self.value(file, &namespace) {
                Value::Attrs(attrs) => match attrs.get_in(self, name) {
                    Some(value) => return named(value, name),
                    None if attrs.may_hold_more() => return Value::Unknown,
                    None => {}
                },
                // It may hold the name, and hides what is around it.
                _ => return Value::Unknown,
            }
        }
        Value::Unknown
    }

    /// The innermost `let`, `rec` set or function around `from` that binds `name`, and the namespaces of the `with`s
    /// on the way, innermost first.
    pub(super) fn binder(
        &self,
        file: &Rc<NixFile>,
        name: &str,
        from: &SyntaxNode,
        withs: &mut Vec<Expr>,
    ) -> Option<SyntaxNode> {
        let mut child = from.clone();
        while let Some(node) = child.parent() {
            let binds = match node.kind() {
                SyntaxKind::NODE_LET_IN | SyntaxKind::NODE_LEGACY_LET | SyntaxKind::NODE_LAMBDA => {
                    true
                }
                SyntaxKind::NODE_ATTR_SET => {
                    ast::AttrSet::cast(node.clone()).is_some_and(|set| set.rec_token().is_some())
                }
                SyntaxKind::NODE_WITH => {
                    if let Some(with) = ast::With::cast(node.clone())
                        && with.body().is_some_and(|body| *body.syntax() == child)
                    {
                        withs.extend(with.namespace());
                    }
                    false
                }
                _ => false,
            };
            if binds && file.scope(&node).starting_with(name).next().is_some() {
                return Some(node);
            }
            child = node;
        }
        None
    }

    /// What an entry of `node` binds `name` to.
    pub fn bound(&self, file: &Rc<NixFile>, node: &SyntaxNode, bound: &Bound, name: &str) -> Value {
        match bound {
            Bound::Expr(expr) => self.value(file, expr),
            Bound::Outer => self.name(file, name, node),
            Bound::From(expr) => match self.value(file, expr) {
                Value::Attrs(attrs) => attrs
                    .get_in(self, name)
                    .map_or(Value::Unknown, |value| named(value, name)),
                _ => Value::Unknown,
            },
            Bound::Argument => Value::Unknown,
            Bound::Whole(lambda) => self.fixed_point(file, lambda, name),
        }
    }

    /// `finalAttrs` in `mkDerivation (finalAttrs: { … })` is the set that the function returns.
    fn fixed_point(&self, file: &Rc<NixFile>, lambda: &ast::Lambda, name: &str) -> Value {
        let by_convention = name.starts_with("final") || matches!(name, "self" | "this");
        if !by_convention || !matches!(lambda.param(), Some(ast::Param::IdentParam(_))) {
            return Value::Unknown;
        }
        match lambda.body() {
            // `finalAttrs: previousAttrs: { … }`
            Some(Expr::Lambda(inner)) => inner
                .body()
                .map_or(Value::Unknown, |body| self.value(file, &body)),
            Some(body) => self.value(file, &body),
            None => Value::Unknown,
        }
    }

    fn select(&self, file: &Rc<NixFile>, select: &ast::Select) -> Option<Value> {
        let mut value = self.value(file, &select.expr()?);
        for key in scope::keys(&select.attrpath()?) {
            let key = key?;
            let found = match value {
                Value::Attrs(attrs) => attrs.get_in(self, &key),
                _ => None,
            };
            value = named(found?, &key);
        }
        Some(value)
    }

    fn operation(&self, file: &Rc<NixFile>, operation: &ast::BinOp) -> Option<Value> {
        let (left, right) = (
            self.value(file, &operation.lhs()?),
            self.value(file, &operation.rhs()?),
        );
        match (operation.operator()?, left, right) {
            (BinOpKind::Add, Value::Text(mut left), Value::Text(right)) => {
                left.parts.extend(right.parts);
                Some(Value::Text(left))
            }
            (BinOpKind::Update, left, Value::Attrs(mut right)) if !right.is_open => {
                match left {
                    Value::Attrs(left) => {
                        right.members.extend(left.members);
                        right.is_open = left.is_open;
                    }
                    _ => right.is_open = true,
                }
                Some(Value::Attrs(right))
            }
            (BinOpKind::Concat, Value::List(mut left), Value::List(right)) => {
                left.lists.extend(right.lists);
                Some(Value::List(left))
            }
            // What is known of it: none of the elements that are written here is left out.
            (BinOpKind::Concat, Value::List(known), _)
            | (BinOpKind::Concat, _, Value::List(known)) => Some(Value::List(known)),
            _ => None,
        }
    }
}

/// Marks what was reached by `name`. Of a string that is put together only the pieces have names of their own.
fn named(mut value: Value, name: &str) -> Value {
    if let Value::Text(text) = &mut value
        && let [part] = text.parts.as_mut_slice()
    {
        part.via.get_or_insert_with(|| name.to_owned());
    }
    value
}

fn uri(file: &Rc<NixFile>, literal: &ast::Literal) -> Part {
    let range = literal.syntax().text_range();
    let source = file.slice(range);
    let range = range.start().into()..range.end().into();
    Part::new(
        file.path().clone(),
        range,
        source,
        Quoting::Uri,
        source.to_owned(),
        true,
    )
}
