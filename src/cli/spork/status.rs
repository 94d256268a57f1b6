//! `cotter spork status`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::Format;
use crate::cli::failure::{Failure, Outcome, finish};
use crate::cli::setup::{Globals, Opened, cache_dir};
use crate::git::{Git, GitError, GitOptions};
use crate::naming::Containers;
use crate::output::{self, Diagnostic};
use crate::pin::status::{self, Request, SporkStatus, Unknown};

/// Clones are read as they are, and what was fetched before; no remote is asked without --remote.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders, containers, or names and globs such as `kingfisher:*`; nothing means every spork
    #[arg(value_name = "NAME")]
    words: Vec<String>,
    /// Read this local clone or bare mirror, instead of the one that cotter.toml names
    #[arg(long, value_name = "DIR")]
    clone: Option<PathBuf>,
    /// Ask the remotes that the sources name, instead of clones
    #[arg(long, conflicts_with = "clone")]
    remote: bool,
    /// How long a remote may stay silent
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.status(globals))
    }

    fn status(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.status_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn status_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        let found = opened.pins()?;
        let (selection, problems) = opened.select(globals, &found, &self.words)?;
        globals.tell(Some(&opened.workspace), &problems);
        let git = Git::new(GitOptions {
            cache_dir: cache_dir()?,
            offline: !self.remote,
            timeout: Duration::from_secs(self.timeout),
        });
        let clone = self.clone.as_ref().map(|clone| opened.base.join(clone));
        let request = Request {
            workspace: &opened.workspace,
            config: &opened.config,
            containers: &Containers::new(&opened.config, &found.files),
            pins: &found.pins,
            selection: &selection,
            clone: clone.as_deref(),
            remote: self.remote,
        };
        let sporks = status::survey(&git, &request);
        if sporks.is_empty() && selection.is_explicit {
            let message = "none of the pins that are meant is part of a spork";
            return Err(Failure::usage(
                message,
                Some("`cotter pin list` shows what each pin is".into()),
            ));
        }
        match self.format {
            Format::Json => output::spork_status_json(&mut io::stdout().lock(), &sporks),
            Format::Human => output::spork_status_human(&mut anstream::stdout().lock(), &sporks),
        }
        .map_err(Failure::output)?;
        let mut told: Vec<Diagnostic> = sporks.iter().filter_map(unknown).collect();
        let is_whole = told.is_empty();
        if sporks.is_empty() {
            told.push(Diagnostic::note("no spork is pinned here"));
        }
        globals.tell(None, &told);
        Ok(match (problems.is_empty(), is_whole) {
            (false, _) => Outcome::WrongSource,
            (true, false) => Outcome::Unreached,
            (true, true) => Outcome::Done,
        })
    }
}

fn unknown(spork: &SporkStatus) -> Option<Diagnostic> {
    let container = &spork.container;
    Some(match spork.facts.as_ref().err()? {
        Unknown::NoPlace => Diagnostic {
            hint: Some("name a clone in cotter.toml or with `--clone`, or write `url` as a string in the source".into()),
            ..Diagnostic::error(format!("{container}: no repository is known that has its commits"))
        },
        Unknown::Git(error) => Diagnostic {
            hint: match error {
                GitError::Offline { .. } => Some("`--remote` asks it; or name a local clone with `--clone`".into()),
                error => error.hint().map(str::to_owned),
            },
            ..Diagnostic::error(format!("{container}: {error}"))
        },
    })
}
