//! `cotter pin list`.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use super::setup::Globals;
use crate::output;
use crate::pin::{self, Containers, Follow};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders, containers, or names and globs such as `kingfisher:features.*`; nothing means all
    #[arg(value_name = "PATH|NAME")]
    words: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.list(globals))
    }

    fn list(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        let found = opened.pins()?;
        let has_problems = opened.tell_problems(globals, &found);
        let selection = pin::select(&opened.workspace, &opened.base, &found.pins, &self.words)?;
        let containers = Containers::new(&opened.config, &found.files);
        let rows: Vec<output::PinRow> = selection
            .pins
            .iter()
            .filter_map(|at| found.pins.get(*at))
            .map(|pin| {
                let follow =
                    Follow::of(pin, &opened.config, containers.config(&pin.name.container));
                output::PinRow::new(&opened.workspace, pin, &follow)
            })
            .collect();
        match self.format {
            Format::Json => output::pins_json(&mut io::stdout().lock(), &rows),
            Format::Human => output::pins_human(&mut anstream::stdout().lock(), &rows),
        }
        .map_err(Failure::output)?;
        Ok(if has_problems {
            Outcome::WrongSource
        } else {
            Outcome::Done
        })
    }
}
