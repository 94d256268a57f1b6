//! One parsed Nix file, and the files of a workspace parsed as they are asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rnix::ast::Expr;
use rnix::{ParseError, SyntaxNode, TextRange};
use rowan::ast::AstNode;

use super::depth;
use super::resolve::Value;
use super::scope::Scope;
use super::site::Takers;
use crate::source::{Position, RelPath, SourceFile, Workspace};

/// Why a file cannot be read as Nix, and where: cotter edits only what parses without an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxProblem {
    pub file: RelPath,
    pub position: Position,
    pub message: String,
    pub hint: Option<&'static str>,
}

/// A Nix file and its tree. Not shared between threads: a tree counts its references without locks.
pub struct NixFile {
    source: Arc<SourceFile>,
    root: rnix::Root,
    scopes: RefCell<HashMap<SyntaxNode, Rc<Scope>>>,
    uses: OnceCell<Uses>,
    takers: OnceCell<Takers>,
}

/// Calls with the sets that name their results.
pub(super) type Uses = HashMap<SyntaxNode, Vec<SyntaxNode>>;

impl NixFile {
    /// Parses `source`; refuses what Nix would read otherwise than the parser here does.
    pub fn parse(source: Arc<SourceFile>) -> Result<NixFile, SyntaxProblem> {
        let problem = |offset: usize, message: String, hint| SyntaxProblem {
            file: source.path().clone(),
            position: source.position(offset),
            message,
            hint,
        };
        let text = source.text();
        if source.has_bom() {
            let hint = Some("save the file without a byte order mark");
            return Err(problem(
                0,
                "a byte order mark, which Nix does not accept".into(),
                hint,
            ));
        }
        if let Some(at) = bare_carriage_return(text) {
            let hint = Some("end lines with a line feed, or with carriage return and line feed");
            let message =
                "a carriage return with no line feed after it, which ends a comment for Nix only";
            return Err(problem(at, message.into(), hint));
        }
        if !depth::is_safe(text) {
            return Err(problem(0, "nested too deeply to be read".into(), None));
        }
        let parsed = rnix::Root::parse(text);
        if let Some(error) = parsed.errors().first() {
            let (offset, message) = describe(error, text.len());
            return Err(problem(offset, message, None));
        }
        let root = parsed.tree();
        Ok(NixFile {
            source,
            root,
            scopes: RefCell::default(),
            uses: OnceCell::new(),
            takers: OnceCell::new(),
        })
    }

    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    pub fn path(&self) -> &RelPath {
        self.source.path()
    }

    pub(super) fn root(&self) -> &rnix::Root {
        &self.root
    }

    /// What `node` binds; indexed once.
    pub(super) fn scope(&self, node: &SyntaxNode) -> Rc<Scope> {
        if let Some(known) = self.scopes.borrow().get(node) {
            return known.clone();
        }
        let scope = Rc::new(Scope::of(node));
        self.scopes.borrow_mut().insert(node.clone(), scope.clone());
        scope
    }

    /// Which sets name the results of which calls; looked for once.
    pub(super) fn uses(&self, look: impl FnOnce() -> Uses) -> &Uses {
        self.uses.get_or_init(look)
    }

    /// Which bindings take which names as they are; looked for once.
    pub(super) fn takers(&self, look: impl FnOnce() -> Takers) -> &Takers {
        self.takers.get_or_init(look)
    }

    pub(super) fn slice(&self, range: TextRange) -> &str {
        &self.source.text()[usize::from(range.start())..usize::from(range.end())]
    }

    pub(super) fn expr(&self) -> Option<Expr> {
        self.root.expr()
    }
}

