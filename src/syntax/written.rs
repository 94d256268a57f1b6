//! The set of attributes that a value stands in, as it is written: which attributes it has, and what those are that
//! stand there in full.
//!
//! Names are not followed: what is reached by one is not told. Not here: what the attributes mean (`fod`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rnix::ast::{self, AstToken, BinOpKind, Expr, InterpolPart, LiteralKind};
use rnix::{SyntaxKind, SyntaxNode, TextSize};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::around::taken_by;
use super::file::{Library, NixFile};
use super::resolve::Resolver;
use super::scope::{self, Bound, Entry};
use super::site::takers;
use super::string::Quoting;

/// A value that stands in the text in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// However it is quoted. Of several lines, each without the white space that it begins with: how a string is
    /// indented does not count.
    Text(String),
    Int(i64),
    Bool(bool),
}

/// The attributes of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// What stands there in full, by attribute path. Sets within are looked into, those within them are not.
    pub values: BTreeMap<Vec<String>, Plain>,
    /// The paths of the attributes that do not. That of a set within is among them where it may hold more.
    pub others: BTreeSet<Vec<String>>,
    /// Whether there are no other attributes: no name is computed, nothing is inherited or added by `//`.
    pub is_whole: bool,
    /// The function that is called on the set, unless it is one of the workspace's own.
    pub function: Option<String>,
}

/// The set in which the value at `offset` is bound to `name`, directly, as one of several that are chosen from, or by
/// a name of its own that nothing else is bound to `name` by.
pub fn written_beside(
    library: &Library,
    file: &Rc<NixFile>,
    offset: usize,
    name: &str,
) -> Option<Written> {
    let set = set_around(file, offset, name)?;
    let mut written = Written {
        is_whole: true,
        ..Written::default()
    };
    for entry in &file.scope(&set).entries {
        written.take(file, entry);
    }
    if let Some((call, _)) = taken_by(&set) {
        written.is_whole &= !is_part(&set);
        let function = innermost(&call);
        written.function = function
            .filter(|function| !Resolver::new(library).is_our_own(file, function))
            .and_then(|function| called(&function));
    }
    Some(written)
}

impl Written {
    fn take(&mut self, file: &Rc<NixFile>, entry: &Entry) {
        let (first, rest) = match entry.keys.split_first() {
            Some((Some(first), rest)) => (first.clone(), rest),
            _ => {
                self.is_whole = false;
                return;
            }
        };
        match &entry.bound {
            Bound::Expr(expr) if rest.is_empty() => match unparenthesised(expr) {
                Some(Expr::AttrSet(set)) => {
                    for entry in &file.scope(set.syntax()).entries {
                        self.take_within(&first, &entry.keys, &entry.bound);
                    }
                }
                expr => self.put(vec![first], expr.as_ref()),
            },
            Bound::Expr(_) => self.take_within(&first, rest, &entry.bound),
            _ => {
                self.is_whole = false;
                self.others.insert(vec![first]);
            }
        }
    }

    /// What stands in the set that is bound to `set`.
    fn take_within(&mut self, set: &str, keys: &[Option<String>], bound: &Bound) {
        match (keys, bound) {
            ([Some(name)], Bound::Expr(expr)) => {
                let expr = unparenthesised(expr);
                self.put(vec![set.to_owned(), name.clone()], expr.as_ref());
            }
            ([Some(name), ..], Bound::Expr(_)) => {
                self.others.insert(vec![set.to_owned(), name.clone()]);
            }
            _ => {
                self.others.insert(vec![set.to_owned()]);
            }
        }
    }

    fn put(&mut self, path: Vec<String>, expr: Option<&Expr>) {
        match expr.and_then(plain) {
            Some(value) => {
                self.values.insert(path, value);
            }
            None => {
                self.others.insert(path);
            }
        }
    }
}

