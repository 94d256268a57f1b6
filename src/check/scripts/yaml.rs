//! Shell text in YAML: the steps of a CI's workflow, and what a container is told to run.

use crate::manifest::{Kind, Node, Scalar, Tree};
use crate::shell::ShellText;

/// Keys whose text, or list of texts, is given to a shell.
const STEPS: [&str; 9] = [
    "run",
    "script",
    "before_script",
    "after_script",
    "commands",
    "cmds",
    "cmd",
    "before_commands",
    "after_commands",
];

/// Keys whose list is a command with its arguments, and whose text is split into those.
const COMMANDS: [&str; 3] = ["command", "args", "entrypoint"];

/// The shell texts of `tree`, which `source` was read into.
pub fn in_yaml(source: &str, tree: &Tree) -> Vec<ShellText> {
    let mut found = Vec::new();
    let mut open: Vec<&Node> = tree.documents.iter().collect();
    while let Some(node) = open.pop() {
        match &node.kind {
            Kind::Mapping(pairs) => {
                for (key, value) in node.pairs() {
                    if STEPS.contains(&key) {
                        steps(source, value, &mut found);
                    } else if COMMANDS.contains(&key) {
                        command(source, node, value, &mut found);
                    }
                }
                open.extend(pairs.iter().map(|(_, value)| value));
            }
            Kind::Sequence(items) => open.extend(items),
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
    }
    found
}

fn steps(source: &str, value: &Node, found: &mut Vec<ShellText>) {
    let mut open = vec![value];
    while let Some(node) = open.pop() {
        if let Kind::Scalar(scalar) = &node.kind {
            found.push(shell_text(source, scalar));
        }
        open.extend(node.items());
    }
}

/// `command: [ sh, -c, "…" ]`, and `args` that follow a `command` which ends with `-c`.
fn command(source: &str, around: &Node, value: &Node, found: &mut Vec<ShellText>) {
    if let Kind::Scalar(scalar) = &value.kind {
        return found.push(shell_text(source, scalar));
    }
    let items = value.items();
    let asks = |item: &Node| item.as_str().is_some_and(is_c);
    let script = match items.iter().position(asks) {
        Some(at) => items.get(at + 1),
        None => {
            let before = around.get("command").map_or(&[][..], Node::items);
            items.first().filter(|_| before.last().is_some_and(asks))
        }
    };
    if let Some(Kind::Scalar(scalar)) = script.map(|script| &script.kind) {
        found.push(shell_text(source, scalar));
    }
}

fn is_c(text: &str) -> bool {
    text.strip_prefix('-')
        .and_then(|flags| flags.strip_suffix('c'))
        .is_some_and(|flags| flags.bytes().all(|flag| flag.is_ascii_lowercase()))
}

/// What the shell is given: the CI fills in `${{ … }}` before, and reads `$$` as `$`.
fn shell_text(source: &str, scalar: &Scalar) -> ShellText {
    let written = source.get(scalar.span.clone()).unwrap_or_default();
    let inner = written.strip_prefix(['"', '\'']).unwrap_or(written);
    let start = scalar.span.start + (written.len() - inner.len());
    let mut whole = ShellText::default();
    whole.push_decoded(&scalar.value, inner, start);
    let mut text = ShellText::default();
    let mut at = 0;
    while let Some(rest) = scalar.value.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(sign) = rest.find('$').map(|sign| at + sign) else {
            break;
        };
        text.append(whole.slice(&(at..sign)));
        let rest = scalar.value.get(sign..).unwrap_or_default();
        at = if let Some(end) = rest.strip_prefix("${{").and_then(|rest| rest.find("}}")) {
            let hole = sign..sign + "${{".len() + end + "}}".len();
            let written = scalar.value.get(hole.clone()).unwrap_or_default();
            text.push_hole(written, whole.origin(&hole));
            hole.end
        } else if rest.starts_with("$$") {
            text.append(whole.slice(&(sign + 1..sign + 2)));
            sign + 2
        } else {
            text.append(whole.slice(&(sign..sign + 1)));
            sign + 1
        };
    }
    text.append(whole.slice(&(at..scalar.value.len())));
    text
}
