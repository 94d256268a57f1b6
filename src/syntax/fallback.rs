//! Values that hold only where nothing else is given: the default of an argument, what stands behind `or`, the branch
//! of an `if` that asks whether there is one. And `<nixpkgs>`, which is fine as one.

use std::ops::Range;

use rnix::ast::{self, BinOpKind, Expr};
use rnix::{SyntaxKind, SyntaxNode};
use rowan::TextSize;
use rowan::ast::AstNode;

use super::apply::{called, unparenthesised};
use super::file::NixFile;
use super::scope;

/// `<nixpkgs>`: what Nix looks up on the machine that it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath {
    /// Without the brackets.
    pub name: String,
    pub range: Range<usize>,
    /// Whether it stands anywhere within a value that holds only where nothing else is given; or is only compared.
    pub is_fallback: bool,
}

/// Every lookup in `file`, in the order of the text.
pub fn search_paths(file: &NixFile) -> Vec<SearchPath> {
    let nodes = file.root().syntax().descendants();
    nodes
        .filter(|node| node.kind() == SyntaxKind::NODE_PATH_SEARCH)
        .map(|node| {
            let range = node.text_range();
            let text = node.text().to_string();
            let is_fallback = steps(&node).any(|(child, parent)| holds_if_absent(&child, &parent))
                || node.parent().is_some_and(|parent| is_comparison(&parent));
            SearchPath {
                name: text.trim_matches(['<', '>']).to_owned(),
                range: range.start().into()..range.end().into(),
                is_fallback,
            }
        })
        .collect()
}

/// Whether the string or name that begins at byte `at` of `file` is itself such a value, or stands in the branch of an
/// `if` that asks for something with one of `words` in its name.
pub fn is_fallback(file: &NixFile, at: usize, words: &[&str]) -> bool {
    let Ok(at) = TextSize::try_from(at) else {
        return false;
    };
    let root = file.root().syntax();
    if at >= root.text_range().end() {
        return false;
    }
    let node = root.token_at_offset(at).right_biased();
    let Some(node) = node.and_then(|token| token.parent()) else {
        return false;
    };
    let mut is_direct = true;
    for (child, parent) in steps(&node) {
        let holds = holds_if_absent(&child, &parent);
        if holds && (is_direct || asks_for(&parent, words)) {
            return true;
        }
        is_direct &= passes_on(&child, &parent);
    }
    false
}

/// Whether the value of `parent` is that of `child`, where it is not another branch's.
fn passes_on(child: &SyntaxNode, parent: &SyntaxNode) -> bool {
    match Expr::cast(parent.clone()) {
        Some(
            Expr::Paren(_)
            | Expr::Select(_)
            | Expr::IfElse(_)
            | Expr::LetIn(_)
            | Expr::With(_)
            | Expr::Assert(_),
        ) => true,
        // `lib.warn "…" value`
        Some(Expr::Apply(apply)) => {
            let says = match apply.lambda() {
                Some(Expr::Apply(warning)) => warning.lambda().and_then(|name| called(&name)),
                _ => None,
            };
            says.is_some_and(|name| name.starts_with("warn") || name.starts_with("trace"))
                && apply
                    .argument()
                    .is_some_and(|value| value.syntax() == child)
        }
        _ => false,
    }
}

