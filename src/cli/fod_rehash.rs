//! `cotter fod-rehash`.

use std::collections::BTreeSet;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Format;
use super::failure::{Failure, FailureKind, Outcome, finish, of_problem};
use super::rehash::{Shown, downloads, of_unevaluated};
use super::setup::{Globals, Opened, cache_dir, commit, recover};
use crate::fod;
use crate::fod::lock::Lock;
use crate::fod::native::World;
use crate::fod::output_hashes;
use crate::fod::run::{Building, Evaluation, Include, Native, Outside, Rehash, Request, rehash};
use crate::fod::target::{self, Target};
use crate::fod::{Literal, Status};
use crate::git::{self, Git, GitOptions};
use crate::naming::{self, Selection};
use crate::nix::Nix;
use crate::output::{self, Diagnostic, LiteralRow, Severity};
use crate::plan::Rewritten;
use crate::process::System;
use crate::source::{RelPath, Workspace};
use crate::syntax::Library;
use crate::transaction::FileChange;

/// Nothing is forgotten so long: a build that goes on for ever has to end some time.
const LONGEST: u64 = 7 * 24 * 3600;

/// The value of a new entry until its hash is known: a placeholder.
const NEW_ENTRY: &str = "";

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, folders, containers, or names and globs such as `kingfisher:*Hash`; nothing means all
    #[arg(value_name = "PATH|NAME")]
    words: Vec<String>,
    /// Evaluate this Nix file and no other
    #[arg(long, value_name = "FILE", conflicts_with = "flake")]
    file: Option<std::path::PathBuf>,
    /// Of that file, the attribute at this path; may be given again
    #[arg(short = 'A', long = "attr", value_name = "ATTR", requires = "file")]
    attrs: Vec<String>,
    /// Evaluate this flake of the workspace: `.`, `./sub`, `.#image`
    #[arg(long, value_name = "REF")]
    flake: Option<String>,
    /// Pass this expression as an argument of that name to the files' functions
    #[arg(long, num_args = 2, value_names = ["NAME", "EXPR"], action = clap::ArgAction::Append)]
    arg: Vec<String>,
    /// The same with a text
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"], action = clap::ArgAction::Append)]
    argstr: Vec<String>,
    /// Add to Nix's search path: `nixpkgs=PATH`
    #[arg(short = 'I', value_name = "PATH")]
    include: Vec<String>,
    /// Set an option of Nix's
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], action = clap::ArgAction::Append)]
    option: Vec<String>,
    /// Evaluate for this system instead of the machine's; building for it may need a remote builder
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// List the hash literals and placeholders, and compute nothing
    #[arg(long, conflicts_with_all = ["all", "dry_run", "diff"])]
    list: bool,
    /// Compute again what cotter.lock has as verified
    #[arg(long)]
    all: bool,
    /// Write nothing; exit 1 when something would change
    #[arg(long)]
    dry_run: bool,
    /// Print what changes as a unified diff
    #[arg(long)]
    diff: bool,
    /// How many builds at once [default: Nix's max-jobs, or the number of cores if that is 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    jobs: Option<u32>,
    /// How long one build may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    timeout: u64,
    /// Whether hashes are computed without Nix where they can be proven so
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    native: When,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// Where that can be proven, else by a build
    #[default]
    Auto,
    /// Each by a build
    Never,
    /// None by a build: Nix need not be there
    Only,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.rehash(globals))
    }

    fn rehash(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let mut opened = globals.open()?;
        self.rehash_in(globals, &mut opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn rehash_in(&self, globals: &Globals, opened: &mut Opened) -> Result<Outcome, Failure> {
        recover(opened, globals, self.dry_run)?;
        let tracked = git::tracked_files(opened.workspace.root())?;
        let files = opened.workspace.files(&RelPath::root(), &tracked);
        let mut copied = opened.workspace.files_and_links(&RelPath::root(), &tracked);
        // What follows sees the files with the entries that their lock files ask for.
        let entries = output_hashes::plan(&opened.workspace, &files, NEW_ENTRY);
        let warning = |problem| Diagnostic {
            severity: Severity::Warning,
            ..of_problem(problem)
        };
        let warnings: Vec<_> = entries.problems.iter().map(warning).collect();
        globals.tell(Some(&opened.workspace), &warnings);
        let original = opened.workspace.clone();
        opened.workspace = entries.changed(&original);
        let Opened {
            workspace, config, ..
        } = &*opened;
        let found = fod::find(workspace, config, &files);
        let selection = naming::select(workspace, &opened.base, &found.literals, &self.words)
            .map_err(|error| Failure::from(error).because_of(&found.problems))?;
        // A file that cannot be read may hold what is asked for; one that is not named may be any.
        if !found.problems.is_empty() {
            let all = found.problems.iter().map(of_problem).collect();
            return Err(Failure::all(FailureKind::Usage, all));
        }
        if self.list {
            let rows: Vec<LiteralRow> = selection
                .chosen
                .iter()
                .map(|at| LiteralRow::new(&found.literals[*at], workspace))
                .collect::<Result<_, _>>()?;
            return self.print_list(&rows).map_err(Failure::output);
        }
        let lock = Lock::load(workspace)?;
        let chosen: BTreeSet<usize> = selection.chosen.iter().copied().collect();
        let pins = opened.pins()?;
        let mut fetched = crate::pin::fetched(workspace, config, &pins, None);
        fetched.extend(entries.fetched.iter().cloned());
        let targets = self.targets(opened, &files, &copied, &found.literals, &selection)?;
        let library = Library::new(workspace);
        copied.extend(target::ignored(&targets, &files, workspace, &library));
        let settings = self.settings(opened);
        let git = Git::new(GitOptions {
            cache_dir: cache_dir()?,
            offline: false,
            timeout: Duration::from_secs(30),
        });
        let downloads = downloads(false, Duration::from_secs(30));
        let evaluation = self.evaluation(opened);
        let nix = || Ok(Nix::find(&System)?.settings(&settings));
        let request = Request {
            workspace,
            files: &copied,
            literals: &found.literals,
            chosen: &chosen,
            fetched: &fetched,
            targets: &targets,
            lock: &lock,
            all: self.all,
            native: match self.native {
                When::Auto => Native::Auto,
                When::Never => Native::Never,
                When::Only => Native::Only,
            },
            evaluation: &evaluation,
            building: Building {
                jobs: self.jobs,
                timeout: Duration::from_secs(self.timeout),
            },
        };
        let outside = Outside {
            nix: &nix,
            world: World {
                git: &git,
                downloads: &downloads,
            },
            cache_dir: &cache_dir()?,
        };
        let mut shown = Shown::new(globals);
        let mut rehash = rehash(&request, &outside, &mut shown)?;
        drop(shown);
        let written = entries
            .written(workspace, &found.literals, &selection, &mut rehash)
            .map_err(|error| Failure::outside(error.to_string(), None))?;
        self.conclude(globals, opened, &original, &rehash, &written)
    }
}

impl Arguments {
    /// What is evaluated: what was named, else what may have the literals that were asked for.
    fn targets(
        &self,
        opened: &Opened,
        files: &[RelPath],
        files_and_links: &[RelPath],
        literals: &[Literal],
        selection: &Selection,
    ) -> Result<Vec<Target>, Failure> {
        let (workspace, base) = (&opened.workspace, &opened.base);
        if let Some(file) = &self.file {
            return Ok(vec![target::file(workspace, base, file, &self.attrs)?]);
        }
        if let Some(reference) = &self.flake {
            return Ok(vec![target::flake(workspace, base, reference)?]);
        }
        let library = Library::new(workspace);
        // Nix follows a link to the file that it evaluates.
        let entries: Vec<RelPath> = files_and_links
            .iter()
            .filter(|path| path.file_name().ends_with(".nix"))
            .filter(|path| path.to_path(workspace.root()).is_file())
            .cloned()
            .collect();
        let all = target::all(&opened.config, &entries, &library);
        if !selection.is_explicit {
            return Ok(all);
        }
        let wanted: Vec<RelPath> = selection
            .chosen
            .iter()
            .map(|at| literals[*at].path().clone())
            .collect();
        Ok(target::reaching(&all, &wanted, files, &library))
    }

    /// `--option`s of `cotter.toml` and, last and so first in rank, of the command line.
    fn settings(&self, opened: &Opened) -> Vec<String> {
        let given = self.option.chunks_exact(2);
        let given =
            given.flat_map(|pair| ["--option".to_owned(), pair[0].clone(), pair[1].clone()]);
        let mut options = opened.config.nix.arguments();
        options.extend(given);
        options
    }

    fn evaluation(&self, opened: &Opened) -> Evaluation {
        let pairs = |words: &[String]| -> Vec<(String, String)> {
            let pairs = words.chunks_exact(2);
            pairs
                .map(|pair| (pair[0].clone(), pair[1].clone()))
                .collect()
        };
        let given = self.include.iter().map(|path| Include {
            path: path.clone(),
            dir: opened.folder(),
        });
        let mut evaluation = Evaluation::of(&opened.config, opened.folder());
        // Of two with one name Nix takes the last argument, and the first place of its search path.
        evaluation.args.extend(pairs(&self.arg));
        evaluation.argstrs = pairs(&self.argstr);
        evaluation.include = given.chain(evaluation.include).collect();
        evaluation.system.clone_from(&self.system);
        evaluation
    }

    fn conclude(
        &self,
        globals: &Globals,
        opened: &Opened,
        original: &Workspace,
        rehash: &Rehash,
        entries: &output_hashes::Written,
    ) -> Result<Outcome, Failure> {
        let mut told: Vec<Diagnostic> = rehash.unevaluated.iter().map(of_unevaluated).collect();
        told.extend(output::output_hashes_diagnostics(entries));
        told.extend(rehash.rows.iter().filter_map(output::fod_diagnostic));
        // Places are those of the files as they are.
        globals.tell(Some(original), &told);
        let mut changes: Vec<FileChange> = entries.files.iter().map(FileChange::from).collect();
        changes.extend(rehash.lock.change());
        let would_change = !changes.is_empty();
        if !self.dry_run {
            commit(opened, &changes)?;
        }
        let written = would_change && !self.dry_run;
        self.print(rehash, &entries.files, written)
            .map_err(Failure::output)?;
        let has_failed = rehash.rows.iter().any(|row| row.status == Status::Failed);
        Ok(match has_failed || (self.dry_run && would_change) {
            true => Outcome::Attention,
            false => Outcome::Done,
        })
    }

    fn print_list(&self, rows: &[LiteralRow]) -> io::Result<Outcome> {
        match self.format {
            Format::Json => output::literals_json(&mut io::stdout().lock(), rows)?,
            Format::Human => output::literals_human(&mut anstream::stdout().lock(), rows)?,
        }
        Ok(Outcome::Done)
    }

    fn print(&self, rehash: &Rehash, rewritten: &[Rewritten], written: bool) -> io::Result<()> {
        let rows = &rehash.rows;
        match self.format {
            Format::Json => {
                output::fods_json(&mut io::stdout().lock(), rows, rehash.rounds, written)
            }
            Format::Human if self.diff => output::diff(&mut anstream::stdout().lock(), rewritten),
            Format::Human => output::fods_human(&mut anstream::stdout().lock(), rows, self.dry_run),
        }
    }
}