fn bare_carriage_return(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn describe(error: &ParseError, end: usize) -> (usize, String) {
    let at = |range: &TextRange| usize::from(range.start());
    match error {
        ParseError::Unexpected(range) | ParseError::UnexpectedExtra(range) => {
            (at(range), "not expected here".into())
        }
        ParseError::UnexpectedWanted(_, range, wanted)
            if wanted.contains(&rnix::SyntaxKind::TOKEN_STRING_END) =>
        {
            (at(range), "this string has no end".into())
        }
        ParseError::UnexpectedWanted(got, range, wanted) => (
            at(range),
            format!("{} where {} was expected", name(*got), any_of(wanted)),
        ),
        ParseError::UnexpectedDoubleBind(range) => {
            (at(range), "a second name for the same argument".into())
        }
        ParseError::DuplicatedArgs(range, argument) => {
            (at(range), format!("`{argument}` is an argument twice"))
        }
        ParseError::UnexpectedEOF => (end, "the file ends too early".into()),
        ParseError::UnexpectedEOFWanted(wanted) => (
            end,
            format!("the file ends where {} was expected", any_of(wanted)),
        ),
        ParseError::RecursionLimitExceeded => (0, "nested too deeply to be read".into()),
        other => (0, other.to_string()),
    }
}

fn any_of(kinds: &[rnix::SyntaxKind]) -> String {
    kinds
        .iter()
        .map(|kind| name(*kind))
        .collect::<Vec<_>>()
        .join(" or ")
}

/// `;` for `TOKEN_SEMICOLON`; in words what has no one spelling.
fn name(kind: rnix::SyntaxKind) -> String {
    use rnix::SyntaxKind::*;
    let sign = match kind {
        TOKEN_ASSIGN => "=",
        TOKEN_AT => "@",
        TOKEN_COLON => ":",
        TOKEN_COMMA => ",",
        TOKEN_DOT => ".",
        TOKEN_ELLIPSIS => "...",
        TOKEN_ELSE => "else",
        TOKEN_IN => "in",
        TOKEN_L_BRACE => "{",
        TOKEN_L_BRACK => "[",
        TOKEN_L_PAREN => "(",
        TOKEN_QUESTION => "?",
        TOKEN_R_BRACE => "}",
        TOKEN_R_BRACK => "]",
        TOKEN_R_PAREN => ")",
        TOKEN_SEMICOLON => ";",
        TOKEN_THEN => "then",
        TOKEN_IDENT => return "a name".into(),
        TOKEN_STRING_START => return "a string".into(),
        TOKEN_STRING_CONTENT | TOKEN_STRING_END => return "the rest of the string".into(),
        TOKEN_ERROR => return "something that is no Nix".into(),
        _ => "",
    };
    if !sign.is_empty() {
        return format!("`{sign}`");
    }
    format!("{kind:?}")
        .trim_start_matches("TOKEN_")
        .trim_start_matches("NODE_")
        .to_lowercase()
        .replace('_', " ")
}

/// The Nix files of a workspace, each parsed once when it is first asked for.
pub struct Library<'w> {
    workspace: &'w Workspace,
    files: RefCell<HashMap<RelPath, Option<Rc<NixFile>>>>,
}

impl<'w> Library<'w> {
    pub fn new(workspace: &'w Workspace) -> Library<'w> {
        Library {
            workspace,
            files: RefCell::default(),
        }
    }

    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// Takes in a file that was parsed already.
    pub fn add(&self, file: Rc<NixFile>) {
        self.files
            .borrow_mut()
            .insert(file.path().clone(), Some(file));
    }

    /// The file at `path`; `None` when it cannot be read or does not parse. Its problems are reported where it is
    /// itself looked through.
    pub fn get(&self, path: &RelPath) -> Option<Rc<NixFile>> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        let parsed = self
            .workspace
            .read(path)
            .ok()
            .and_then(|source| NixFile::parse(source).ok())
            .map(Rc::new);
        self.files.borrow_mut().insert(path.clone(), parsed.clone());
        parsed
    }

    /// The text of the file at `path`, where it can be read and parsed.
    pub fn source(&self, path: &RelPath) -> Option<Arc<SourceFile>> {
        Some(self.get(path)?.source().clone())
    }

    /// What the whole of `file` is.
    pub fn value(&self, file: &Rc<NixFile>) -> Value {
        match file.expr() {
            Some(expr) => super::resolve::Resolver::new(self).value(file, &expr),
            None => Value::Unknown,
        }
    }
}

impl std::fmt::Debug for NixFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "NixFile({}, {:?})",
            self.path(),
            self.root.syntax().text_range()
        )
    }
}
