//! How a command ends: its exit code, and its error in words or as JSON.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::git::GitError;
use crate::naming::SelectionError;
use crate::output::{self, Diagnostic};
use crate::problem::Problem;
use crate::source::{SourceError, Workspace};

use super::Format;

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or nothing to do.
    Done,
    /// A dry run would change something; a hash could not be computed.
    Attention,
    /// The result is whole but for files that are wrong, which were told.
    WrongSource,
    /// The result is whole but for what something outside did not tell, which was said.
    Unreached,
}

/// Why a command could not do its work. Nothing was written.
#[derive(Debug)]
pub struct Failure {
    pub kind: FailureKind,
    /// The first is the one that JSON shows.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the lines that they are about can be read.
    workspace: Option<Workspace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The command line, `cotter.toml` or a source file.
    Usage,
    /// Nix, a git remote, the disk.
    Outside,
    /// An invariant of pins.
    Invariant,
    /// The reader of standard output has gone.
    ClosedPipe,
}

impl Failure {
    pub fn new(kind: FailureKind, diagnostic: Diagnostic) -> Failure {
        Failure::all(kind, vec![diagnostic])
    }

    pub fn all(kind: FailureKind, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure {
            kind,
            diagnostics,
            workspace: None,
        }
    }

    /// The same, shown with the lines of `workspace`.
    pub fn shown_in(self, workspace: &Workspace) -> Failure {
        Failure {
            workspace: Some(workspace.clone()),
            ..self
        }
    }

    pub fn usage(message: impl Into<String>, hint: Option<String>) -> Failure {
        Failure::new(
            FailureKind::Usage,
            Diagnostic {
                hint,
                ..Diagnostic::error(message)
            },
        )
    }

    pub fn outside(message: impl Into<String>, hint: Option<String>) -> Failure {
        Failure::new(
            FailureKind::Outside,
            Diagnostic {
                hint,
                ..Diagnostic::error(message)
            },
        )
    }

    /// With problems of the source before it, which may be why: what a broken file holds is not found.
    pub fn because_of(mut self, problems: &[Problem]) -> Failure {
        self.diagnostics
            .splice(0..0, problems.iter().map(of_problem));
        self
    }

    /// What went wrong, in words.
    pub fn words(&self) -> String {
        let words = self.diagnostics.iter().map(|said| said.message.as_str());
        words.collect::<Vec<_>>().join("; ")
    }

    /// Standard output could not be written.
    pub fn output(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::all(FailureKind::ClosedPipe, Vec::new()),
            _ => Failure::outside(format!("standard output: {error}"), None),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Failure {
        let diagnostic = match &error {
            SourceError::NotUtf8 { path, line, .. } => Diagnostic {
                file: Some(path.clone()),
                line: Some(*line),
                column: Some(1),
                ..Diagnostic::error(error.reason())
            },
            _ => Diagnostic::error(error.to_string()),
        };
        Failure::new(FailureKind::Usage, diagnostic)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        match error {
            ConfigError::Source(error) => error.into(),
            ConfigError::Invalid { file, at, message } => {
                Failure::new(FailureKind::Usage, Diagnostic::at(&file, at, message))
            }
        }
    }
}

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Failure {
        match error {
            SelectionError::Source(error) => error.into(),
            error => Failure::usage(error.to_string(), error.hint()),
        }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Failure {
        Failure::outside(error.to_string(), error.hint().map(str::to_owned))
    }
}

/// A problem of a source file as a message.
pub fn of_problem(problem: &Problem) -> Diagnostic {
    Diagnostic {
        hint: problem.hint.clone(),
        ..Diagnostic::at(&problem.file, problem.position, &problem.message)
    }
}

/// Says how it ended, and with which code.
pub fn finish(format: Format, result: Result<Outcome, Failure>) -> ExitCode {
    let failure = match result {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::Attention) => return ExitCode::from(1),
        Ok(Outcome::WrongSource) => return ExitCode::from(2),
        Ok(Outcome::Unreached) => return ExitCode::from(3),
        Err(failure) => failure,
    };
    let (code, kind) = match failure.kind {
        FailureKind::Usage => (2, "usage"),
        FailureKind::Outside => (3, "outside"),
        FailureKind::Invariant => (4, "invariant"),
        FailureKind::ClosedPipe => (0, "closed-pipe"),
    };
    // Nobody is left to tell when these cannot be written.
    let _ = output::diagnostics(
        &mut anstream::stderr().lock(),
        failure.workspace.as_ref(),
        &failure.diagnostics,
    );
    if format == Format::Json
        && let Some(first) = failure.diagnostics.first()
    {
        let _ = output::error_json(&mut io::stdout().lock(), kind, first);
        let _ = io::stdout().flush();
    }
    ExitCode::from(code)
}
