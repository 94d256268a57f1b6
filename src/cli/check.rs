//! `cotter check`.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome, finish};
use super::setup::{Globals, Opened, commit, recover};
use super::{Format, explain};
use crate::check::fix::{self, FixError, Fixed};
use crate::check::{self, Finding, Rule, Scope, Subject, rules};
use crate::fod::lock::Lock;
use crate::git;
use crate::naming::Containers;
use crate::output;
use crate::source::{RelPath, Workspace};
use crate::transaction::FileChange;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files and folders; nothing means what is staged
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Check everything, as it lies on the disk
    #[arg(long, conflicts_with = "paths")]
    all_files: bool,
    /// Put right what has a safe fix, on the disk
    #[arg(long)]
    fix: bool,
    /// With --fix: write nothing; exit 1 when something would change
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// With --fix: print what changes as a unified diff
    #[arg(long, requires = "fix")]
    diff: bool,
    /// Only these rules, by code or name
    #[arg(long = "rule", value_name = "CODE")]
    rules: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    format: FindingFormat,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FindingFormat {
    #[default]
    Human,
    Json,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        let of_errors = match self.format {
            FindingFormat::Json => Format::Json,
            FindingFormat::Human => Format::Human,
        };
        finish(of_errors, self.check(globals))
    }

    fn check(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.check_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn check_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        let rules = self.rules()?;
        let Opened {
            workspace, config, ..
        } = opened;
        if self.fix {
            recover(opened, globals, self.dry_run)?;
        }
        let tracked = git::tracked_files(workspace.root())?;
        let files = workspace.files(&RelPath::root(), &tracked);
        let containers = Containers::new(config, &files);
        let lock = Lock::load(workspace)?;
        let scope = match self.paths.is_empty() {
            true => Scope::All,
            false => self.scope(opened, &files)?,
        };
        let check = |workspace: &Workspace| {
            let subject = Subject {
                workspace,
                config,
                containers: &containers,
                files: &files,
                tracked: Some(&tracked),
                lock: &lock,
            };
            check::run(&subject, &rules, &scope)
        };
        if !self.fix {
            return self.conclude(workspace, &check(workspace).findings);
        }
        let Fixed { checked, files } = fix::all(workspace, check)?;
        if self.diff {
            output::diff(&mut anstream::stdout().lock(), &files).map_err(Failure::output)?;
        }
        let changes: Vec<FileChange> = files.iter().map(FileChange::from).collect();
        if !self.dry_run {
            commit(opened, &changes)?;
        }
        let now = workspace.with_overlay(files.into_iter().map(|file| file.after));
        let outcome = self.conclude(&now, &checked.findings)?;
        Ok(match self.dry_run && !changes.is_empty() {
            true => Outcome::Attention,
            false => outcome,
        })
    }

    fn conclude(&self, workspace: &Workspace, findings: &[Finding]) -> Result<Outcome, Failure> {
        if !self.diff {
            self.print(workspace, findings).map_err(Failure::output)?;
        }
        Ok(match findings.is_empty() {
            true => Outcome::Done,
            false => Outcome::Attention,
        })
    }

    fn rules(&self) -> Result<Vec<&'static Rule>, Failure> {
        if self.rules.is_empty() {
            return Ok(rules::ALL.to_vec());
        }
        let mut chosen = Vec::new();
        for word in &self.rules {
            chosen.push(explain::rule(word)?);
        }
        chosen.sort_by_key(|rule: &&Rule| rule.code);
        chosen.dedup_by_key(|rule| rule.code);
        Ok(chosen)
    }

    fn scope(&self, opened: &Opened, files: &[RelPath]) -> Result<Scope, Failure> {
        let mut asked = BTreeSet::new();
        for path in &self.paths {
            let path = opened.workspace.locate(&opened.base, path)?;
            asked.extend(files.iter().filter(|file| file.is_within(&path)).cloned());
        }
        Ok(Scope::Files(asked))
    }

    fn print(&self, workspace: &Workspace, findings: &[Finding]) -> io::Result<()> {
        match self.format {
            FindingFormat::Human => {
                output::findings_human(&mut anstream::stdout().lock(), workspace, findings)
            }
            FindingFormat::Json => output::findings_json(&mut io::stdout().lock(), findings),
        }
    }
}

impl From<FixError> for Failure {
    fn from(error: FixError) -> Failure {
        let hint = "run without --fix, and put the findings right by hand".to_owned();
        Failure::outside(error.to_string(), Some(hint))
    }
}
