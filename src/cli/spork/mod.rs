//! `cotter spork …`.

mod emit;

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a spork's default.nix from a clone and its feature branches
    Emit(emit::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Emit(arguments) => arguments.run(globals),
        }
    }
}
