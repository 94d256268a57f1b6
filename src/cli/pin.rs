//! `cotter pin …`.

use std::process::ExitCode;

use clap::Subcommand;

use super::setup::Globals;
use super::{pin_bump, pin_list, pin_protect};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every pin: what it names, where it stands, what it follows
    List(pin_list::Arguments),
    /// Move pins to what they follow, with all that follows from them
    Bump(pin_bump::Arguments),
    /// Keep pinned commits from garbage collection: a branch per pin on the remote
    Protect(pin_protect::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::List(arguments) => arguments.run(globals),
            Command::Bump(arguments) => arguments.run(globals),
            Command::Protect(arguments) => arguments.run(globals),
        }
    }
}
