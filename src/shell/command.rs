//! The commands of a shell text, wherever they stand: in lists, functions, substitutions, here-documents.

use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

use super::ShellText;
use super::text::HOLE;

/// Texts that are run by a shell in a shell, `sh -c '…'`, are looked into so deep.
const MAX_SHELLS: usize = 4;
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "eval"];

/// A command, or a list of words that an array keeps for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command's name first; of an array only what is in it.
    pub words: Vec<Word>,
    pub is_array: bool,
}

/// A word as the shell splits them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The bytes in the file that it comes from, quotes and all.
    pub origin: Range<usize>,
    pub pieces: Vec<Piece>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What it says, quotes and escapes resolved.
    Literal(String),
    /// `$NAME`, `${NAME}`, `${NAME:-x}`.
    Variable(String),
    /// What a command prints, an expression gives, or another parameter than a variable holds.
    Other,
    /// What another language fills in, as it is written there.
    Hole(String),
}

/// The commands of `text`, in no order. Of what is no shell text, those that are still recognised.
pub fn commands(text: &ShellText) -> Vec<Command> {
    let mut found = Vec::new();
    read(text, 0, &mut found);
    found
}

/// The tree of a shell text.
pub(super) fn parsed(text: &ShellText) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    // The grammar's lexer is in C and asks the C library about every character, as if it were one of ASCII: of others
    // that reads memory that is not its own. A full stop is, like them, part of a word and not of a name.
    let ascii: Vec<u8> = text
        .as_str()
        .bytes()
        .map(|byte| if byte.is_ascii() { byte } else { b'.' })
        .collect();
    parser.parse(&ascii, None)
}

fn read(text: &ShellText, depth: usize, found: &mut Vec<Command>) {
    if depth > MAX_SHELLS {
        return;
    }
    let Some(tree) = parsed(text) else {
        return;
    };
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        let is_array = node.kind() == "array";
        if is_array || node.kind() == "command" {
            let children: Vec<Node> = named(&node).filter(|child| is_word(child.kind())).collect();
            let words: Vec<Word> = children.iter().map(|child| word(text, child)).collect();
            let command = Command { words, is_array };
            if let Some(inner) = inner_script(&command, &children) {
                read(&text.slice(&inner), depth + 1, found);
            }
            found.push(command);
        }
        open.extend(named(&node));
    }
}

pub(super) fn named<'t>(node: &Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let node = *node;
    (0..node.named_child_count())
        .filter_map(move |at| u32::try_from(at).ok().and_then(|at| node.named_child(at)))
}

/// The rest of a command's children are assignments before it, redirections and comments.
pub(super) fn is_word(kind: &str) -> bool {
    !matches!(
        kind,
        "variable_assignment"
            | "comment"
            | "file_redirect"
            | "herestring_redirect"
            | "heredoc_redirect"
    )
}

pub(super) fn word(text: &ShellText, node: &Node) -> Word {
    let mut pieces = Vec::new();
    let mut open = vec![*node];
    while let Some(node) = open.pop() {
        let written = text.as_str().get(node.byte_range()).unwrap_or_default();
        match node.kind() {
            "command_name" | "concatenation" => {
                let before = open.len();
                open.extend(named(&node));
                open[before..].reverse();
            }
            "string" | "translated_string" => string(text, &node, &mut pieces),
            "raw_string" => literals(
                text,
                trimmed(written, 1, 1),
                node.start_byte() + 1,
                &mut pieces,
            ),
            "ansi_c_string" => literals(
                text,
                trimmed(written, 2, 1),
                node.start_byte() + 2,
                &mut pieces,
            ),
            "simple_expansion" | "expansion" => pieces.push(expansion(text, &node)),
            "word" | "number" | "extglob_pattern" | "regex" => {
                let start = node.start_byte();
                match written.contains('\\') {
                    // With escapes, a hole is no longer told from the others.
                    true => pieces.push(Piece::Literal(unescaped(written))),
                    false => literals(text, written, start, &mut pieces),
                }
            }
            _ => pieces.push(Piece::Other),
        }
    }
    Word {
        origin: text.origin(&node.byte_range()),
        pieces,
    }
}

