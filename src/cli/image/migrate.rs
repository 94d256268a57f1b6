//! `cotter image migrate`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::Format;
use crate::cli::emitted::{self, Destination, Put};
use crate::cli::failure::{Failure, FailureKind, Outcome, finish};
use crate::cli::setup::{Globals, Opened, recover};
use crate::image::choose::image_name;
use crate::image::emit::{self, Emitted, Form};
use crate::image::migrate::{self, MigrateError, Migration};
use crate::image::spec::{self, Method};
use crate::output::{self, Diagnostic};
use crate::source::RelPath;

/// What is certain of a Dockerfile becomes image.toml and the default.nix that builds it; every other instruction is listed
/// with its line, for a person to decide. Nothing is run, and no registry is asked. Exits 1 when there is something to decide.
#[derive(Debug, Args)]
pub struct Arguments {
    dockerfile: PathBuf,
    /// Where to write [default: the folder of the Dockerfile]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The folder that files are copied from [default: the folder of the Dockerfile]
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    /// The image's name, as `registry.example.org/team/hello` [default: the name of the context's folder]
    #[arg(long)]
    name: Option<String>,
    /// The stage that is the image [default: the last one]
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// The value of an ARG
    #[arg(long, value_name = "NAME=VALUE", value_parser = argument)]
    build_arg: Vec<(String, String)>,
    /// Print image.toml, and write nothing; the list goes to standard error
    #[arg(long, conflicts_with_all = ["dry_run", "diff"])]
    stdout: bool,
    #[command(flatten)]
    writing: emitted::Writing,
}

fn argument(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is expected".to_owned()),
    }
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.writing.format, self.migrate(globals))
    }

    fn migrate(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let (workspace, file) = globals.workspace_of(&self.dockerfile)?;
        let opened = globals.open_in(workspace)?;
        self.migrate_in(globals, &opened, &file)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn migrate_in(
        &self,
        globals: &Globals,
        opened: &Opened,
        file: &RelPath,
    ) -> Result<Outcome, Failure> {
        if !self.stdout {
            recover(opened, globals, self.writing.dry_run)?;
        }
        let dockerfile = opened.workspace.read(file)?;
        let context = match &self.context {
            Some(dir) => opened.workspace.locate(&opened.base, dir)?,
            None => file.parent(),
        };
        let out = match &self.out {
            Some(dir) => opened.destination(dir)?,
            None => file.parent(),
        };
        let request = migrate::Request {
            workspace: &opened.workspace,
            dockerfile: &dockerfile,
            name: self
                .name
                .clone()
                .unwrap_or_else(|| image_name(&opened.workspace, &context)),
            from_spec: emit::way_between(&out, &context),
            context,
            target: self.target.clone(),
            arguments: self.build_arg.clone(),
        };
        let migration = migrate::migrate(&request).map_err(|error| failure(file, error))?;
        let text = spec::to_toml(&migration.spec)
            .map_err(|error| Failure::outside(error.to_string(), None))?;
        // A name that the user gives may be none.
        read_back(&out, &text)?;
        let (files, untold) = self.files(opened, &migration, &text, &out);
        let outcome = match migration.to_decide().next() {
            None if untold.is_empty() || self.stdout => Outcome::Done,
            _ => Outcome::Attention,
        };
        if self.stdout {
            io::stdout()
                .lock()
                .write_all(text.as_bytes())
                .map_err(Failure::output)?;
            let _ = output::image_migrate_human(&mut anstream::stderr().lock(), file, &migration);
            return Ok(outcome);
        }
        let put = emitted::put(opened, &Destination { folder: out }, &files, &self.writing)?;
        self.print(file, &migration, &text, &put)
            .map_err(Failure::output)?;
        globals.tell(None, &untold);
        Ok(match self.writing.dry_run && !put.rewritten.is_empty() {
            true => Outcome::Attention,
            false => outcome,
        })
    }

    /// The spec, and the expression where it can be made of what is there.
    fn files(
        &self,
        opened: &Opened,
        migration: &Migration,
        text: &str,
        out: &RelPath,
    ) -> (Vec<Emitted>, Vec<Diagnostic>) {
        let mut files = vec![Emitted {
            name: spec::FILE,
            text: text.to_owned(),
        }];
        let templates = emitted::templates(opened, None);
        let request = emit::Request {
            workspace: &opened.workspace,
            spec: &migration.spec,
            origin: spec::FILE.to_owned(),
            command: format!("cotter image emit {}", spec::FILE),
            folder: out,
            out,
            method: migration.spec.builder.unwrap_or(Method::Layered),
            form: Form::File,
            nixpkgs: emitted::nixpkgs(opened),
            library: None,
            templates: templates.as_deref(),
        };
        match emit::emit(&request) {
            Ok(emitted) => {
                files.extend(emitted);
                (files, Vec::new())
            }
            Err(error) => {
                let note = Diagnostic {
                    hint: Some("when it is there: `cotter image emit image.toml`".to_owned()),
                    ..Diagnostic::warning(format!("no default.nix was made: {error}"))
                };
                (files, vec![note])
            }
        }
    }

    fn print(
        &self,
        file: &RelPath,
        migration: &Migration,
        text: &str,
        put: &Put,
    ) -> io::Result<()> {
        match self.writing.format {
            Format::Json => output::image_migrate_json(
                &mut io::stdout().lock(),
                file,
                migration,
                text,
                &put.files,
                put.written,
                &put.next,
            ),
            Format::Human => {
                let mut sink = anstream::stdout().lock();
                match self.writing.diff {
                    true => output::diff(&mut sink, &put.rewritten)?,
                    false => output::emitted_human(&mut sink, &put.files, self.writing.dry_run)?,
                }
                output::image_migrate_human(&mut sink, file, migration)?;
                output::next_steps(&mut sink, &put.next)
            }
        }
    }
}

/// The spec has to be one.
fn read_back(out: &RelPath, text: &str) -> Result<(), Failure> {
    let path = out.join(spec::FILE).unwrap_or_else(RelPath::root);
    let source = crate::source::SourceFile::from_text(path, text.to_owned());
    let wrong = match spec::of_file(&source) {
        Ok(_) => return Ok(()),
        Err(wrong) => wrong,
    };
    let message = wrong
        .first()
        .map_or_else(String::new, |wrong| wrong.message.clone());
    Err(Failure::usage(
        format!("the spec that this makes is none: {message}"),
        Some("give the image a name: `--name registry.example.org/team/hello`".to_owned()),
    ))
}

fn failure(file: &RelPath, error: MigrateError) -> Failure {
    match error {
        MigrateError::Unreadable(error) => Failure::new(
            FailureKind::Usage,
            Diagnostic::at(file, error.at, error.message),
        ),
        MigrateError::NoStage { ref known, .. } => {
            let hint = match known.is_empty() {
                true => "no stage of the file has a name".to_owned(),
                false => format!("those of the file are: {}", known.join(", ")),
            };
            Failure::usage(error.to_string(), Some(hint))
        }
    }
}
