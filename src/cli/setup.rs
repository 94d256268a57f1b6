//! What every command begins with: the workspace, its configuration and its pins.

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::Config;
use crate::git;
use crate::naming::{self, Containers, Selection};
use crate::output::{self, Diagnostic, Severity};
use crate::pin::{self, Found};
use crate::problem::Problem;
use crate::source::{RelPath, Workspace};
use crate::syntax::STACK_SIZE;
use crate::transaction::{self, FileChange, TransactionError};

use super::failure::{Failure, FailureKind, of_problem};

/// What holds for every command.
#[derive(Debug)]
pub struct Globals {
    pub root: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub quiet: bool,
    pub verbose: u8,
}

/// The workspace, opened.
pub struct Opened {
    pub workspace: Workspace,
    pub config: Config,
    /// The folder that the user's paths are seen from.
    pub base: PathBuf,
}

impl Globals {
    pub fn open(&self) -> Result<Opened, Failure> {
        self.open_in(self.workspace()?)
    }

    /// The workspace, by its place alone.
    pub fn workspace(&self) -> Result<Workspace, Failure> {
        let base = current_dir()?;
        let workspace = match &self.root {
            Some(root) => Workspace::at(&base.join(root))?,
            None => Workspace::discover(&base)?,
        };
        Ok(workspace.remembering())
    }

    /// The workspace of what the user named, a file or a folder, and its path there.
    pub fn workspace_of(&self, path: &Path) -> Result<(Workspace, RelPath), Failure> {
        let base = current_dir()?;
        let full = base.join(path);
        let workspace = match &self.root {
            Some(root) => Workspace::at(&base.join(root))?,
            None if full.is_dir() => Workspace::discover(&full)?,
            None => Workspace::discover(full.parent().unwrap_or(&base))?,
        };
        let found = workspace.locate(&base, path)?;
        Ok((workspace.remembering(), found))
    }

    /// `workspace` with what is said in it about it.
    pub fn open_in(&self, workspace: Workspace) -> Result<Opened, Failure> {
        let base = current_dir()?;
        let config = match &self.config {
            Some(path) => {
                let path = workspace.locate(&base, path)?;
                Config::load(&workspace, Some(&path))?
            }
            None => Config::load(&workspace, None)?,
        };
        Ok(Opened {
            workspace,
            config,
            base,
        })
    }

    /// Messages that are not the result.
    pub fn tell(&self, opened: Option<&Workspace>, diagnostics: &[Diagnostic]) {
        let told: Vec<Diagnostic> = diagnostics
            .iter()
            .filter(|diagnostic| !self.quiet || diagnostic.severity == Severity::Error)
            .cloned()
            .collect();
        // Nobody is left to tell when these cannot be written.
        let _ = output::diagnostics(&mut anstream::stderr().lock(), opened, &told);
    }

    /// A line about what was done, with `-v`.
    pub fn detail(&self, line: impl std::fmt::Display) {
        if self.verbose > 0 && !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{line}");
        }
    }
}

/// The folder that the user is in.
pub fn current_dir() -> Result<PathBuf, Failure> {
    env::current_dir()
        .map_err(|error| Failure::outside(format!("the current folder: {error}"), None))
}

impl Opened {
    /// The folder that the user is in, where it is one of the workspace; else its root.
    pub fn folder(&self) -> RelPath {
        let inside = self.base.strip_prefix(self.workspace.root());
        inside
            .ok()
            .and_then(RelPath::new)
            .unwrap_or_else(RelPath::root)
    }

    /// A folder that a command writes to, and makes where it is not there.
    pub fn destination(&self, dir: &Path) -> Result<RelPath, Failure> {
        let mut missing = Vec::new();
        let mut there = self.base.join(dir);
        while !there.exists() {
            let (Some(name), Some(parent)) = (there.file_name(), there.parent()) else {
                break;
            };
            missing.push(name.to_owned());
            there = parent.to_owned();
        }
        let folder = self.workspace.locate(&self.base, &there)?;
        let path: PathBuf = missing.iter().rev().collect();
        folder.join(path).ok_or_else(|| {
            let message = format!("{}: no folder of this workspace", dir.display());
            Failure::usage(message, None)
        })
    }

    /// Every pin of the workspace.
    pub fn pins(&self) -> Result<Found, Failure> {
        let tracked = git::tracked_files(self.workspace.root())?;
        let files = self.workspace.files(&RelPath::root(), &tracked);
        let found = pin::find(&self.workspace, &self.config, files);
        for name in self.config.pin.keys() {
            if !found
                .pins
                .iter()
                .any(|pin| pin.name.to_string() == *name.get_ref())
            {
                let message = format!(
                    "no pin is named `{}`; `cotter pin list` shows all names",
                    name.get_ref()
                );
                return Err(self.config.error(name.span(), message).into());
            }
        }
        Ok(found)
    }

