//! `cotter pin list`.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use super::setup::{Globals, Opened};
use crate::naming::Containers;
use crate::output;
use crate::pin::Follow;

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
        self.list_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn list_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        let found = opened.pins()?;
        let (selection, problems) = opened.select(globals, &found, &self.words)?;
        globals.tell(Some(&opened.workspace), &problems);
        let containers = Containers::new(&opened.config, &found.files);
        let rows: Vec<output::PinRow> = selection
            .chosen
            .iter()
            .filter_map(|at| found.pins.get(*at))
            .map(|pin| {
                let container = containers.config(&pin.name.container);
                output::PinRow::new(
                    &opened.workspace,
                    pin,
                    &Follow::of(pin, &opened.config, container),
                )
            })
            .collect();
        match self.format {
            Format::Json => output::pins_json(&mut io::stdout().lock(), &rows),
            Format::Human => output::pins_human(&mut anstream::stdout().lock(), &rows),
        }
        .map_err(Failure::output)?;
        Ok(match problems.is_empty() {
            true => Outcome::Done,
            false => Outcome::WrongSource,
        })
    }
}
