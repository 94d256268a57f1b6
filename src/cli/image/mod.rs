//! `cotter image …`.

mod choose;
mod emit;
mod explain;
mod migrate;
mod schema;

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say which build method fits a folder, and why
    Choose(choose::Arguments),
    /// Write the expression that builds the image of a spec
    Emit(emit::Arguments),
    /// Make a spec, and what builds its image, from a Dockerfile; list what a person has to decide
    Migrate(migrate::Arguments),
    /// Print the JSON schema of image.toml, for editors
    Schema,
    /// Say what an image consists of: its layers, why each store path is there, what would be pushed again
    Explain(explain::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Choose(arguments) => arguments.run(globals),
            Command::Emit(arguments) => arguments.run(globals),
            Command::Migrate(arguments) => arguments.run(globals),
            Command::Schema => schema::run(),
            Command::Explain(arguments) => arguments.run(globals),
        }
    }
}
