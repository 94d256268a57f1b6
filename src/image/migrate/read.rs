//! A Dockerfile as the instructions in it, with their lines. Not here: what they mean.

use std::ops::Range;

use parse_dockerfile::{
    Command, Flag, HealthcheckArguments, Instruction, JsonOrStringArray, Source, parse_iter,
};

use super::heredoc;
use crate::shell::ShellText;
use crate::source::{Position, SourceFile};

/// A text that is no Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    pub at: Position,
    pub message: String,
}

#[derive(Clone, Debug)]
pub struct Step {
    /// 1-based.
    pub line: usize,
    /// Its first line as it is written, without a backslash at its end.
    pub text: String,
    pub what: What,
}

/// An instruction. Nothing is expanded.
#[derive(Clone, Debug)]
pub enum What {
    From {
        image: String,
        name: Option<String>,
        platform: Option<String>,
    },
    Arg(String),
    Env(String),
    Label(String),
    Copy(CopyText),
    Run {
        options: Vec<Flagged>,
        command: RunText,
    },
    Cmd(Args),
    Entrypoint(Args),
    Expose(Vec<String>),
    Volume(Vec<String>),
    User(String),
    Workdir(String),
    StopSignal(String),
    Shell(Vec<String>),
    Healthcheck {
        options: Vec<Flagged>,
        /// `None` for `NONE`.
        test: Option<Args>,
    },
    Maintainer(String),
    Onbuild,
    /// An instruction that is newer than this.
    Unknown,
}

/// `--name=value`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug)]
pub struct CopyText {
    pub is_add: bool,
    pub options: Vec<Flagged>,
    pub sources: Vec<Given>,
    pub dest: String,
}

/// What is copied.
#[derive(Clone, Debug)]
pub enum Given {
    Path(String),
    /// The text of a here-document.
    Text {
        text: String,
        expands: bool,
    },
}

#[derive(Clone, Debug)]
pub enum RunText {
    Exec(Vec<String>),
    Shell(ShellText),
    /// A here-document that another program than the shell reads.
    Other,
}

/// The two forms of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    Exec(Vec<String>),
    Shell(String),
}

/// A Dockerfile, read.
#[derive(Debug)]
pub struct Document {
    pub steps: Vec<Step>,
    /// What joins lines: `\`, or what a directive names.
    pub escape: char,
}

pub fn read(source: &SourceFile) -> Result<Document, Unreadable> {
    let text = source.text();
    if let Some(at) = text.find('\0') {
        return Err(Unreadable {
            at: source.position(at),
            message: "a NUL character stands here: this is no text".to_owned(),
        });
    }
    let escape = escape(text);
    // What a here-document holds is no instruction.
    let masked = heredoc::masked(text, escape);
    let unreadable = |error: parse_dockerfile::Error| Unreadable {
        at: Position {
            line: error.line().max(1),
            column: error.column().max(1),
        },
        message: error.to_string(),
    };
    let mut steps = Vec::new();
    let mut has_stage = false;
    for instruction in parse_iter(&masked.text).map_err(unreadable)? {
        let instruction = instruction.map_err(unreadable)?;
        let start = keyword(&instruction).start;
        let reader = Reader {
            text,
            escape,
            masked: &masked,
        };
        let what = reader.what(instruction, start);
        has_stage |= matches!(what, What::From { .. });
        steps.push(Step {
            line: source.position(start).line,
            text: shown(source.line_at(start), escape),
            what,
        });
    }
    match has_stage {
        true => Ok(Document { steps, escape }),
        false => Err(Unreadable {
            at: source.position(text.len()),
            message: "no FROM instruction: the text describes no image".to_owned(),
        }),
    }
}

fn shown(line: &str, escape: char) -> String {
    let line = line.trim().trim_end_matches(escape).trim_end();
    line.chars().take(120).collect()
}

/// What the directive `# escape=` says; directives stand before everything else.
fn escape(text: &str) -> char {
    for line in text.lines() {
        let Some(directive) = line.trim().strip_prefix('#') else {
            break;
        };
        match directive.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("escape") => {
                return if value.trim() == "`" { '`' } else { '\\' };
            }
            Some((name, _)) if !name.trim().contains(char::is_whitespace) => {}
            _ => break,
        }
    }
    '\\'
}

struct Reader<'t> {
    text: &'t str,
    escape: char,
    masked: &'t heredoc::Masked,
}

