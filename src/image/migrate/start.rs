//! What a container is started with: `ENTRYPOINT` and `CMD`, those of the base where there are none, and what stands
//! around the program itself.

use super::made::Made;
use super::read::Args;
use crate::shell::{Done, Piece, ShellText, statements};

/// The command line of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments, those of `ENTRYPOINT` first.
    pub words: Vec<String>,
    /// How many of them `ENTRYPOINT` has.
    pub of_entrypoint: usize,
    /// The instructions that say it.
    pub steps: Vec<usize>,
    /// A shell text, where it is more than a plain command.
    pub shell: Option<String>,
    /// `tini` and its like, which are left out.
    pub init: Option<String>,
    /// The user that a program such as `gosu` changes to.
    pub user: Option<String>,
    /// Whether a shell was to stand between.
    pub was_shell_form: bool,
}

impl Start {
    pub fn of(made: &Made) -> Start {
        let mut start = Start::default();
        let base = made.base.as_ref();
        match &made.entrypoint {
            Some((step, args)) => {
                start.steps.push(*step);
                start.take(args, made);
                if matches!(args, Args::Shell(_)) {
                    // The shell is given no more words.
                    start.of_entrypoint = start.words.len();
                    start.steps.extend(made.cmd.as_ref().map(|(step, _)| *step));
                    start.peel();
                    return start;
                }
            }
            None => {
                let entrypoint = base
                    .map(|base| base.entrypoint.as_slice())
                    .unwrap_or_default();
                // These run what they are given, and little else.
                if !entrypoint
                    .first()
                    .is_some_and(|first| first.ends_with("docker-entrypoint.sh"))
                {
                    start
                        .words
                        .extend(entrypoint.iter().map(|word| (*word).to_owned()));
                }
            }
        }
        start.of_entrypoint = start.words.len();
        match (&made.cmd, &made.entrypoint) {
            (Some((step, args)), _) => {
                start.steps.push(*step);
                start.take(args, made);
            }
            (None, None) => {
                let cmd = base.map(|base| base.cmd.as_slice()).unwrap_or_default();
                start
                    .words
                    .extend(cmd.iter().map(|word| (*word).to_owned()));
            }
            (None, Some(_)) => {}
        }
        start.peel();
        start
    }

    fn take(&mut self, args: &Args, made: &Made) {
        match args {
            Args::Exec(words) => self.words.extend(words.iter().cloned()),
            Args::Shell(text) => {
                self.was_shell_form = true;
                match simple(text) {
                    Some(words) if made.shell.is_none() && self.words.is_empty() => {
                        self.words = words
                    }
                    _ => {
                        let shell = made.shell.as_ref().map(|(_, words)| words.clone());
                        let shell =
                            shell.unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
                        self.words.extend(shell);
                        self.words.push(text.clone());
                        self.shell = Some(text.clone());
                    }
                }
            }
        }
    }

    /// Takes away what only starts the program.
    fn peel(&mut self) {
        loop {
            let name = self
                .program()
                .map(|program| super::path::name(program).to_owned());
            let count = match name.as_deref() {
                Some("tini" | "dumb-init" | "catatonit") => {
                    self.init = name;
                    let options = self
                        .words
                        .iter()
                        .skip(1)
                        .take_while(|word| word.starts_with('-'));
                    1 + options.count()
                }
                Some("gosu" | "su-exec" | "setpriv")
                    if self.words.len() > 2 && !self.words[1].starts_with('-') =>
                {
                    self.user = self.words.get(1).cloned();
                    2
                }
                Some("env" | "exec")
                    if self.words.len() > 1 && !self.words[1].contains(['=', '-']) =>
                {
                    1
                }
                _ => return,
            };
            if count >= self.words.len() {
                return;
            }
            self.words.drain(..count);
            self.of_entrypoint = self.of_entrypoint.saturating_sub(count);
        }
    }

    pub fn program(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    pub fn program_name(&self) -> &str {
        self.program().map_or("", super::path::name)
    }

    /// The words behind the first `count`.
    pub fn rest(&self, count: usize) -> Vec<String> {
        self.words.iter().skip(count).cloned().collect()
    }
}

/// The words of a text that is one plain command to the shell.
fn simple(text: &str) -> Option<Vec<String>> {
    let all = statements(&ShellText::verbatim(text, 0));
    let [one] = all.as_slice() else {
        return None;
    };
    let Done::Command(command) = &one.done else {
        return None;
    };
    // An assignment before it, or a redirection, is left out of the words.
    if one.written.trim() != text.trim() || text.contains(['<', '>', '~', '*', '?', '{']) {
        return None;
    }
    let word = |word: &crate::shell::Word| match word.pieces.as_slice() {
        [Piece::Literal(text)] => Some(text.clone()),
        _ => None,
    };
    let words: Vec<String> = command.words.iter().map(word).collect::<Option<_>>()?;
    let has_assignment = text.split_whitespace().next()?.contains('=');
    let is_builtin = matches!(
        words.first()?.as_str(),
        "cd" | "." | "source" | "export" | "set" | "eval" | "trap" | "while"
    );
    (!has_assignment && !is_builtin).then(|| match words.first().map(String::as_str) {
        Some("exec") => words.into_iter().skip(1).collect(),
        _ => words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_commands_need_no_shell() {
        for (text, wanted) in [
            ("python app.py", Some(vec!["python", "app.py"])),
            ("exec a 'b c'", Some(vec!["a", "b c"])),
            ("a && b", None),
            ("a $PORT", None),
            ("A=1 b", None),
            ("a > f", None),
            ("cd x", None),
            ("", None),
        ] {
            let wanted =
                wanted.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(simple(text), wanted, "{text}");
        }
    }
}
