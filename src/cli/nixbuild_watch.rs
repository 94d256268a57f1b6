//! `cotter nixbuild watch`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use super::nixbuild::{BuildOptions, node, settings};
use super::setup::{Globals, Opened, cache_dir};
use crate::nixbuild::{Board, Wanted, Watch};
use crate::output;
use crate::process::{System, at_interrupt};
use crate::work_copy::Scratch;

/// Builds and loads what the NixBuilds of a folder name, and again as they change, as an operator does in a cluster.
///
/// There is one build for each flake, package and system, however many ask for it. What becomes of each is in a file of
/// its own below the folder of status files.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of manifests, and all folders in it
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    options: BuildOptions,
    /// The folder of status files [default: `status` in DIR]
    #[arg(long, value_name = "DIR")]
    status: Option<PathBuf>,
    /// How many builds at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// End when all is built; exit 1 when something could not be
    #[arg(long)]
    once: bool,
    /// JSON is an object on a line for each build that begins or ends
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.watch(globals))
    }

    fn watch(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        let dir = opened.base.join(&self.dir);
        let no_folder =
            |error: io::Error| Failure::usage(format!("{}: {error}", self.dir.display()), None);
        let dir = dir.canonicalize().map_err(no_folder)?;
        if !dir.is_dir() {
            return Err(Failure::usage(
                format!("{}: no folder", self.dir.display()),
                None,
            ));
        }
        let status_dir = match &self.status {
            Some(folder) => opened.base.join(folder),
            None => dir.join("status"),
        };
        std::fs::create_dir_all(&status_dir).map_err(no_folder)?;
        let status_dir = status_dir.canonicalize().map_err(no_folder)?;
        let scratch = Arc::new(Scratch::make(&cache_dir()?)?);
        let format = self.format;
        let board = Arc::new(Board::new(
            node(),
            status_dir.clone(),
            Box::new(move |report| {
                // Nobody reads it any more: what is written is written.
                let _ = match format {
                    Format::Json => output::report_json(&mut io::stdout().lock(), report),
                    Format::Human => output::report_human(&mut anstream::stdout().lock(), report),
                };
                let _ = io::stdout().flush();
            }),
        ));
        let (at_end, folder) = (board.clone(), scratch.dir().to_owned());
        at_interrupt(move || {
            at_end.interrupt();
            // The next run finds what cannot be removed.
            let _ = std::fs::remove_dir_all(&folder);
            std::process::exit(0);
        })
        .map_err(|error| Failure::outside(format!("signals cannot be heard: {error}"), None))?;
        self.watch_in(&opened, &dir, &status_dir, &scratch, board)
    }

    fn watch_in(
        &self,
        opened: &Opened,
        dir: &std::path::Path,
        status_dir: &std::path::Path,
        scratch: &Scratch,
        board: Arc<Board>,
    ) -> Result<Outcome, Failure> {
        let settings = settings(opened);
        let loader = self.options.loader(opened, &System);
        let this_system = Wanted::this_system();
        let watch = Watch {
            dir,
            status_dir,
            system: self.options.system.as_deref().unwrap_or(&this_system),
            jobs: usize::from(self.jobs),
            settings: &settings,
            builders: self.options.builders.as_deref(),
            timeout: self.options.timeout(),
            loader: loader.as_ref(),
            rename: self.options.rename,
            folder: scratch.dir(),
            runner: &System,
            board,
        };
        if self.once {
            return Ok(match watch.once()? {
                true => Outcome::Done,
                false => Outcome::Attention,
            });
        }
        watch.forever()?;
        Ok(Outcome::Done)
    }
}
