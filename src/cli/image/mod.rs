//! `cotter image …`.

mod emit;
mod explain;
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
    /// Say what an image consists of: its layers, why each store path is there, what would be pushed again
    Explain(explain::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Emit(arguments) => arguments.run(globals),
            Command::Schema => schema::run(),
            Command::Explain(arguments) => arguments.run(globals),
        }
    }
}
