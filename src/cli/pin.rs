//! `cotter pin …`.

use std::process::ExitCode;

use clap::Subcommand;

use super::pin_list;
use super::setup::Globals;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every pin: what it names, where it stands, what it follows
    List(pin_list::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::List(arguments) => arguments.run(globals),
        }
    }
}
