//! `cotter image emit`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::emitted::{self, Destination, invalid_spec};
use crate::cli::failure::{Failure, FailureKind, Outcome, finish};
use crate::cli::setup::{Globals, Opened, recover};
use crate::image::emit::{self, EmitError, Emitted, Request, way_between};
use crate::image::spec::{self, Method, Spec};
use crate::output::Diagnostic;
use crate::source::RelPath;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A spec, as image.toml, or the NAME of an `[image.NAME]` in cotter.toml
    #[arg(value_name = "SPEC|NAME")]
    spec: String,
    /// What builds the image [default: the spec's, else layered]
    #[arg(long, value_enum)]
    builder: Option<Method>,
    /// Where to write [default: the folder of the spec; for a NAME that of its container's Nix file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A flake too, which imports default.nix; with `alone`, a flake that holds all of it and no default.nix
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "beside", require_equals = true)]
    flake: Option<emitted::Flake>,
    /// Take the library that the flake's apps are made of as an input, by this reference of cotter's flake, instead of
    /// bringing its parts along
    #[arg(long, value_name = "FLAKE", requires = "flake")]
    lib: Option<String>,
    /// Print the files, and write none
    #[arg(long, conflicts_with_all = ["dry_run", "diff"])]
    stdout: bool,
    /// Take templates from this folder, each in the place of the one of cotter's with its path
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    #[command(flatten)]
    writing: emitted::Writing,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.writing.format, self.emit(globals))
    }

    fn emit(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.emit_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn emit_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        if !self.stdout {
            recover(opened, globals, self.writing.dry_run)?;
        }
        let chosen = self.spec(opened)?;
        let out = self.out(opened, &chosen)?;
        let method = self
            .builder
            .or(chosen.spec.builder)
            .unwrap_or(Method::Layered);
        if self.flake.is_some() && !method.is_nix() {
            let message = format!(
                "`--flake` is of the builders of Nix, and `{}` is none",
                method.name()
            );
            return Err(Failure::usage(message, None));
        }
        let templates = emitted::templates(opened, self.templates.as_deref());
        let request = Request {
            workspace: &opened.workspace,
            spec: &chosen.spec,
            origin: chosen.origin.clone(),
            command: self.command(&chosen, &way_between(&chosen.folder, &out)),
            folder: &chosen.folder,
            out: &out,
            method,
            form: emitted::form(self.flake),
            nixpkgs: emitted::nixpkgs(opened),
            library: self.lib.clone(),
            templates: templates.as_deref(),
        };
        let files = emit::emit(&request)?;
        match self.stdout {
            true => print(&files)
                .map(|()| Outcome::Done)
                .map_err(Failure::output),
            false => emitted::write(
                globals,
                opened,
                &Destination { folder: out },
                &files,
                &self.writing,
            ),
        }
    }

    /// The spec that is meant.
    fn spec(&self, opened: &Opened) -> Result<Chosen, Failure> {
        let is_file = self.spec.contains('/')
            || self.spec.ends_with(".toml")
            || opened.base.join(&self.spec).is_file();
        match is_file {
            true => of_file(opened, &self.spec),
            false => of_config(opened, &self.spec),
        }
    }

    fn out(&self, opened: &Opened, chosen: &Chosen) -> Result<RelPath, Failure> {
        match (&self.out, &chosen.container) {
            (Some(dir), _) => opened.destination(dir),
            (None, Some(folder)) => Ok(folder.clone()),
            (None, None) if chosen.name.is_none() => Ok(chosen.folder.clone()),
            (None, None) => Err(Failure::usage(
                format!(
                    "where the files of `{}` come to stand is not known",
                    self.spec
                ),
                Some(format!(
                    "say `--out DIR`, or `nix = \"containers/{0}/default.nix\"` in `[container.{0}]`",
                    self.spec
                )),
            )),
        }
    }

    /// What makes the files again, from the folder that the spec is in.
    fn command(&self, chosen: &Chosen, out: &str) -> String {
        let mut command = "cotter image emit ".to_owned();
        command += chosen.name.as_deref().unwrap_or(&chosen.file_name);
        if let Some(builder) = self.builder {
            command += &format!(" --builder {}", builder.name());
        }
        command += emitted::flake_argument(self.flake);
        if let Some(library) = &self.lib {
            command += &format!(" --lib {library}");
        }
        if out != "." && chosen.container.is_none() {
            command += &format!(" --out {out}");
        }
        command
    }
}

/// A spec, and where it is from.
struct Chosen {
    spec: Spec,
    /// In words.
    origin: String,
    file_name: String,
    /// In `cotter.toml`.
    name: Option<String>,
    /// The folder that its paths are from.
    folder: RelPath,
    /// The folder of the container's Nix file.
    container: Option<RelPath>,
}

fn of_file(opened: &Opened, path: &str) -> Result<Chosen, Failure> {
    let path = opened.workspace.locate(&opened.base, Path::new(path))?;
    let source = opened.workspace.read(&path)?;
    let spec = spec::of_file(&source).map_err(invalid_spec)?;
    let file_name = path.file_name().to_owned();
    Ok(Chosen {
        spec,
        origin: file_name.clone(),
        file_name,
        name: None,
        folder: path.parent(),
        container: None,
    })
}

fn of_config(opened: &Opened, name: &str) -> Result<Chosen, Failure> {
    let Some(source) = opened.config.source() else {
        let message =
            format!("there is no file `{name}`, and no cotter.toml with an `[image.{name}]`");
        return Err(Failure::usage(
            message,
            Some("name a spec: `cotter image emit image.toml`".into()),
        ));
    };
    let mut specs: BTreeMap<String, Spec> = spec::all_of_config(source).map_err(invalid_spec)?;
    let Some(spec) = specs.remove(name) else {
        let known: Vec<String> = specs.into_keys().collect();
        let hint = match known.is_empty() {
            true => format!("`[image.{name}]` in {} makes one", source.path()),
            false => format!("those in {} are: {}", source.path(), known.join(", ")),
        };
        return Err(Failure::usage(
            format!("no spec is named `{name}`"),
            Some(hint),
        ));
    };
    let container = opened.config.container.get(name);
    Ok(Chosen {
        spec,
        origin: format!("[image.{name}] of {}", source.path().file_name()),
        file_name: source.path().file_name().to_owned(),
        name: Some(name.to_owned()),
        folder: source.path().parent(),
        container: container.and_then(|container| Some(container.nix_file()?.parent())),
    })
}

fn print(files: &[Emitted]) -> io::Result<()> {
    let mut sink = io::stdout().lock();
    for file in files {
        if files.len() > 1 {
            writeln!(sink, "# {}", file.name)?;
        }
        sink.write_all(file.text.as_bytes())?;
    }
    sink.flush()
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Failure {
        match error {
            EmitError::Refused { method, refusals } => {
                let diagnostics = refusals.iter().map(|refusal| {
                    Diagnostic::error(format!(
                        "`{}`, which the builder `{}` does not do: {}",
                        refusal.key,
                        method.name(),
                        refusal.reason
                    ))
                });
                Failure::all(FailureKind::Usage, diagnostics.collect())
            }
            error => Failure::usage(error.to_string(), None),
        }
    }
}
