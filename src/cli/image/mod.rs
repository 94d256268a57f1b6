//! `cotter image …`.

mod emit;
mod schema;

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the expression that builds the image of a spec
    Emit(emit::Arguments),
    /// Print the JSON schema of image.toml, for editors
    Schema,
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Emit(arguments) => arguments.run(globals),
            Command::Schema => schema::run(),
        }
    }
}
