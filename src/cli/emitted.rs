//! Writing what was emitted over what is there: what every emitting command has in common.

use std::io;
use std::sync::Arc;

use clap::Args;

use super::Format;
use super::failure::{Failure, FailureKind, Outcome};
use super::setup::{Globals, Opened, commit};
use crate::image::emit::{Emitted, Existing, Settled, settle};
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

/// Where files come to stand.
pub struct Destination {
    pub folder: RelPath,
}

/// A file before and after.
struct Planned {
    path: RelPath,
    before: Option<Arc<SourceFile>>,
    text: String,
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
}

/// Writes `files`, all or none, or says what would be written.
pub fn write(
    globals: &Globals,
    opened: &Opened,
    destination: &Destination,
    files: &[Emitted],
    writing: &Writing,
) -> Result<Outcome, Failure> {
    let put = put(opened, destination, files, writing)?;
    let printed = match writing.format {
        Format::Json => output::emitted_json(&mut io::stdout().lock(), &put.files, put.written),
        Format::Human if writing.diff => {
            output::diff(&mut anstream::stdout().lock(), &put.rewritten)
        }
        Format::Human if globals.quiet => Ok(()),
        Format::Human => {
            output::emitted_human(&mut anstream::stdout().lock(), &put.files, writing.dry_run)
        }
    };
    printed.map_err(Failure::output)?;
    Ok(match writing.dry_run && !put.rewritten.is_empty() {
        true => Outcome::Attention,
        false => Outcome::Done,
    })
}

/// [`write`] without a word.
pub fn put(
    opened: &Opened,
    destination: &Destination,
    files: &[Emitted],
    writing: &Writing,
) -> Result<Put, Failure> {
    let mut planned = Vec::new();
    let mut refused = Vec::new();
    for file in files {
        let Some(path) = destination.folder.join(file.name) else {
            continue;
        };
        let before = match opened.workspace.has_file(&path) {
            true => Some(opened.workspace.read(&path)?),
            false => None,
        };
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
        if let (Some(why), false) = (why, writing.force) {
            refused.push(Diagnostic {
                file: Some(path.clone()),
                hint: Some(
                    "say in the spec what was edited, or write over it with `--force`".into(),
                ),
                ..Diagnostic::error(why)
            });
        }
        planned.push(Planned { path, before, text });
    }
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
    Ok(Put {
        files,
        rewritten,
        written,
    })
}

fn make_folder(opened: &Opened, folder: &RelPath) -> Result<(), Failure> {
    let path = folder.to_path(opened.workspace.root());
    std::fs::create_dir_all(&path)
        .map_err(|error| Failure::outside(format!("{}: {error}", path.display()), None))
}