    /// The pins that `words` mean, and the problems of files that may hold more of them. Problems of other files are
    /// told as warnings.
    pub fn select(
        &self,
        globals: &Globals,
        found: &Found,
        words: &[String],
    ) -> Result<(Selection, Vec<Diagnostic>), Failure> {
        let selection =
            naming::select(&self.workspace, &self.base, &found.pins, words).map_err(|error| {
                // What was meant may stand in a file that cannot be read.
                Failure::from(error).because_of(&found.problems)
            })?;
        let containers = Containers::new(&self.config, &found.files);
        let meant: BTreeSet<&str> = selection
            .chosen
            .iter()
            .map(|at| found.pins[*at].name.container.as_str())
            .collect();
        let concerns = |problem: &&Problem| {
            !selection.is_explicit
                || selection
                    .paths
                    .iter()
                    .any(|path| problem.file.is_within(path))
                || meant.contains(containers.name_of(&problem.file).as_str())
        };
        let (ours, others): (Vec<_>, Vec<_>) = found.problems.iter().partition(concerns);
        let warning = |problem| Diagnostic {
            severity: Severity::Warning,
            ..of_problem(problem)
        };
        globals.tell(
            Some(&self.workspace),
            &others.into_iter().map(warning).collect::<Vec<_>>(),
        );
        Ok((selection, ours.into_iter().map(of_problem).collect()))
    }
}

/// Repairs what an earlier run left when it was killed; a dry run only says that there is something.
pub fn recover(opened: &Opened, globals: &Globals, dry_run: bool) -> Result<(), Failure> {
    let root = opened.workspace.root();
    if dry_run {
        if transaction::is_interrupted(root)? {
            let message =
                "an earlier run was interrupted; the next one that writes repairs what it left";
            globals.tell(None, &[Diagnostic::warning(message)]);
        }
        return Ok(());
    }
    if let Some(recovery) = transaction::recover(root)? {
        globals.tell(
            None,
            &[Diagnostic::warning(recovery.to_string().trim_end())],
        );
    }
    Ok(())
}

/// Writes all files or none.
pub fn commit(opened: &Opened, changes: &[FileChange]) -> Result<(), Failure> {
    Ok(transaction::commit(opened.workspace.root(), changes)?)
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Failure {
        use TransactionError as E;
        let (kind, path) = match &error {
            E::ReadOnly { path }
            | E::Outside { path, .. }
            | E::LinkLoop { path }
            | E::NotAFile { path } => (FailureKind::Usage, Some(path)),
            E::SameFile { .. } => (FailureKind::Usage, None),
            E::Changed { path } | E::Missing { path } | E::Exists { path } => {
                (FailureKind::Outside, Some(path))
            }
            _ => (FailureKind::Outside, None),
        };
        let file = path.and_then(|path| RelPath::new(path.to_str()?));
        let text = error.to_string();
        // The place is shown before the message.
        let message = match &file {
            Some(file) => text.strip_prefix(&format!("{file}: ")).unwrap_or(&text),
            None => &text,
        };
        let (message, hint) = match message.split_once(" (hint: ") {
            Some((message, hint)) => (message, Some(hint.trim_end_matches(')').to_owned())),
            None => (message, None),
        };
        let diagnostic = Diagnostic {
            file,
            hint,
            ..Diagnostic::error(message)
        };
        Failure::new(kind, diagnostic)
    }
}

/// Where fetched repositories are kept.
pub fn cache_dir() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy;
    if let Some(dir) = env::var_os("COTTER_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(Path::new(&dir).to_path_buf());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        let message = "no home folder is known, so there is no place for fetched repositories";
        Failure::new(
            FailureKind::Outside,
            Diagnostic {
                hint: Some("set COTTER_CACHE_DIR to a folder".into()),
                ..Diagnostic::error(message)
            },
        )
    })?;
    Ok(strategy.cache_dir().join("cotter"))
}

/// Runs `command` where the parser of Nix has the stack that it may need, here and in the threads of the pool.
pub fn on_big_stack(command: impl FnOnce() -> ExitCode + Send + 'static) -> ExitCode {
    // A second pool is refused only when one is there already; then it is ours.
    let _ = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_SIZE)
        .build_global();
    let thread = std::thread::Builder::new()
        .name("cotter".into())
        .stack_size(STACK_SIZE)
        .spawn(command);
    match thread.map(|thread| thread.join()) {
        Ok(Ok(code)) => code,
        // A panic has told itself.
        Ok(Err(_)) => ExitCode::from(101),
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "cotter: no thread could be started: {error}"
            );
            ExitCode::from(3)
        }
    }
}
