//! `cotter image choose`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::Format;
use crate::cli::failure::{Failure, Outcome, finish};
use crate::cli::setup::Globals;
use crate::image::choose;
use crate::image::spec;
use crate::output;

/// nix2container where Nix builds the component, rules_img where every input is a target of Bazel, a Dockerfile for the
/// rest; with the reasons, what would change the answer, and an image.toml to start from. Nothing is run or written.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of the component [default: this one]
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.choose(globals))
    }

    fn choose(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let (workspace, folder) = globals.workspace_of(&self.folder)?;
        if !folder.to_path(workspace.root()).is_dir() {
            let message = format!("{}: not a folder", self.folder.display());
            return Err(Failure::usage(
                message,
                Some("name the folder of the component".to_owned()),
            ));
        }
        let choice = choose::choose(&workspace, &folder);
        let spec = match &choice.spec {
            Some(spec) => Some(
                spec::to_toml(spec).map_err(|error| Failure::outside(error.to_string(), None))?,
            ),
            None => None,
        };
        match self.format {
            Format::Json => {
                output::image_choose_json(&mut io::stdout().lock(), &choice, spec.as_deref())
            }
            Format::Human => {
                output::image_choose_human(&mut anstream::stdout().lock(), &choice, spec.as_deref())
            }
        }
        .map_err(Failure::output)?;
        Ok(Outcome::Done)
    }
}