fn set_around(file: &Rc<NixFile>, offset: usize, name: &str) -> Option<SyntaxNode> {
    let root = file.root().syntax();
    let offset = TextSize::try_from(offset).ok()?;
    if !root.text_range().contains_inclusive(offset) {
        return None;
    }
    let mut child = root.token_at_offset(offset).right_biased()?.parent()?;
    loop {
        let parent = child.parent()?;
        let is = |expr: Option<Expr>| expr.is_some_and(|expr| *expr.syntax() == child);
        if let Some(binding) = ast::AttrpathValue::cast(parent.clone()) {
            let keys = scope::keys(&binding.attrpath()?);
            let set = parent.parent()?;
            let is_set = set.kind() == SyntaxKind::NODE_ATTR_SET;
            match keys.as_slice() {
                [Some(key)] if key == name => return is_set.then_some(set),
                [Some(key)] if !is_set => return taker(file, key, name),
                _ if is_set => child = set,
                _ => return None,
            }
            continue;
        }
        let passes_on = match Expr::cast(parent.clone())? {
            Expr::Paren(_) | Expr::Select(_) => true,
            Expr::IfElse(choice) => !is(choice.condition()),
            Expr::BinOp(operation) => operation.operator() == Some(BinOpKind::Update),
            _ => false,
        };
        if !passes_on {
            return None;
        }
        child = parent;
    }
}

/// The one set that binds `name` to what the file calls `own`.
fn taker(file: &Rc<NixFile>, own: &str, name: &str) -> Option<SyntaxNode> {
    let takers = file.takers(|| takers(file)).get(own)?;
    let mut sets = takers.iter().filter(|(taken_as, _)| taken_as == name);
    match (sets.next(), sets.next()) {
        (Some((_, set)), None) if set.kind() == SyntaxKind::NODE_ATTR_SET => Some(set.clone()),
        _ => None,
    }
}

/// Whether `set` is put together with others to the argument of a call.
fn is_part(set: &SyntaxNode) -> bool {
    set.ancestors()
        .skip(1)
        .take_while(|node| node.kind() != SyntaxKind::NODE_APPLY)
        .any(|node| node.kind() == SyntaxKind::NODE_BIN_OP)
}

/// The function behind all arguments of `call`.
fn innermost(call: &SyntaxNode) -> Option<Expr> {
    let mut function = Expr::cast(call.clone())?;
    while let Expr::Apply(apply) = unparenthesised(&function)? {
        function = apply.lambda()?;
    }
    Some(function)
}

fn plain(expr: &Expr) -> Option<Plain> {
    match expr {
        Expr::Str(string) => text(string).map(Plain::Text),
        Expr::Literal(literal) => match literal.kind() {
            LiteralKind::Uri(uri) => Some(Plain::Text(uri.syntax().text().to_owned())),
            LiteralKind::Integer(number) => number.value().ok().map(Plain::Int),
            LiteralKind::Float(_) => None,
        },
        Expr::Ident(ident) => match ident.to_string().as_str() {
            "true" => Some(Plain::Bool(true)),
            "false" => Some(Plain::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn text(string: &ast::Str) -> Option<String> {
    let mut source = String::new();
    for part in string.parts() {
        match part {
            InterpolPart::Literal(content) => source.push_str(content.syntax().text()),
            InterpolPart::Interpolation(_) => return None,
        }
    }
    let is_indented = string.syntax().first_token()?.text() == "''";
    let value = match is_indented {
        false => Quoting::Double.decode(&source),
        true => {
            // What stands behind the opening quotes is no line of its own when it is only spaces.
            let lines = match source.split_once('\n') {
                Some((first, rest)) if first.trim_matches([' ', '\r']).is_empty() => rest,
                _ => &source,
            };
            Quoting::Indented.decode(lines.trim_start_matches(' '))
        }
    };
    if !value.contains('\n') {
        return Some(value);
    }
    let lines = value
        .split('\n')
        .map(|line| line.trim_start_matches([' ', '\t']));
    Some(lines.collect::<Vec<_>>().join("\n"))
}
