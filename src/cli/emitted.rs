//! Writing what was emitted over what is there: what every emitting command has in common.

mod next_steps;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Format;
use super::failure::{Failure, FailureKind, Outcome};
use super::setup::{Globals, Opened, commit};
use crate::image::emit::{Emitted, Existing, Form, Settled, settle};
use crate::image::spec::Invalid;
use crate::output::{self, Diagnostic, EmittedFile, EmittedStatus};
use crate::plan::Rewritten;
use crate::source::{RelPath, SourceFile};
use crate::transaction::FileChange;

#[derive(Debug, Args)]
pub struct Writing {
    /// Write nothing; exit 1 when something would change
    #[arg(long)]
    pub dry_run: bool,
    /// Print what changes as a unified diff
    #[arg(long)]
    pub diff: bool,
    /// Write over a file that was edited by hand, or that cotter did not make
    #[arg(long)]
    pub force: bool,
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Whether a flake is emitted too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flake {
    Beside,
    Alone,
}

pub fn form(flake: Option<Flake>) -> Form {
    match flake {
        None => Form::File,
        Some(Flake::Beside) => Form::Both,
        Some(Flake::Alone) => Form::Flake,
    }
}

/// `--flake` as it was given, behind a space.
pub fn flake_argument(flake: Option<Flake>) -> &'static str {
    match flake {
        None => "",
        Some(Flake::Beside) => " --flake",
        Some(Flake::Alone) => " --flake=alone",
    }
}

/// The branch of nixpkgs that a flake takes.
pub fn nixpkgs(opened: &Opened) -> String {
    let policy = opened.config.policy.nixpkgs.as_deref();
    policy.unwrap_or("nixos-25.05").to_owned()
}

/// The folder of templates of the user's: the one of the command line, else that of `cotter.toml`.
pub fn templates(opened: &Opened, given: Option<&Path>) -> Option<PathBuf> {
    match (given, &opened.config.emit.templates) {
        (Some(dir), _) => Some(opened.base.join(dir)),
        (None, Some(dir)) => Some(opened.workspace.root().join(dir.get_ref())),
        (None, None) => None,
    }
}

/// What is wrong in specs.
pub fn invalid_spec(faults: Vec<Invalid>) -> Failure {
    let diagnostics = faults
        .iter()
        .map(|fault| Diagnostic::at(&fault.file, fault.at, &fault.message));
    Failure::all(FailureKind::Usage, diagnostics.collect())
}

/// Where files come to stand.
pub struct Destination {
    pub folder: RelPath,
}

/// A file before and after.
pub struct Planned {
    path: RelPath,
    before: Option<Arc<SourceFile>>,
    text: String,
    /// Why it is not to be written unasked, and what to do instead.
    refused: Option<Diagnostic>,
}

impl Planned {
    fn status(&self) -> EmittedStatus {
        match &self.before {
            None => EmittedStatus::Created,
            Some(before) if before.text() == self.text => EmittedStatus::Unchanged,
            Some(_) => EmittedStatus::Updated,
        }
    }

    fn rewritten(&self) -> Rewritten {
        let nothing = || Arc::new(SourceFile::from_text(self.path.clone(), String::new()));
        let before = self.before.clone().unwrap_or_else(nothing);
        Rewritten {
            after: before.with_text(self.text.clone()),
            before,
        }
    }

    fn change(&self) -> FileChange {
        FileChange {
            path: self.path.clone(),
            before: self.before.as_ref().map(|before| before.stamp()),
            after: self.rewritten().after.to_bytes(),
        }
    }
}

/// What was written, or would be.
pub struct Put {
    pub files: Vec<EmittedFile>,
    pub rewritten: Vec<Rewritten>,
    pub written: bool,
    /// Commands for what is left to do; none of a dry run.
    pub next: Vec<String>,
}

/// Writes `files`, all or none, or says what would be written.
pub fn write(
    globals: &Globals,
    opened: &Opened,
    destination: &Destination,
    files: &[Emitted],
    writing: &Writing,
) -> Result<Outcome, Failure> {
    let planned = planned_in(opened, destination, files)?;
    write_planned(globals, opened, &planned, writing)
}

/// [`write`] without a word.
pub fn put(
    opened: &Opened,
    destination: &Destination,
    files: &[Emitted],
    writing: &Writing,
) -> Result<Put, Failure> {
    put_planned(opened, &planned_in(opened, destination, files)?, writing)
}

