//! `cotter ci …`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;
use super::failure::{Failure, Outcome, finish};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the configuration that runs cotter on every commit
    Emit(Emit),
}

#[derive(Debug, Args)]
pub struct Emit {
    target: Target,
}

/// What runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// `.pre-commit-config.yaml`, for pre-commit and prek
    PreCommit,
    /// A Nix file for git-hooks.nix
    GitHooksNix,
}

impl Target {
    fn text(self) -> &'static str {
        match self {
            Target::PreCommit => include_str!("../../templates/ci/pre-commit.yaml"),
            Target::GitHooksNix => include_str!("../../templates/ci/git-hooks.nix"),
        }
    }
}

impl Command {
    pub fn run(&self) -> ExitCode {
        let Command::Emit(Emit { target }) = self;
        let written = io::stdout().lock().write_all(target.text().as_bytes());
        let outcome = written.map(|()| Outcome::Done).map_err(Failure::output);
        finish(Format::Human, outcome)
    }
}
