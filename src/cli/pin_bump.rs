//! `cotter pin bump`.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Format;
use super::failure::{Failure, FailureKind, Outcome, finish, of_problem};
use super::rehash::{Shown, downloads};
use super::setup::{Globals, Opened, cache_dir, commit, recover};
use crate::bump_hashes::BumpHashes;
use crate::fod::lock::Lock;
use crate::fod::run::Building;
use crate::git::{Git, GitOptions};
use crate::naming::refuse_twins;
use crate::output::{self, Diagnostic, Severity};
use crate::pin::bump::{self, Bump, BumpError, Remark, Request, World};
use crate::pin::{self, Found};
use crate::plan::Rewritten;
use crate::process::System;
use crate::spot::SpotError;
use crate::transaction::FileChange;

/// A build that goes on for ever has to end some time.
const LONGEST_BUILD: u64 = 7 * 24 * 3600;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders, containers, or names and globs such as `kingfisher:features.*`; nothing means all
    #[arg(value_name = "PATH|NAME")]
    words: Vec<String>,
    /// Move the named pins there, whatever they follow
    #[arg(long, value_name = "REV|REF|TAG|VERSION")]
    to: Option<String>,
    /// Look in this local clone or bare mirror instead of the remote; it is only read
    #[arg(long, value_name = "DIR")]
    clone: Option<PathBuf>,
    /// Ask no remote: use clones and what was fetched before
    #[arg(long)]
    offline: bool,
    /// Write nothing; exit 1 when something would change
    #[arg(long)]
    dry_run: bool,
    /// Print what changes as a unified diff
    #[arg(long)]
    diff: bool,
    /// How long a remote may stay silent
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Leave pins whose hash needs a build as they are
    #[arg(long)]
    no_build: bool,
    /// How many builds at once [default: Nix's max-jobs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    jobs: Option<u32>,
    /// How long one build may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=LONGEST_BUILD))]
    build_timeout: u64,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.bump(globals))
    }

    fn bump(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.bump_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn bump_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        recover(opened, globals, self.dry_run)?;
        let found = opened.pins()?;
        let (selection, problems) = opened.select(globals, &found, &self.words)?;
        refuse_twins(&selection.chosen, &found.pins)?;
        // A file that cannot be read may name what is to move.
        if !problems.is_empty() {
            return Err(Failure::all(FailureKind::Usage, problems));
        }
        let git = Git::new(GitOptions {
            cache_dir: cache_dir()?,
            offline: self.offline,
            timeout: Duration::from_secs(self.timeout),
        });
        let lock = Lock::load(&opened.workspace)?;
        let building = Building {
            jobs: self.jobs,
            timeout: Duration::from_secs(self.build_timeout),
        };
        let mut shown = Shown::new(globals);
        let hashes = BumpHashes {
            config: &opened.config,
            folder: opened.folder(),
            cache_dir: cache_dir()?,
            watch: RefCell::new(&mut shown),
            git: &git,
            downloads: downloads(self.offline, Duration::from_secs(self.timeout)),
            building: (!self.no_build && !self.offline).then_some(building),
            lock: &lock,
            known: RefCell::default(),
        };
        let world = World {
            git: &git,
            runner: &System,
            hashes: &hashes,
            offline: self.offline,
        };
        let request = Request {
            to: self.to.clone(),
            clone: self.clone.as_ref().map(|dir| opened.base.join(dir)),
        };
        let bump = bump::plan(
            &opened.workspace,
            &opened.config,
            &found,
            &selection,
            &request,
            &world,
        )?;
        let rewritten = bump
            .plan
            .apply(&opened.workspace)
            .map_err(BumpError::from)?;
        self.tell(globals, opened, &bump);
        let written = !self.dry_run && !rewritten.is_empty();
        if written {
            let mut changes: Vec<FileChange> = rewritten.iter().map(FileChange::from).collect();
            changes.extend(recorded(opened, &found, &request, &rewritten, &hashes));
            commit(opened, &changes)?;
        }
        self.print(&bump, &rewritten, written)
            .map_err(Failure::output)?;
        let would_change = self.dry_run && !rewritten.is_empty();
        Ok(match would_change || !bump.left.is_empty() {
            true => Outcome::Attention,
            false => Outcome::Done,
        })
    }

    fn tell(&self, globals: &Globals, opened: &Opened, bump: &Bump) {
        let remark = |severity: Severity| {
            move |remark: &Remark| Diagnostic {
                severity,
                ..match &remark.at {
                    Some((file, at)) => Diagnostic::at(file, *at, &remark.message),
                    None => Diagnostic::error(&remark.message),
                }
            }
        };
        let mut told: Vec<Diagnostic> = bump
            .warnings
            .iter()
            .map(remark(Severity::Warning))
            .collect();
        told.extend(bump.notes.iter().map(remark(Severity::Note)));
        told.extend(bump.left.iter().map(output::left_diagnostic));
        globals.tell(Some(&opened.workspace), &told);
        for line in &bump.trail {
            globals.detail(line);
        }
    }

    fn print(&self, bump: &Bump, rewritten: &[Rewritten], written: bool) -> io::Result<()> {
        match self.format {
            Format::Json => output::bump_json(&mut io::stdout().lock(), bump, written),
            Format::Human if self.diff => output::diff(&mut anstream::stdout().lock(), rewritten),
            Format::Human => output::bump_human(&mut anstream::stdout().lock(), bump, self.dry_run),
        }
    }
}

