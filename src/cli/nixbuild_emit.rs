//! `cotter nixbuild emit`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use super::setup::{Globals, Opened, commit, recover};
use crate::nixbuild::{Existing, Given, Values};
use crate::output;
use crate::plan::{Change, Rewritten};
use crate::source::RelPath;
use crate::transaction::FileChange;

/// Writes a NixBuild of a container, or the annotations that stand for one on its pods.
///
/// What is not given is what cotter.toml says; else what the file says already; else what follows from the work tree:
/// the URL of its remote `origin` at the commit that is checked out, which is the tag too.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The container, after which the object is called
    #[arg(value_name = "NAME")]
    name: String,
    /// The flake, at a revision
    #[arg(long, value_name = "URL")]
    flake_url: Option<String>,
    /// The image's name with its tag
    #[arg(long, value_name = "REFERENCE", conflicts_with = "tag")]
    image_tag: Option<String>,
    /// The tag, of the image that cotter.toml names
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// The attribute path below `packages.SYSTEM` of the flake
    #[arg(long, value_name = "ATTR")]
    package: Option<String>,
    /// Such as aarch64-linux [default: Linux on this machine's processor]
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// The version of the API, of a new object
    #[arg(long, value_name = "VERSION", default_value = "v1alpha1")]
    api_version: String,
    /// What the object is called [default: NAME]
    #[arg(long, value_name = "NAME")]
    object_name: Option<String>,
    /// Only the annotations, as a patch of a Deployment or its kin
    #[arg(long, conflicts_with = "out")]
    annotations: bool,
    /// Write to this file; in one that is there, the values alone change
    #[arg(long, value_name = "FILE", conflicts_with = "stdout")]
    out: Option<PathBuf>,
    /// Write to standard output, which is the default
    #[arg(long)]
    stdout: bool,
    /// Write nothing; exit 1 when something would change
    #[arg(long)]
    dry_run: bool,
    /// Print what changes as a unified diff
    #[arg(long)]
    diff: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is to be written, and into which file.
struct Emitted {
    values: Values,
    file: Option<RelPath>,
    changes: Vec<Change>,
    rewritten: Vec<Rewritten>,
    /// A file that is not there yet.
    new: Option<FileChange>,
    text: String,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.emit(globals))
    }

    fn emit(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.emit_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn emit_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        if self.out.is_some() {
            recover(opened, globals, self.dry_run)?;
        }
        let emitted = self.emitted(opened)?;
        let would_change = !emitted.rewritten.is_empty() || emitted.new.is_some();
        let written = would_change && !self.dry_run;
        if written {
            let mut changes: Vec<FileChange> =
                emitted.rewritten.iter().map(FileChange::from).collect();
            changes.extend(emitted.new.clone());
            commit(opened, &changes)?;
        }
        self.print(&emitted, written).map_err(Failure::output)?;
        Ok(match self.dry_run && would_change {
            true => Outcome::Attention,
            false => Outcome::Done,
        })
    }

    fn emitted(&self, opened: &Opened) -> Result<Emitted, Failure> {
        let object = self.object_name.as_ref().unwrap_or(&self.name);
        let file = match &self.out {
            Some(path) => Some(in_workspace(opened, path)?),
            None => None,
        };
        let there = file.as_ref().filter(|file| opened.workspace.has_file(file));
        let source = match there {
            Some(file) => Some(opened.workspace.read(file)?),
            None => None,
        };
        let existing = match &source {
            Some(source) => Existing::read(source, object)?,
            None => Existing::default(),
        };
        let given = Given {
            flake_url: self.flake_url.clone(),
            image_tag: self.image_tag.clone(),
            tag: self.tag.clone(),
            package: self.package.clone(),
            system: self.system.clone(),
        };
        let container = opened.config.container.get(&self.name);
        let root = opened.workspace.root();
        let values = given.values((&self.name, object), container, existing, root)?;
        values.check()?;
        let text = match self.annotations {
            true => values.patch(),
            false => values.manifest(&self.api_version),
        };
        let mut emitted = Emitted {
            values,
            file,
            changes: Vec::new(),
            rewritten: Vec::new(),
            new: None,
            text,
        };
        if let Some(source) = source {
            let plan = emitted.values.into_file(&source, &self.name)?;
            emitted.rewritten = plan
                .apply(&opened.workspace)
                .map_err(|error| Failure::outside(error.to_string(), None))?;
            emitted.changes = plan.changes().cloned().collect();
        } else if let Some(path) = &emitted.file {
            emitted.new = Some(FileChange {
                path: path.clone(),
                before: None,
                after: emitted.text.clone().into_bytes(),
            });
        }
        Ok(emitted)
    }

    fn print(&self, emitted: &Emitted, written: bool) -> io::Result<()> {
        let mut sink = anstream::stdout().lock();
        match self.format {
            Format::Json => output::nixbuild_emitted_json(
                &mut io::stdout().lock(),
                &emitted.values,
                emitted.file.as_ref(),
                &emitted.changes,
                written,
            ),
            Format::Human if self.diff => output::diff(&mut sink, &emitted.rewritten),
            Format::Human => {
                match (
                    &emitted.file,
                    emitted.new.is_some() || !emitted.rewritten.is_empty(),
                ) {
                    (None, _) => write!(sink, "{}", emitted.text)?,
                    (Some(file), true) if self.dry_run => writeln!(sink, "would write {file}")?,
                    (Some(file), true) => writeln!(sink, "wrote {file}")?,
                    (Some(file), false) => writeln!(sink, "nothing to change in {file}")?,
                }
                sink.flush()
            }
        }
    }
}

/// `path`, which need not be there yet, as one of the workspace.
fn in_workspace(opened: &Opened, path: &Path) -> Result<RelPath, Failure> {
    let full = opened.base.join(path);
    if full.exists() {
        return Ok(opened.workspace.locate(&opened.base, path)?);
    }
    let missing = || Failure::usage(format!("{}: no folder for it", path.display()), None);
    let folder = full.parent().ok_or_else(missing)?;
    let name = full.file_name().ok_or_else(missing)?;
    let folder = opened.workspace.locate(&opened.base, folder)?;
    folder.join(name).ok_or_else(missing)
}