/// Writes all of `planned` or none, or says what would be written.
pub fn write_planned(
    globals: &Globals,
    opened: &Opened,
    planned: &[Planned],
    writing: &Writing,
) -> Result<Outcome, Failure> {
    let put = put_planned(opened, planned, writing)?;
    let printed = match writing.format {
        Format::Json => {
            output::emitted_json(&mut io::stdout().lock(), &put.files, put.written, &put.next)
        }
        Format::Human if writing.diff => {
            output::diff(&mut anstream::stdout().lock(), &put.rewritten)
        }
        Format::Human if globals.quiet => Ok(()),
        Format::Human => {
            let mut sink = anstream::stdout().lock();
            output::emitted_human(&mut sink, &put.files, writing.dry_run)
                .and_then(|()| output::next_steps(&mut sink, &put.next))
        }
    };
    printed.map_err(Failure::output)?;
    Ok(match writing.dry_run && !put.rewritten.is_empty() {
        true => Outcome::Attention,
        false => Outcome::Done,
    })
}

fn planned_in(
    opened: &Opened,
    destination: &Destination,
    files: &[Emitted],
) -> Result<Vec<Planned>, Failure> {
    files
        .iter()
        .filter_map(|file| Some((destination.folder.join(file.name)?, file)))
        .map(|(path, file)| planned(opened, path, file))
        .collect()
}

/// What becomes of the file at `path`.
pub fn planned(opened: &Opened, path: RelPath, file: &Emitted) -> Result<Planned, Failure> {
    let before = there(opened, &path)?;
    let existing = before.as_ref().map(|before| Existing {
        text: before.text(),
    });
    let settled = settle(&opened.workspace, file, existing)
        .map_err(|problem| Failure::usage(problem.message, None))?;
    let (text, why) = match settled {
        Settled::Text(text) => (text, None),
        Settled::NotOurs { would_be }
            if before
                .as_ref()
                .is_some_and(|before| before.text() == would_be) =>
        {
            (would_be, None)
        }
        Settled::NotOurs { would_be } => (would_be, Some("cotter did not make this file")),
        Settled::Edited { would_be } => (
            would_be,
            Some("this file was edited by hand since cotter made it"),
        ),
    };
    let hint = "say in the spec what was edited, or write over it with `--force`";
    Ok(Planned {
        refused: why.map(|why| refusal(&path, why, hint)),
        path,
        before,
        text,
    })
}

/// What becomes of the file at `path` that is to be `text` and nothing else. What is there goes unasked only where it
/// is one of `ours`.
pub fn planned_whole(
    opened: &Opened,
    path: RelPath,
    text: &str,
    ours: &[&str],
    hint: &str,
) -> Result<Planned, Failure> {
    let before = there(opened, &path)?;
    let is_ours = before
        .as_ref()
        .is_none_or(|before| before.text() == text || ours.contains(&before.text()));
    let why = "another file is here already";
    Ok(Planned {
        refused: (!is_ours).then(|| refusal(&path, why, hint)),
        path,
        before,
        text: text.to_owned(),
    })
}

fn there(opened: &Opened, path: &RelPath) -> Result<Option<Arc<SourceFile>>, Failure> {
    match opened.workspace.has_file(path) {
        true => Ok(Some(opened.workspace.read(path)?)),
        false => Ok(None),
    }
}

fn refusal(path: &RelPath, why: &str, hint: &str) -> Diagnostic {
    Diagnostic {
        file: Some(path.clone()),
        hint: Some(hint.to_owned()),
        ..Diagnostic::error(why)
    }
}

/// Writes all of `planned` or none.
fn put_planned(opened: &Opened, planned: &[Planned], writing: &Writing) -> Result<Put, Failure> {
    let refused: Vec<Diagnostic> = planned
        .iter()
        .filter_map(|file| file.refused.clone())
        .filter(|_| !writing.force)
        .collect();
    let changed: Vec<&Planned> = planned
        .iter()
        .filter(|file| file.status() != EmittedStatus::Unchanged)
        .collect();
    let rewritten: Vec<Rewritten> = changed.iter().map(|file| file.rewritten()).collect();
    if !refused.is_empty() {
        // What would be lost, beside the message.
        let _ = output::diff(&mut anstream::stderr().lock(), &rewritten);
        return Err(Failure::all(FailureKind::Usage, refused));
    }
    let written = !writing.dry_run && !changed.is_empty();
    if written {
        for file in &changed {
            make_folder(opened, &file.path.parent())?;
        }
        let changes: Vec<FileChange> = changed.iter().map(|file| file.change()).collect();
        commit(opened, &changes)?;
    }
    let files = planned
        .iter()
        .map(|file| EmittedFile {
            file: file.path.clone(),
            status: file.status(),
        })
        .collect();
    let next = match writing.dry_run {
        true => Vec::new(),
        false => next_steps::of(opened, planned),
    };
    Ok(Put {
        files,
        rewritten,
        written,
        next,
    })
}

fn make_folder(opened: &Opened, folder: &RelPath) -> Result<(), Failure> {
    let path = folder.to_path(opened.workspace.root());
    std::fs::create_dir_all(&path)
        .map_err(|error| Failure::outside(format!("{}: {error}", path.display()), None))
}