/// What changes in cotter.lock along with the files.
fn recorded(
    opened: &Opened,
    found: &Found,
    request: &Request,
    rewritten: &[Rewritten],
    hashes: &BumpHashes,
) -> Option<FileChange> {
    if !hashes.lock.is_there() {
        return None;
    }
    let text = |file: &Rewritten| file.after.with_text(file.after.text().to_owned());
    let changed = rewritten.iter().map(text);
    let after = opened.workspace.with_overlay(changed);
    let again = pin::find(&after, &opened.config, found.files.clone());
    hashes.lock_change(
        (&opened.workspace, found),
        (&after, &again),
        request.clone.as_deref(),
    )
}

impl From<BumpError> for Failure {
    fn from(error: BumpError) -> Failure {
        let many = Failure::all;
        match error {
            BumpError::Request(message) => Failure::usage(message, None),
            BumpError::Source(problems) => many(
                FailureKind::Usage,
                problems.iter().map(of_problem).collect(),
            ),
            BumpError::Invariant(violations) => many(
                FailureKind::Invariant,
                violations
                    .into_iter()
                    .map(|violation| Diagnostic {
                        hint: violation.hint,
                        ..match &violation.at {
                            Some((file, at)) => Diagnostic::at(file, *at, violation.message),
                            None => Diagnostic::error(violation.message),
                        }
                    })
                    .collect(),
            ),
            BumpError::Git(errors) => {
                let is_word = errors.iter().all(|error| error.is_about_a_name());
                let kind = if is_word {
                    FailureKind::Usage
                } else {
                    FailureKind::Outside
                };
                many(kind, errors.iter().map(of_git).collect())
            }
            BumpError::Nix(error) => {
                Failure::outside(error.to_string(), error.hint().map(str::to_owned))
            }
            BumpError::Plan(error) => Failure::outside(error.to_string(), None),
            BumpError::Read(error) => error.into(),
            BumpError::Config(error) => error.into(),
            BumpError::Manifest(error) | BumpError::Spot(SpotError::Manifest(error)) => {
                let (at, message) = error.place();
                let diagnostic = Diagnostic {
                    hint: error.hint().map(str::to_owned),
                    ..Diagnostic::at(error.file(), at, message)
                };
                Failure::new(FailureKind::Usage, diagnostic)
            }
            BumpError::Spot(error) => Failure::usage(error.to_string(), None),
            BumpError::Unproven(_) => Failure::outside(
                error.to_string(),
                Some("this is a bug of cotter's; the files are as they were".to_owned()),
            ),
        }
    }
}

fn of_git(error: &crate::git::GitError) -> Diagnostic {
    Diagnostic {
        hint: error.hint().map(str::to_owned),
        ..Diagnostic::error(error.to_string())
    }
}
