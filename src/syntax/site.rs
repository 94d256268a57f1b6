//! What stands around a value: the names that it is bound to, what it is there for, and for which system it is.
//!
//! Not here: what those names mean (`fod`).

use std::collections::HashMap;
use std::rc::Rc;

use rnix::ast::{self, BinOpKind, Expr};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::attrs::Attrs;
use super::file::{Library, NixFile};
use super::resolve::Resolver;
use super::scope::{self, Bound};

/// What a value is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is what a name is bound to, perhaps one of several that are chosen from.
    Bound,
    /// The default of a function's argument.
    Default,
    /// The argument of a function call.
    Argument,
    /// One side of a comparison.
    Compared,
    /// An element of a list, a piece of a string, the whole of a file.
    Other,
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub struct Site {
    /// The names of the bindings and arguments around, outermost first; list elements count from 0, a computed name
    /// is `*`.
    pub path: Vec<String>,
    /// The names that this very value is bound to, innermost first: `x86_64-linux`, `sha256` for
    /// `sha256 = { x86_64-linux = "…"; }.${system}`. A computed name is left out.
    pub names: Vec<String>,
    pub role: Role,
    /// The called function, of an argument.
    pub function: Option<String>,
    /// The system that it is for: a name around, or an `if system == "…"`.
    pub system: Option<String>,
    file: Rc<NixFile>,
    /// Where the names are bound.
    sets: Vec<SyntaxNode>,
}

/// By name: the names of the bindings that have nothing but it as their value, and the sets that these stand in.
pub(super) type Takers = HashMap<String, Vec<(String, SyntaxNode)>>;

pub(super) fn takers(file: &NixFile) -> Takers {
    let mut takers = Takers::new();
    for binding in file
        .root()
        .syntax()
        .descendants()
        .filter_map(ast::AttrpathValue::cast)
    {
        let taken = match binding.value().and_then(|value| unparenthesised(&value)) {
            Some(Expr::Ident(ident)) => Some(ident.to_string()),
            Some(Expr::Select(select)) => last_known_name(&select),
            _ => None,
        };
        let name = binding
            .attrpath()
            .and_then(|path| scope::keys(&path).pop().flatten());
        if let (Some(taken), Some(name), Some(set)) = (taken, name, binding.syntax().parent()) {
            takers.entry(taken).or_default().push((name, set));
        }
    }
    takers
}

/// `hashes` for `hashes.${system}`, `b` for `a.b`.
fn last_known_name(select: &ast::Select) -> Option<String> {
    let keys = select.attrpath().map(|path| scope::keys(&path))?;
    match keys.into_iter().flatten().next_back() {
        Some(key) => Some(key),
        None => match unparenthesised(&select.expr()?)? {
            Expr::Ident(ident) => Some(ident.to_string()),
            Expr::Select(inner) => last_known_name(&inner),
            _ => None,
        },
    }
}

impl Site {
    /// Where `node`, an expression of `file`, stands.
    pub(super) fn of(library: &Library, file: &Rc<NixFile>, node: &SyntaxNode) -> Site {
        let mut site = Site {
            path: Vec::new(),
            names: Vec::new(),
            role: Role::Other,
            function: None,
            system: None,
            file: file.clone(),
            sets: Vec::new(),
        };
        let mut child = node.clone();
        // Whether all between the value and `child` only passes it on.
        let mut is_direct = true;
        let mut has_role = false;
        while let Some(parent) = child.parent() {
            let step = step(library, file, &parent, &child, is_direct);
            site.path.extend(step.path);
            if let Some(system) = step.system {
                site.system.get_or_insert(system);
            }
            if is_direct {
                site.names.extend(step.names);
                site.sets.extend(step.set);
                if let (Some(role), false) = (step.role, has_role) {
                    site.role = role;
                    site.function = step.function;
                    has_role = true;
                }
                is_direct = step.passes_on;
            }
            child = parent;
        }
        site.path.reverse();
        site
    }

    /// The names that other bindings of the file take it by: `hash` where there is `hash = h;`.
    pub fn taken_as(&self) -> Vec<String> {
        self.takers().map(|(name, _)| name.clone()).collect()
    }

    fn takers(&self) -> impl Iterator<Item = &(String, SyntaxNode)> {
        let takers = self.file.takers(|| takers(&self.file));
        self.names
            .iter()
            .filter_map(|name| takers.get(name))
            .flatten()
    }

    /// The text of the attribute `name` in a set that binds this value: `outputHashAlgo` beside `outputHash`.
    pub fn beside(&self, library: &Library, name: &str) -> Option<String> {
        let taken = self.takers().map(|(_, set)| set);
        self.sets.iter().chain(taken).find_map(|set| {
            let attrs = Attrs::of(self.file.clone(), set.clone(), Vec::new());
            Some(attrs.get(library, name).text()?.value())
        })
    }
}

/// What one expression around a value adds to its site.
#[derive(Default)]
struct Step {
    /// Innermost first.
    path: Vec<String>,
    names: Vec<String>,
    set: Option<SyntaxNode>,
    system: Option<String>,
    role: Option<Role>,
    function: Option<String>,
    passes_on: bool,
}

