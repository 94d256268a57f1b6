//! A shell text as what it does one after the other, as far as it is a plain sequence: `a && b; c`. What is more than
//! that is one statement of its own, not looked into.

use std::ops::Range;

use tree_sitter::Node;

use super::ShellText;
use super::command::{Command, Word, is_word, named, parsed, word};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The bytes in the file that it comes from.
    pub origin: Range<usize>,
    /// As it is written.
    pub written: String,
    pub done: Done,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It runs one command, whose output goes nowhere else.
    Command(Command),
    /// It runs commands, each of which reads what the one before prints.
    Pipe(Vec<Command>),
    /// It writes what a command prints into a file.
    Write(Command, Word),
    /// It sets variables of the shell.
    Set(Vec<(String, Option<Word>)>),
    /// A condition, a loop, a function, or what is no shell text.
    Other,
}

/// The statements of `text`, in their order.
pub fn statements(text: &ShellText) -> Vec<Statement> {
    let mut found = Vec::new();
    if let Some(tree) = parsed(text) {
        // The last is looked at first. The grammar takes the redirection of a list's last command for one of the list.
        let mut open = vec![(tree.root_node(), Vec::new())];
        while let Some((node, mut redirects)) = open.pop() {
            match node.kind() {
                "comment" => {}
                "program" | "list" if is_sequence(text, &node) => {
                    let before = open.len();
                    open.extend(named(&node).map(|child| (child, Vec::new())));
                    if let Some((_, last)) = open.last_mut() {
                        last.append(&mut redirects);
                    }
                    open[before..].reverse();
                }
                "redirected_statement" if has_body(&node, "list") => {
                    let body = node.child_by_field_name("body");
                    redirects.extend(named(&node).filter(|child| Some(*child) != body));
                    open.extend(body.map(|body| (body, redirects)));
                }
                _ => found.push(Statement {
                    origin: text.origin(&node.byte_range()),
                    written: written(text, &node).to_owned(),
                    done: redirected(text, done(text, &node), &redirects),
                }),
            }
        }
    }
    found
}

fn written<'t>(text: &'t ShellText, node: &Node) -> &'t str {
    text.as_str().get(node.byte_range()).unwrap_or_default()
}

/// Whether all children are done in turn. `a || true` goes on whatever `a` does.
fn is_sequence(text: &ShellText, node: &Node) -> bool {
    node.kind() == "program" && !node.has_error()
        || (0..node.child_count())
            .filter_map(|at| node.child(u32::try_from(at).ok()?))
            .filter(|child| !child.is_named())
            .all(|child| matches!(written(text, &child), "&&" | ";" | "\n"))
            && node.kind() == "list"
}

fn done(text: &ShellText, node: &Node) -> Done {
    match node.kind() {
        "command" => Done::Command(command(text, node)),
        "list" => or_true(text, node).unwrap_or(Done::Other),
        "pipeline" => pipeline(text, node).unwrap_or(Done::Other),
        "redirected_statement" => match node.child_by_field_name("body") {
            Some(body) => {
                let redirects: Vec<Node> = named(node).filter(|child| *child != body).collect();
                redirected(text, done(text, &body), &redirects)
            }
            None => Done::Other,
        },
        "variable_assignment" => Done::Set(assignment(text, node).into_iter().collect()),
        "variable_assignments" | "declaration_command" => {
            let assignments = named(node).filter(|child| child.kind() == "variable_assignment");
            Done::Set(
                assignments
                    .filter_map(|child| assignment(text, &child))
                    .collect(),
            )
        }
        _ => Done::Other,
    }
}

fn command(text: &ShellText, node: &Node) -> Command {
    let words = named(node).filter(|child| is_word(child.kind()));
    Command {
        words: words.map(|child| word(text, &child)).collect(),
        is_array: false,
    }
}

/// `a || true` as `a`.
fn or_true(text: &ShellText, node: &Node) -> Option<Done> {
    let [first, last] = named(node).collect::<Vec<_>>().try_into().ok()?;
    matches!(written(text, &last), "true" | ":").then(|| done(text, &first))
}

fn pipeline(text: &ShellText, node: &Node) -> Option<Done> {
    let mut commands = Vec::new();
    for child in named(node) {
        match child.kind() {
            "command" => commands.push(command(text, &child)),
            "comment" => {}
            _ => return None,
        }
    }
    Some(Done::Pipe(commands))
}

fn has_body(node: &Node, kind: &str) -> bool {
    let body = node.child_by_field_name("body");
    body.is_some_and(|body| body.kind() == kind)
}

/// `done` with what it prints sent elsewhere. What is thrown away goes into no file.
fn redirected(text: &ShellText, done: Done, redirects: &[Node]) -> Done {
    let mut target = None;
    for redirect in redirects {
        let to = redirect
            .child_by_field_name("destination")
            .map(|to| word(text, &to));
        let is_file = redirect.kind() == "file_redirect";
        match (to, is_file) {
            (Some(to), true) => match to.plain() {
                Some("/dev/null" | "1" | "2" | "/dev/stderr" | "/dev/stdout") => {}
                _ if written(text, redirect).starts_with('<') => return Done::Other,
                _ => target = Some(to),
            },
            _ => return Done::Other,
        }
    }
    match (done, target) {
        (done, None) => done,
        (Done::Command(command), Some(target)) => Done::Write(command, target),
        _ => Done::Other,
    }
}

fn assignment(text: &ShellText, node: &Node) -> Option<(String, Option<Word>)> {
    let name = node.child_by_field_name("name")?;
    let value = node.child_by_field_name("value");
    Some((
        written(text, &name).to_owned(),
        value.map(|value| word(text, &value)),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(script: &str) -> Vec<String> {
        let plain = |words: &[Word]| {
            let words = words.iter().map(|word| word.plain().unwrap_or("_"));
            words.collect::<Vec<_>>().join(" ")
        };
        let statements = statements(&ShellText::verbatim(script, 0));
        let shown = statements.iter().map(|statement| match &statement.done {
            Done::Command(command) => plain(&command.words),
            Done::Pipe(commands) => {
                let commands = commands.iter().map(|command| plain(&command.words));
                commands.collect::<Vec<_>>().join(" | ")
            }
            Done::Write(command, to) => {
                format!("{} > {}", plain(&command.words), to.plain().unwrap_or("_"))
            }
            Done::Set(values) => format!("{}=", values[0].0),
            Done::Other => format!("? {}", statement.written),
        });
        shown.collect()
    }

    #[test]
    fn sequences_are_taken_apart_and_nothing_else() {
        assert_eq!(
            shown("set -eux; a 1 && b 'x y' \\\n && c 2>/dev/null; d || true\ne"),
            ["set -eux", "a 1", "b x y", "c", "d", "e"]
        );
        assert_eq!(shown("a | b -x && c > /f"), ["a | b -x", "c > /f"]);
        assert_eq!(shown("X=1; export Y=2 && A=b c"), ["X=", "Y=", "c"]);
        assert_eq!(shown("if a; then b; fi && c"), ["? if a; then b; fi", "c"]);
        assert_eq!(shown("a && b || c; d"), ["? a && b || c", "d"]);
        assert_eq!(
            shown("for i in 1; do a; done"),
            ["? for i in 1; do a; done"]
        );
        assert_eq!(shown("# nothing\na"), ["a"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(script in "[-a\"'\\\\$(){}`<>|;&#:=\n E\u{e000}]{0,60}") {
            for statement in statements(&ShellText::verbatim(&script, 7)) {
                prop_assert!(statement.origin.start >= 7 && statement.origin.end <= 7 + script.len());
            }
        }
    }
}