/// Whether `node` is an `if` whose condition names something with one of `words` in its name.
fn asks_for(node: &SyntaxNode, words: &[&str]) -> bool {
    let condition = ast::IfElse::cast(node.clone()).and_then(|choice| choice.condition());
    condition.is_some_and(|condition| {
        let text = condition.syntax().text().to_string().to_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

/// What is around `node`, each with what it holds of the way to it.
fn steps(node: &SyntaxNode) -> impl Iterator<Item = (SyntaxNode, SyntaxNode)> {
    let parents = node.ancestors().skip(1);
    node.ancestors().zip(parents)
}

fn holds_if_absent(child: &SyntaxNode, parent: &SyntaxNode) -> bool {
    let is = |expr: Option<Expr>| expr.is_some_and(|expr| expr.syntax() == child);
    if let Some(entry) = ast::PatEntry::cast(parent.clone()) {
        return entry.ident().is_none_or(|name| name.syntax() != child);
    }
    match Expr::cast(parent.clone()) {
        Some(Expr::Select(select)) => is(select.default_expr()),
        Some(Expr::IfElse(choice)) => {
            !is(choice.condition())
                && choice
                    .condition()
                    .is_some_and(|condition| asks_for_absence(&condition))
        }
        // Of a module's option.
        Some(Expr::Apply(apply)) => apply
            .lambda()
            .and_then(|function| called(&function))
            .is_some_and(|name| ["mkDefault", "mkOptionDefault"].contains(&name.as_str())),
        _ => false,
    }
}

/// Whether a condition asks if something is given: `x == null`, `x != ""`, `args ? x`, `isNull x`.
fn asks_for_absence(condition: &Expr) -> bool {
    let nodes = condition.syntax().descendants();
    nodes.filter_map(Expr::cast).any(|expr| match &expr {
        Expr::BinOp(compared) => {
            let is_nothing = |side: Option<Expr>| match side.and_then(|side| unparenthesised(&side))
            {
                Some(Expr::Ident(name)) => name.to_string() == "null",
                Some(Expr::Str(text)) => {
                    scope::plain_string(&text).is_some_and(|text| text.is_empty())
                }
                _ => false,
            };
            is_comparison(compared.syntax())
                && (is_nothing(compared.lhs()) || is_nothing(compared.rhs()))
        }
        Expr::HasAttr(_) => true,
        Expr::Apply(apply) => apply
            .lambda()
            .and_then(|function| called(&function))
            .is_some_and(|name| ["isNull", "hasAttr"].contains(&name.as_str())),
        _ => false,
    })
}

fn is_comparison(node: &SyntaxNode) -> bool {
    ast::BinOp::cast(node.clone()).is_some_and(|operation| {
        matches!(
            operation.operator(),
            Some(BinOpKind::Equal | BinOpKind::NotEqual)
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{RelPath, SourceFile};

    fn parsed(text: &str) -> NixFile {
        let path = RelPath::new("x.nix").unwrap();
        NixFile::parse(Arc::new(SourceFile::from_text(path, text.to_owned()))).unwrap()
    }

    #[test]
    fn a_lookup_that_something_else_can_replace_is_a_fallback() {
        for (text, expected) in [
            ("import <nixpkgs> { }", false),
            ("{ pkgs ? import <nixpkgs> { } }: pkgs", true),
            ("{ lib ? (import (<nixpkgs> + \"/lib\")) }: lib", true),
            ("{ x ? 1 }: import <nixpkgs> { }", false),
            ("args: args.pkgs or (import <nixpkgs> { })", true),
            ("p: if p == null then import <nixpkgs> { } else p", true),
            ("p: if p then import <nixpkgs> { } else p", false),
            ("a: if a ? p then a.p else import <nixpkgs> { }", true),
            (
                "if builtins.hasAttr \"p\" s then s.p else if x then import <nixpkgs> { } else y",
                true,
            ),
            (
                "{ path = lib.mkDefault (if x then pkgs.path else <nixpkgs>); }",
                true,
            ),
            ("{ path = lib.mkForce <nixpkgs>; }", false),
            ("<nixpkgs> == ./.", true),
        ] {
            let found = search_paths(&parsed(text));
            let [path] = found.as_slice() else {
                panic!("{text}: {found:?}");
            };
            assert_eq!(
                (path.name.as_str(), path.is_fallback),
                ("nixpkgs", expected),
                "{text}"
            );
            assert_eq!(&text[path.range.clone()], "<nixpkgs>");
        }
    }

    #[test]
    fn only_the_value_itself_is_a_fallback() {
        for (text, expected) in [
            ("{ hash ? \"@\" }: hash", true),
            ("{ src ? f { hash = \"@\"; } }: src", false),
            ("{ hash = args.hash or (\"@\"); }", true),
            ("{ hash = if hash != null then hash else \"@\"; }", true),
            ("{ hash = if isLinux then \"@\" else x; }", false),
            ("{ hash = \"@\"; }", false),
            (
                "{ hash = { a = b; }.${x} or (lib.warn \"no hash\" \"@\"); }",
                true,
            ),
            ("{ hash = f \"no\" \"@\"; }", false),
            (
                "{ x, hash }: x // (if hash != null then { inherit hash; } else { outputHash = \"@\"; })",
                true,
            ),
            (
                "{ x, y }: x // (if y != null then y else { outputHash = \"@\"; })",
                false,
            ),
        ] {
            let at = text.find('@').unwrap();
            assert_eq!(
                is_fallback(&parsed(text), at, &["hash"]),
                expected,
                "{text}"
            );
            let name = text.replace("\"@\"", "lib.fakeHash");
            let at = name.find("lib.fakeHash").unwrap();
            assert_eq!(
                is_fallback(&parsed(&name), at, &["hash"]),
                expected,
                "{name}"
            );
            let empty = text.replace('@', "");
            let at = empty.rfind("\"\"").unwrap() + 1;
            assert_eq!(
                is_fallback(&parsed(&empty), at, &["hash"]),
                expected,
                "{empty}"
            );
        }
    }
}
