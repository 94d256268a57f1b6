//! Here-documents that do not stand at the beginning of their `RUN`: `RUN cat <<EOF > /etc/x`. The parser of Dockerfiles
//! takes the lines of those for instructions.

use std::collections::HashMap;
use std::ops::Range;

#[derive(Debug)]
pub struct Masked {
    /// The text, with `#` for what is in such documents. Every byte keeps its place.
    pub text: String,
    /// The bytes of the documents of an instruction, by where that begins.
    pub bodies: HashMap<usize, Range<usize>>,
}

pub fn masked(text: &str, escape: char) -> Masked {
    let mut masked = Masked {
        text: text.to_owned(),
        bodies: HashMap::new(),
    };
    let lines = lines(text);
    let mut at = 0;
    while let Some((start, line)) = lines.get(at).copied() {
        at += 1;
        let Some(arguments) = run(line) else {
            continue;
        };
        let begin = start + line.len() - line.trim_start().len();
        let mut whole = arguments.to_owned();
        let mut last = line;
        while last.trim_end().ends_with(escape) {
            let Some((_, next)) = lines.get(at) else {
                break;
            };
            at += 1;
            whole.push_str(next);
            if !next.trim().is_empty() && !next.trim_start().starts_with('#') {
                last = next;
            }
        }
        let delimiters = delimiters(&whole);
        // The parser knows the one that begins the command.
        if delimiters.is_empty() || without_options(&whole).starts_with("<<") {
            continue;
        }
        let Some(body) = body(&lines, at, &delimiters) else {
            continue;
        };
        let end = lines.get(body.end).map_or(text.len(), |(start, _)| *start);
        let from = lines
            .get(body.start)
            .map_or(text.len(), |(start, _)| *start);
        let hidden: String = text
            .get(from..end)
            .unwrap_or_default()
            .bytes()
            .map(hidden)
            .collect();
        masked.text.replace_range(from..end, &hidden);
        masked.bodies.insert(begin, from..end);
        at = body.end;
    }
    masked
}

fn hidden(byte: u8) -> char {
    match byte {
        b'\n' | b'\r' => byte.into(),
        _ => '#',
    }
}

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            (start, line)
        })
        .collect()
}

/// What stands behind `RUN`.
fn run(line: &str) -> Option<&str> {
    let (word, rest) = line.trim_start().split_once([' ', '\t'])?;
    word.eq_ignore_ascii_case("RUN").then_some(rest)
}

fn without_options(mut text: &str) -> &str {
    text = text.trim_start();
    while text.starts_with("--") {
        let Some((_, rest)) = text.split_once(char::is_whitespace) else {
            break;
        };
        text = rest.trim_start_matches([' ', '\t', '\\', '`', '\n', '\r']);
    }
    text
}

/// The words that end the documents that `command` reads.
fn delimiters(command: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = command;
    while let Some((before, behind)) = rest.split_once("<<") {
        rest = behind;
        if behind.starts_with('<') || before.ends_with('<') {
            rest = behind.trim_start_matches('<');
            continue;
        }
        let word: String = behind
            .trim_start_matches('-')
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_')
            .collect();
        if word.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_') {
            found.push(word);
        }
    }
    found
}

/// The lines of the documents, from line `at` on; `None` where one does not end.
fn body(lines: &[(usize, &str)], at: usize, delimiters: &[String]) -> Option<Range<usize>> {
    let mut end = at;
    for delimiter in delimiters {
        let rest = lines.get(end..)?;
        let length = rest.iter().position(|(_, line)| line.trim() == delimiter)?;
        end += length + 1;
    }
    Some(at..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documents_inside_of_a_command_are_hidden() {
        let text = "FROM x\nRUN cat <<E >/f && \\\n  b\nFROM y\r\né\nE\nRUN <<E\na\nE\nRUN a <<<b\nRUN c <<NO\nd\n";
        let masked = masked(text, '\\');
        let expected = text.replace("FROM y\r\né\nE\n", "######\r\n##\n#\n");
        assert_eq!(masked.text, expected);
        assert_eq!(masked.text.len(), text.len());
        assert_eq!(masked.bodies.len(), 1);
        assert_eq!(&text[masked.bodies[&7].clone()], "FROM y\r\né\nE\n");
    }
}
