//! `cotter pin …`.

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;
use super::{pin_bump, pin_list};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every pin: what it names, where it stands, what it follows
    List(pin_list::Arguments),
    /// Move pins to what they follow, with all that follows from them
    Bump(pin_bump::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::List(arguments) => arguments.run(globals),
            Command::Bump(arguments) => arguments.run(globals),
        }
    }
}