/// `"a $b c"`: what lies between expansions is literal, whether the grammar gives it a node or not.
fn string(text: &ShellText, node: &Node, pieces: &mut Vec<Piece>) {
    let range = node.byte_range();
    let written = |range: Range<usize>| text.as_str().get(range).unwrap_or_default();
    let open = written(range.clone())
        .find('"')
        .map_or(0, |quote| quote + 1);
    let mut at = range.start + open;
    let literal = |from: usize, to: usize, pieces: &mut Vec<Piece>| match written(from..to) {
        "" => {}
        part if part.contains('\\') => pieces.push(Piece::Literal(unescaped(part))),
        part => literals(text, part, from, pieces),
    };
    for child in named(node) {
        if matches!(child.kind(), "string_content" | "word") {
            continue;
        }
        literal(at, child.start_byte(), pieces);
        match child.kind() {
            "simple_expansion" | "expansion" => pieces.push(expansion(text, &child)),
            _ => pieces.push(Piece::Other),
        }
        at = child.end_byte();
    }
    literal(at, range.end.saturating_sub(1), pieces);
}

fn expansion(text: &ShellText, node: &Node) -> Piece {
    let name = named(node).find(|child| child.kind() == "variable_name");
    let name = name.and_then(|name| text.as_str().get(name.byte_range()));
    name.map_or(Piece::Other, |name| Piece::Variable(name.to_owned()))
}

/// Literal text at byte `start` of the whole one, with the holes in it.
fn literals(text: &ShellText, written: &str, start: usize, pieces: &mut Vec<Piece>) {
    let mut at = 0;
    for (hole, sign) in written.match_indices(HOLE) {
        if hole > at {
            pieces.push(Piece::Literal(written[at..hole].to_owned()));
        }
        pieces.push(Piece::Hole(text.hole(start + hole).to_owned()));
        at = hole + sign.len();
    }
    if at < written.len() || written.is_empty() {
        pieces.push(Piece::Literal(written[at..].to_owned()));
    }
}

fn trimmed(written: &str, front: usize, back: usize) -> &str {
    let end = written.len().saturating_sub(back);
    written.get(front..end).unwrap_or_default()
}

/// Backslashes and what they join: a line that goes on, an escaped sign.
fn unescaped(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(sign) = chars.next() {
        match sign {
            '\\' => value.extend(chars.next().filter(|next| *next != '\n')),
            sign => value.push(sign),
        }
    }
    value
}

/// The bytes of what a shell is given to run: `sh -c '…'`, `eval "…"`.
fn inner_script(command: &Command, nodes: &[Node]) -> Option<Range<usize>> {
    let name = command.words.first()?.program()?;
    if command.is_array || !SHELLS.contains(&name) {
        return None;
    }
    let at = match name {
        "eval" => 1,
        _ => {
            let is_c = |word: &Word| {
                word.plain()
                    .is_some_and(|flags| flags.starts_with('-') && flags.ends_with('c'))
            };
            command.words.iter().position(is_c)? + 1
        }
    };
    let node = nodes.get(at)?;
    let range = node.byte_range();
    let inner = range.start + 1..range.end.saturating_sub(1);
    match node.kind() {
        "raw_string" | "string" if inner.start <= inner.end => Some(inner),
        _ => None,
    }
}

