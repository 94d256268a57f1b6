//! Shell text in Dockerfiles: what `RUN` runs.

use crate::shell::ShellText;

/// The shell texts of a Dockerfile.
pub fn runs(text: &str) -> Vec<ShellText> {
    let mut found = Vec::new();
    let mut lines = Lines { text, at: 0 };
    while let Some((start, line)) = lines.next() {
        let Some(command) = instruction(line) else {
            continue;
        };
        let start = start + (line.len() - command.len());
        let mut run = ShellText::verbatim(command, start);
        let mut last = command;
        while last.trim_end().ends_with('\\') {
            let Some((start, line)) = lines.next() else {
                break;
            };
            // Docker takes comments and empty lines out.
            if line.trim_start().starts_with('#') || line.trim().is_empty() {
                continue;
            }
            run.push(line, start);
            last = line;
        }
        let mut run = without_flags(run);
        if let Some(delimiter) = here_document(run.as_str()) {
            let is_script = run.as_str().trim_start().starts_with("<<");
            let mut body = ShellText::default();
            for (start, line) in lines.by_ref() {
                body.push(line, start);
                if line.trim() == delimiter {
                    break;
                }
            }
            match is_script {
                true => run = body,
                false => run.append(body),
            }
        }
        if !run.as_str().trim_start().starts_with('[') {
            found.push(run);
        }
    }
    found
}

/// The lines with their ends, and where each begins.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.text.get(self.at..)?.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        Some((start, line))
    }
}

/// What stands behind `RUN`, or behind `ONBUILD RUN`.
fn instruction(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        let (word, behind) = rest.split_once(char::is_whitespace)?;
        rest = behind;
        match word {
            word if word.eq_ignore_ascii_case("RUN") => return Some(rest),
            word if word.eq_ignore_ascii_case("ONBUILD") => {}
            _ => return None,
        }
    }
}

/// `--mount=type=secret,id=x` and the like, which are Docker's.
fn without_flags(run: ShellText) -> ShellText {
    let text = run.as_str();
    let mut rest = text.trim_start_matches([' ', '\t', '\\', '\n', '\r']);
    while rest.starts_with("--") {
        let Some((_, behind)) = rest.split_once(char::is_whitespace) else {
            break;
        };
        rest = behind.trim_start_matches([' ', '\t', '\\', '\n', '\r']);
    }
    run.slice(&(text.len() - rest.len()..text.len()))
}

/// The word that ends the here-document which the command has, if any.
fn here_document(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("<<")?;
    if rest.starts_with('<') || before.ends_with('<') {
        return None;
    }
    let word: String = rest
        .trim_start_matches(['-', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}
