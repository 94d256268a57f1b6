//! `cotter spork …`.

mod emit;
mod facts;
mod one;
mod status;

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a spork's default.nix from a clone and its feature branches
    Emit(Box<emit::Arguments>),
    /// Say how sporks stand: behind their branches, on upstream, to each other, and what a garbage collection would lose
    Status(status::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Emit(arguments) => arguments.run(globals),
            Command::Status(arguments) => arguments.run(globals),
        }
    }
}