impl Word {
    /// What it says, where that is known in full.
    pub fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// What it begins with that is known.
    pub fn beginning(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(text)) => text,
            _ => "",
        }
    }

    /// The name of the program that it calls: `curl` of `${pkgs.curl}/bin/curl`, and of `${lib.getExe pkgs.curl}`.
    pub fn program(&self) -> Option<&str> {
        match self.pieces.last()? {
            Piece::Literal(text) => match text.rsplit_once('/') {
                Some((_, name)) => Some(name),
                None if self.pieces.len() == 1 => Some(text),
                None => None,
            },
            Piece::Hole(written) if self.pieces.len() == 1 && written.contains("getExe") => {
                let name = |sign: char| !(sign.is_alphanumeric() || matches!(sign, '-' | '_'));
                written.split(name).rfind(|part| !part.is_empty())
            }
            _ => None,
        }
    }

    /// The word without the first `count` bytes of its literal beginning.
    pub fn behind(&self, count: usize) -> Word {
        let mut rest = self.clone();
        if let Some(Piece::Literal(text)) = rest.pieces.first_mut() {
            *text = text.get(count..).unwrap_or_default().to_owned();
        }
        rest.pieces
            .retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
        rest
    }

    /// What stands behind the first `sign` of its literal parts; `None` where there is none.
    pub fn after(&self, sign: char) -> Option<Word> {
        let (at, within) = self
            .pieces
            .iter()
            .enumerate()
            .find_map(|(at, piece)| match piece {
                Piece::Literal(text) => Some((at, text.find(sign)?)),
                _ => None,
            })?;
        let rest = Word {
            origin: self.origin.clone(),
            pieces: self.pieces.get(at..)?.to_vec(),
        };
        Some(rest.behind(within + sign.len_utf8()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each command as its words, with `$x` for a variable and `_` for the rest.
    fn shown(script: &str) -> Vec<String> {
        let mut all: Vec<String> = commands(&ShellText::verbatim(script, 0))
            .iter()
            .map(|command| {
                let words = command.words.iter().map(|word| {
                    let pieces = word.pieces.iter().map(|piece| match piece {
                        Piece::Literal(text) => text.clone(),
                        Piece::Variable(name) => format!("${name}"),
                        Piece::Other | Piece::Hole(_) => "_".to_owned(),
                    });
                    pieces.collect::<String>()
                });
                words.collect::<Vec<_>>().join("|")
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let script =
            "X=1 curl -u \"a:${P:-b}\" 'it''s' \\\n  --x=\"$(cat \"$f\")\" # curl -u c:d\n";
        assert_eq!(shown(script), ["cat|$f", "curl|-u|a:$P|its|--x=_"]);
        assert_eq!(shown("if a; then b | c && d; fi"), ["a", "b", "c", "d"]);
        assert_eq!(shown("f() { g \"\\$x\\\"\"; }"), ["g|$x\""]);
        assert_eq!(shown("a=(-H \"b: $c\")"), ["-H|b: $c"]);
        assert_eq!(shown("cat <<E\ncurl -u a:b\nE\nd"), ["cat", "d"]);
        assert_eq!(
            shown("bash -ec 'curl $x; y'"),
            ["bash|-ec|curl $x; y", "curl|$x", "y"]
        );
    }

    #[test]
    fn programs_are_named_by_their_path() {
        let mut text = ShellText::default();
        text.push_hole("${lib.getExe pkgs.curl}", 0..23);
        text.push(" x; ", 23);
        text.push_hole("${pkgs.git}", 27..38);
        text.push("/bin/git y", 38);
        let mut names: Vec<String> = commands(&text)
            .iter()
            .filter_map(|command| Some(command.words.first()?.program()?.to_owned()))
            .collect();
        names.sort();
        assert_eq!(names, ["curl", "git"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(script in "(?s).{0,60}") {
            commands(&ShellText::verbatim(&script, 7));
        }

        #[test]
        fn tricky_texts_are_read(script in "[-a\"'\\\\$(){}`<>|;&#:=\n E\u{e000}]{0,60}") {
            let text = ShellText::verbatim(&script, 7);
            for command in commands(&text) {
                for word in command.words {
                    prop_assert!(word.origin.start >= 7 && word.origin.end <= 7 + script.len());
                }
            }
        }
    }
}