impl Reader<'_> {
    fn what(&self, instruction: Instruction, start: usize) -> What {
        match instruction {
            Instruction::From(from) => What::From {
                platform: value_of(&from.options, "platform"),
                image: from.image.value.into_owned(),
                name: from.as_.map(|(_, name)| name.value.into_owned()),
            },
            Instruction::Arg(arg) => What::Arg(arg.arguments.value.into_owned()),
            Instruction::Env(env) => What::Env(env.arguments.value.into_owned()),
            Instruction::Label(label) => What::Label(label.arguments.value.into_owned()),
            Instruction::Copy(copy) => What::Copy(CopyText {
                is_add: false,
                options: options(&copy.options),
                sources: copy.src.iter().map(given).collect(),
                dest: copy.dest.value.into_owned(),
            }),
            Instruction::Add(add) => What::Copy(CopyText {
                is_add: true,
                options: options(&add.options),
                sources: add.src.iter().map(given).collect(),
                dest: add.dest.value.into_owned(),
            }),
            Instruction::Run(run) => What::Run {
                options: options(&run.options),
                command: self.run(run, start),
            },
            Instruction::Cmd(cmd) => What::Cmd(self.args(&cmd.arguments)),
            Instruction::Entrypoint(entrypoint) => {
                What::Entrypoint(self.args(&entrypoint.arguments))
            }
            Instruction::Expose(expose) => What::Expose(strings(&expose.arguments)),
            Instruction::Volume(volume) => What::Volume(match &volume.arguments {
                JsonOrStringArray::Json(values) => strings(&values.value),
                JsonOrStringArray::String(values) => strings(values),
            }),
            Instruction::User(user) => What::User(user.arguments.value.into_owned()),
            Instruction::Workdir(workdir) => What::Workdir(workdir.arguments.value.into_owned()),
            Instruction::Stopsignal(signal) => {
                What::StopSignal(signal.arguments.value.into_owned())
            }
            Instruction::Shell(shell) => What::Shell(strings(&shell.arguments)),
            Instruction::Healthcheck(check) => What::Healthcheck {
                options: options(&check.options),
                test: match &check.arguments {
                    HealthcheckArguments::Cmd { arguments, .. } => Some(self.args(arguments)),
                    _ => None,
                },
            },
            Instruction::Maintainer(maintainer) => {
                What::Maintainer(maintainer.name.value.into_owned())
            }
            Instruction::Onbuild(_) => What::Onbuild,
            _ => What::Unknown,
        }
    }

    fn args(&self, command: &Command) -> Args {
        match command {
            Command::Exec(words) => Args::Exec(strings(&words.value)),
            Command::Shell(text) => {
                Args::Shell(self.joined(text.span.clone()).as_str().trim().to_owned())
            }
            _ => Args::Shell(String::new()),
        }
    }

    fn run(&self, run: parse_dockerfile::RunInstruction, start: usize) -> RunText {
        let text = match &run.arguments {
            Command::Exec(words) => return RunText::Exec(strings(&words.value)),
            Command::Shell(text) => text,
            _ => return RunText::Other,
        };
        if let Some(document) = run.here_docs.first() {
            let is_script = text.value.trim().is_empty();
            return match is_script && !document.value.starts_with("#!") {
                true => RunText::Shell(ShellText::verbatim(&document.value, document.span.start)),
                false => RunText::Other,
            };
        }
        let mut shell = self.joined(text.span.clone());
        if let Some(body) = self.masked.bodies.get(&start) {
            shell.push("\n", body.start);
            shell.push(self.text.get(body.clone()).unwrap_or_default(), body.start);
        }
        RunText::Shell(shell)
    }

    /// The lines at `range` as one, without comments and empty lines, as Docker takes them.
    fn joined(&self, range: Range<usize>) -> ShellText {
        let mut joined = ShellText::default();
        let mut at = range.start;
        let text = self.text.get(range).unwrap_or_default();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let bare = line.trim_end();
            let is_left_out = bare.is_empty() || bare.trim_start().starts_with('#');
            if number > 0 && is_left_out {
                continue;
            }
            joined.push(bare.strip_suffix(self.escape).unwrap_or(bare), start);
        }
        joined
    }
}

fn given(source: &Source) -> Given {
    match source {
        Source::Path(path) => Given::Path(path.value.to_string()),
        Source::HereDoc(document) => Given::Text {
            text: document.value.to_string(),
            expands: document.expand,
        },
        _ => Given::Text {
            text: String::new(),
            expands: false,
        },
    }
}

fn strings(values: &[parse_dockerfile::UnescapedString]) -> Vec<String> {
    values.iter().map(|value| value.value.to_string()).collect()
}

fn options(flags: &[Flag]) -> Vec<Flagged> {
    let option = |flag: &Flag| Flagged {
        name: flag.name.value.trim_start_matches("--").to_string(),
        value: flag
            .value
            .as_ref()
            .map_or(String::new(), |value| value.value.to_string()),
    };
    flags.iter().map(option).collect()
}

fn value_of(flags: &[Flag], name: &str) -> Option<String> {
    let found = options(flags)
        .into_iter()
        .find(|option| option.name == name);
    found.map(|option| option.value)
}

/// Where the name of the instruction stands.
fn keyword(instruction: &Instruction) -> Range<usize> {
    match instruction {
        Instruction::Add(one) => one.add.span.clone(),
        Instruction::Arg(one) => one.arg.span.clone(),
        Instruction::Cmd(one) => one.cmd.span.clone(),
        Instruction::Copy(one) => one.copy.span.clone(),
        Instruction::Entrypoint(one) => one.entrypoint.span.clone(),
        Instruction::Env(one) => one.env.span.clone(),
        Instruction::Expose(one) => one.expose.span.clone(),
        Instruction::From(one) => one.from.span.clone(),
        Instruction::Healthcheck(one) => one.healthcheck.span.clone(),
        Instruction::Label(one) => one.label.span.clone(),
        Instruction::Maintainer(one) => one.maintainer.span.clone(),
        Instruction::Onbuild(one) => one.onbuild.span.clone(),
        Instruction::Run(one) => one.run.span.clone(),
        Instruction::Shell(one) => one.shell.span.clone(),
        Instruction::Stopsignal(one) => one.stopsignal.span.clone(),
        Instruction::User(one) => one.user.span.clone(),
        Instruction::Volume(one) => one.volume.span.clone(),
        Instruction::Workdir(one) => one.workdir.span.clone(),
        _ => 0..0,
    }
}