/// Unless `is_direct`, only what adds to the path and tells the system is asked for.
fn step(
    library: &Library,
    file: &Rc<NixFile>,
    parent: &SyntaxNode,
    child: &SyntaxNode,
    is_direct: bool,
) -> Step {
    let is = |expr: Option<Expr>| expr.is_some_and(|expr| expr.syntax() == child);
    let passed_on = |passes_on| Step {
        passes_on,
        ..Step::default()
    };
    if let Some(binding) = ast::AttrpathValue::cast(parent.clone()) {
        let keys = binding.attrpath().map(|path| scope::keys(&path));
        let keys: Vec<_> = keys.into_iter().flatten().rev().collect();
        let system = keys.iter().flatten().find(|key| is_system(key)).cloned();
        let path = keys
            .iter()
            .map(|key| key.clone().unwrap_or_else(|| "*".into()));
        return Step {
            path: path.collect(),
            names: keys.iter().flatten().cloned().collect(),
            set: parent.parent(),
            system,
            role: Some(Role::Bound),
            passes_on: true,
            ..Step::default()
        };
    }
    if let Some(entry) = ast::PatEntry::cast(parent.clone()) {
        let name: Vec<String> = entry.ident().iter().map(ToString::to_string).collect();
        return Step {
            path: name.clone(),
            names: name,
            role: Some(Role::Default),
            ..Step::default()
        };
    }
    match Expr::cast(parent.clone()) {
        Some(Expr::Paren(_) | Expr::AttrSet(_) | Expr::Lambda(_)) => passed_on(true),
        Some(Expr::LetIn(binding)) => {
            // The bindings' names were taken; nothing of what is around is theirs.
            passed_on(is(binding.body()))
        }
        Some(Expr::With(with)) => passed_on(is(with.body())),
        Some(Expr::Assert(assert)) => passed_on(is(assert.body())),
        Some(Expr::IfElse(choice)) => Step {
            system: match is(choice.body()) {
                true => choice
                    .condition()
                    .and_then(|condition| asked_for(&condition)),
                false => None,
            },
            passes_on: !is(choice.condition()),
            ..Step::default()
        },
        // `{ … }.${system}`, and what stands behind `or`.
        Some(Expr::Select(_)) => passed_on(true),
        Some(Expr::List(list)) => Step {
            path: list
                .items()
                .position(|item| item.syntax() == child)
                .iter()
                .map(ToString::to_string)
                .collect(),
            ..Step::default()
        },
        Some(Expr::BinOp(operation)) => match operation.operator() {
            Some(BinOpKind::Update) => passed_on(true),
            Some(BinOpKind::Equal | BinOpKind::NotEqual) => Step {
                role: Some(Role::Compared),
                ..Step::default()
            },
            _ => Step::default(),
        },
        Some(Expr::Apply(apply)) if is_direct && is(apply.argument()) => Step {
            names: parameter(library, file, &apply).into_iter().collect(),
            role: Some(Role::Argument),
            function: apply
                .lambda()
                .and_then(|function| innermost(function, &mut 0)),
            ..Step::default()
        },
        _ => Step::default(),
    }
}

/// The name of the function behind the arguments that come before, which `count` counts.
fn innermost(mut function: Expr, count: &mut usize) -> Option<String> {
    while let Expr::Apply(apply) = unparenthesised(&function)? {
        *count += 1;
        function = apply.lambda()?;
    }
    called(&function)
}

/// What a function that this file binds calls the argument that it gets here: `hash` for `url: hash: …`.
fn parameter(library: &Library, file: &Rc<NixFile>, apply: &ast::Apply) -> Option<String> {
    let mut before = 0;
    let name = innermost(apply.lambda()?, &mut before)?;
    let binder = Resolver::new(library).binder(file, &name, apply.syntax(), &mut Vec::new())?;
    let scope = file.scope(&binder);
    let mut function = scope
        .starting_with(&name)
        .find_map(|entry| match &entry.bound {
            Bound::Expr(bound) if entry.keys.len() == 1 => unparenthesised(bound),
            _ => None,
        })?;
    loop {
        let Expr::Lambda(lambda) = function else {
            return None;
        };
        if before == 0 {
            return match lambda.param()? {
                ast::Param::IdentParam(param) => Some(param.ident()?.to_string()),
                ast::Param::Pattern(_) => None,
            };
        }
        before -= 1;
        function = unparenthesised(&lambda.body()?)?;
    }
}

/// The system that a condition asks for: `system == "aarch64-linux"`.
fn asked_for(condition: &Expr) -> Option<String> {
    let Expr::BinOp(operation) = unparenthesised(condition)? else {
        return None;
    };
    if operation.operator() != Some(BinOpKind::Equal) {
        return None;
    }
    [operation.lhs()?, operation.rhs()?]
        .iter()
        .find_map(|side| match unparenthesised(side)? {
            Expr::Str(string) => scope::plain_string(&string).filter(|text| is_system(text)),
            _ => None,
        })
}

/// Whether `name` is one of Nix's names of systems: `x86_64-linux`, `aarch64-darwin`.
pub fn is_system(name: &str) -> bool {
    const KERNELS: [&str; 8] = [
        "linux", "darwin", "freebsd", "netbsd", "openbsd", "windows", "cygwin", "solaris",
    ];
    const CPUS: [&str; 13] = [
        "x86_64",
        "i386",
        "i486",
        "i586",
        "i686",
        "aarch64",
        "arm",
        "riscv",
        "powerpc",
        "mips",
        "s390",
        "loongarch",
        "m68k",
    ];
    name.rsplit_once('-').is_some_and(|(cpu, kernel)| {
        KERNELS.contains(&kernel)
            && !cpu.contains('-')
            && CPUS.iter().any(|known| cpu.starts_with(known))
    })
}

/// Whether `node` is an expression whose value is used, not a name of an attribute.
pub(super) fn is_value(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        !matches!(
            parent.kind(),
            SyntaxKind::NODE_ATTRPATH | SyntaxKind::NODE_INHERIT | SyntaxKind::NODE_DYNAMIC
        )
    })
}
