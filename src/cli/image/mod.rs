//! `cotter image …`.

mod explain;

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what an image consists of: its layers, why each store path is there, what would be pushed again
    Explain(explain::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Explain(arguments) => arguments.run(globals),
        }
    }
}
