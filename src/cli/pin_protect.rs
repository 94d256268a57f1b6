//! `cotter pin protect`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Format;
use super::failure::{Failure, FailureKind, Outcome, finish};
use super::setup::{Globals, Opened, cache_dir};
use crate::config::Config;
use crate::git::{Git, GitOptions};
use crate::naming::Containers;
use crate::output::{self, Diagnostic};
use crate::pin::protect::{self, Prefix, ProtectError, Protection, Request, Unfit, UnfitReason};
use crate::pin::{Found, Pin};
use crate::process::System;

/// How long a remote may take to list its refs.
const LIST: u64 = 60;
/// How long a push may take.
const PUSH: u64 = 600;

/// A mirror sync rebases feature branches; the pinned commits are then held by no branch any more, and the remote may
/// drop them. With --push each of them gets a branch `pins/CONTAINER/SHORT-REV` on its remote, and such branches of
/// the same containers that no pin of this work tree names any more go.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Containers, or names and globs such as `kingfisher:features.*`; nothing means every spork. A pin that is no part
    /// of a spork is meant only by its name
    #[arg(value_name = "NAME")]
    words: Vec<String>,
    /// Do it; without this it is only shown
    #[arg(long)]
    push: bool,
    /// A clone or bare mirror that has the commits, instead of the one that cotter.toml names
    #[arg(long, value_name = "DIR")]
    clone: Option<PathBuf>,
    /// Ask no remote: clones, local paths and what was fetched before
    #[arg(long, conflicts_with = "push")]
    offline: bool,
    /// How long a remote may be silent, and a push may take [default: 60, and 600 for a push]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.protect(globals))
    }

    fn protect(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        let prefix = prefix(&opened.config)?;
        let found = opened.pins()?;
        let (selection, problems) = opened.select(globals, &found, &self.words)?;
        globals.tell(Some(&opened.workspace), &problems);
        let has_problems = !problems.is_empty();
        let clone = self.clone.as_ref().map(|clone| opened.base.join(clone));
        let request = Request {
            pins: &found.pins,
            selection: &selection,
            words: &self.words,
            config: &opened.config,
            containers: &Containers::new(&opened.config, &found.files),
            prefix: &prefix,
            root: opened.workspace.root(),
            clone: clone.as_deref(),
            // Of any container: what it pins too is not to go.
            may_prune: found.problems.is_empty(),
        };
        let git = Git::new(self.git_options()?);
        let protection = protect::plan(&git, &request).map_err(failure)?;
        let pushed = self.push && protection.would_change() && self.carry_out(&git, &protection)?;
        match self.format {
            Format::Json => {
                output::protect_json(&mut io::stdout().lock(), &protection.rows, pushed)
            }
            Format::Human => {
                output::protect_human(&mut anstream::stdout().lock(), &protection.rows, pushed)
            }
        }
        .map_err(Failure::output)?;
        tell(globals, &opened, &found.pins, &protection, self.push);
        let is_whole = protection.gone().next().is_none() && (pushed || !protection.would_change());
        Ok(
            match (has_problems || !protection.unfit.is_empty(), is_whole) {
                (true, _) => Outcome::WrongSource,
                (false, false) => Outcome::Attention,
                (false, true) => Outcome::Done,
            },
        )
    }

    fn carry_out(&self, git: &Git, protection: &Protection) -> Result<bool, Failure> {
        let timeout = Duration::from_secs(self.timeout.unwrap_or(PUSH));
        let pushed = protect::push(&System, git, protection, timeout).map_err(|errors| {
            Failure::all(
                FailureKind::Outside,
                errors.iter().map(diagnostic).collect(),
            )
        })?;
        // What this one has heard of the remotes is of before.
        let git = Git::new(self.git_options()?);
        protect::verify(&git, protection).map_err(failure)?;
        Ok(pushed)
    }

    fn git_options(&self) -> Result<GitOptions, Failure> {
        Ok(GitOptions {
            cache_dir: cache_dir()?,
            offline: self.offline,
            timeout: Duration::from_secs(self.timeout.unwrap_or(LIST)),
        })
    }
}

fn prefix(config: &Config) -> Result<Prefix, Failure> {
    let Some(text) = &config.policy.pins_prefix else {
        return Ok(Prefix::default());
    };
    Prefix::parse(text.get_ref()).map_err(|message| {
        config
            .error(text.span(), format!("pins-prefix: {message}"))
            .into()
    })
}

fn diagnostic(error: &ProtectError) -> Diagnostic {
    Diagnostic {
        hint: error.hint(),
        ..Diagnostic::error(error.to_string())
    }
}

fn failure(error: ProtectError) -> Failure {
    let kind = match error.is_usage() {
        true => FailureKind::Usage,
        false => FailureKind::Outside,
    };
    Failure::new(kind, diagnostic(&error))
}

/// What the result alone does not say.
fn tell(
    globals: &Globals,
    opened: &Opened,
    pins: &[Pin],
    protection: &Protection,
    was_to_push: bool,
) {
    let at = |pin: Option<&Pin>, message: String, hint: String| {
        let place = pin.and_then(|pin| Found::place(&opened.workspace, pin));
        let diagnostic = match place {
            Some((file, position)) => Diagnostic::at(file.path(), position, message),
            None => Diagnostic::error(message),
        };
        Diagnostic {
            hint: Some(hint),
            ..diagnostic
        }
    };
    let mut diagnostics = Vec::new();
    for Unfit { pin, reason } in &protection.unfit {
        let pin = pins.get(*pin);
        let name = pin.map(|pin| pin.name.to_string()).unwrap_or_default();
        let (what, hint) = match reason {
            UnfitReason::NoRemote => (
                "does not say where it is fetched from",
                "write `url` as a string beside it",
            ),
            UnfitReason::NoCommit => ("names no full commit", "pin all 40 digits of the commit"),
        };
        let message = format!("`{name}` cannot be protected: it {what}");
        diagnostics.push(at(pin, message, hint.to_owned()));
    }
    for (pin, row) in protection.gone() {
        let pin = pins.get(pin);
        let name = pin.map(|pin| pin.name.to_string()).unwrap_or_default();
        let container = pin.map_or("", |pin| pin.name.container.as_str());
        let message = format!(
            "`{name}` pins {}, which {} no longer has, and no clone or cache here has it",
            row.rev, row.remote
        );
        let hint = format!(
            "name a clone that still has it with `--clone DIR`, or move the pin: `cotter pin bump {container}`"
        );
        diagnostics.push(at(pin, message, hint));
    }
    if protection.would_change() && !was_to_push {
        diagnostics.push(Diagnostic::note("nothing was pushed; `--push` makes it so"));
    }
    if protection.rows.is_empty() && protection.unfit.is_empty() {
        diagnostics.push(Diagnostic::note("no spork is pinned here"));
    }
    globals.tell(Some(&opened.workspace), &diagnostics);
}
