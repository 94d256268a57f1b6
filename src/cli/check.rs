//! `cotter check`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::check_eval::compared;
use super::check_scope::{Content, Looked};
use super::failure::{Failure, FailureKind, Outcome, finish};
use super::setup::{Globals, cache_dir, commit, recover};
use super::{Format, explain};
use crate::check::baseline::{Baseline, BaselineError};
use crate::check::fix::{self, FixError, Fixed};
use crate::check::{self, Before, Clones, Finding, Rule, Scope, Subject, rules};
use crate::fod::lock::Lock;
use crate::git::{Base, Git, GitError, GitOptions};
use crate::naming::Containers;
use crate::output::{self, Diagnostic};
use crate::source::Workspace;
use crate::transaction::FileChange;

/// How long a remote may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files and folders; nothing means what is staged or, where nothing is, everything
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Check everything, as it lies on the disk
    #[arg(long, conflicts_with = "paths")]
    pub(super) all_files: bool,
    /// Look at files as they lie on the disk, not as they are staged
    #[arg(long)]
    pub(super) work_tree: bool,
    /// Compare with where the current branch left REV, instead of HEAD; with no PATH, check what has changed since
    #[arg(long, value_name = "REV")]
    pub(super) base: Option<String>,
    /// Let Nix evaluate what has recorded hashes, as it lies on the disk, and compare recipes; builds nothing
    #[arg(long)]
    pub(super) eval: bool,
    /// Ask remotes for pinned commits too; without it only clones, mirrors on this disk and what was fetched before
    #[arg(long)]
    remote: bool,
    /// Only these rules, by code or name
    #[arg(long = "rule", value_name = "CODE")]
    rules: Vec<String>,
    /// Put right what has a safe fix, on the disk
    #[arg(long)]
    pub(super) fix: bool,
    /// With --fix: write nothing; exit 1 when something would change
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// With --fix: print what changes as a unified diff
    #[arg(long, requires = "fix")]
    diff: bool,
    /// Record what is found in cotter-baseline.json: from then on only new findings count
    #[arg(long, conflicts_with_all = ["fix", "rules"])]
    write_baseline: bool,
    #[arg(long, value_enum, default_value_t)]
    format: FindingFormat,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FindingFormat {
    #[default]
    Human,
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which GitHub and Forgejo show at the lines of a change
    Github,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        let of_errors = match self.format {
            FindingFormat::Json => Format::Json,
            _ => Format::Human,
        };
        finish(of_errors, self.check(globals))
    }

    fn check(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let looked = Looked::at(self, globals)?;
        self.check_in(globals, &looked)
            .map_err(|failure| failure.shown_in(&looked.opened.workspace))
    }

    fn check_in(&self, globals: &Globals, looked: &Looked) -> Result<Outcome, Failure> {
        let rules = self.rules()?;
        let opened = &looked.opened;
        let (workspace, config) = (&opened.workspace, &opened.config);
        if self.fix || self.write_baseline {
            recover(opened, globals, self.dry_run)?;
        }
        let containers = Containers::new(config, &looked.files);
        let lock = Lock::load(workspace)?;
        let baseline = Baseline::load(workspace)?;
        let base = Base::open(workspace.root(), self.base.as_deref())?;
        let before = looked.index.as_deref().zip(base).map(|(index, base)| {
            let on_disk = looked.content == Content::OnDisk;
            Before::new(base, index, &looked.files, on_disk)
        });
        let scope = looked.scope(self, before.as_ref())?;
        let recipes = match self.eval {
            true => {
                let tracked = looked.tracked.as_deref().unwrap_or_default();
                Some(compared(opened, &looked.files, tracked, &lock)?)
            }
            false => None,
        };
        let git = Git::new(GitOptions {
            // What was fetched before is only looked into: where no home is known, there is none.
            cache_dir: match cache_dir() {
                Err(failure) if self.remote => return Err(failure),
                found => found.unwrap_or_default(),
            },
            offline: !self.remote,
            timeout: PATIENCE,
        });
        let clones = Clones::new(&git, self.remote);
        let check = |workspace: &Workspace| {
            let subject = Subject {
                workspace,
                config,
                containers: &containers,
                files: &looked.files,
                tracked: looked.tracked.as_deref(),
                lock: &lock,
                before: before.as_ref(),
                clones: Some(&clones),
                recipes: recipes.as_deref(),
            };
            check::run(&subject, &rules, &scope).findings
        };
        let new = |workspace: &Workspace| {
            let mut findings = check(workspace);
            baseline.take_out(&mut findings, workspace);
            findings
        };
        looked.tell(globals, &scope);
        if self.write_baseline {
            let findings = check(workspace);
            self.answered(&clones)?;
            return self.record(globals, looked, &baseline, &findings, &scope);
        }
        if !self.fix {
            let mut findings = check(workspace);
            let known = baseline.take_out(&mut findings, workspace);
            self.answered(&clones)?;
            let is_whole = scope == Scope::All && self.rules.is_empty();
            if is_whole && known < baseline.len() {
                let gone = baseline.len() - known;
                let message = format!(
                    "{gone} of the findings in {} are gone; `cotter check --write-baseline` drops them",
                    check::baseline::FILE
                );
                globals.tell(None, &[Diagnostic::note(message)]);
            }
            return self.conclude(workspace, &findings);
        }
        let Fixed { findings, files } = fix::all(workspace, new)?;
        self.answered(&clones)?;
        if self.diff {
            output::diff(&mut anstream::stdout().lock(), &files).map_err(Failure::output)?;
        }
        let changes: Vec<FileChange> = files.iter().map(FileChange::from).collect();
        if !self.dry_run {
            commit(opened, &changes)?;
        }
        let now = workspace.with_overlay(files.into_iter().map(|file| file.after));
        let outcome = self.conclude(&now, &findings)?;
        Ok(match self.dry_run && !changes.is_empty() {
            true => Outcome::Attention,
            false => outcome,
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

    fn record(
        &self,
        globals: &Globals,
        looked: &Looked,
        old: &Baseline,
        findings: &[Finding],
        scope: &Scope,
    ) -> Result<Outcome, Failure> {
        let new = old.with(findings, &looked.opened.workspace, scope);
        let change = new
            .change(old)
            .map_err(|error| Failure::outside(error.to_string(), None))?;
        let changes: Vec<FileChange> = change.into_iter().collect();
        commit(&looked.opened, &changes)?;
        let message = format!(
            "{} findings are recorded in {}: from now on only new ones count",
            new.len(),
            check::baseline::FILE
        );
        globals.tell(None, &[Diagnostic::note(message)]);
        Ok(Outcome::Done)
    }

    /// What could not be asked was not checked, and is no success.
    fn answered(&self, clones: &Clones) -> Result<(), Failure> {
        let failures: Vec<Diagnostic> = clones.failures().iter().map(of_git).collect();
        match failures.is_empty() {
            true => Ok(()),
            false => Err(Failure::all(FailureKind::Outside, failures)),
        }
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

    fn print(&self, workspace: &Workspace, findings: &[Finding]) -> io::Result<()> {
        let mut plain = io::stdout().lock();
        match self.format {
            FindingFormat::Human => {
                output::findings_human(&mut anstream::stdout().lock(), workspace, findings)
            }
            FindingFormat::Json => output::findings_json(&mut plain, findings),
            FindingFormat::Sarif => output::findings_sarif(&mut plain, workspace, findings),
            FindingFormat::Github => output::findings_github(&mut plain, findings),
        }
    }
}

fn of_git(error: &GitError) -> Diagnostic {
    Diagnostic {
        hint: error.hint().map(str::to_owned),
        ..Diagnostic::error(error.to_string())
    }
}

impl From<FixError> for Failure {
    fn from(error: FixError) -> Failure {
        let hint = "run without --fix, and put the findings right by hand".to_owned();
        Failure::outside(error.to_string(), Some(hint))
    }
}

impl From<BaselineError> for Failure {
    fn from(error: BaselineError) -> Failure {
        match error {
            BaselineError::Source(error) => error.into(),
            BaselineError::Invalid { file, at, message } => Failure::new(
                FailureKind::Usage,
                Diagnostic {
                    hint: Some("let `cotter check --write-baseline` write it anew".to_owned()),
                    ..Diagnostic::at(&file, at, message)
                },
            ),
        }
    }
}
