//! `cotter image explain`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::Format;
use crate::cli::failure::{Failure, FailureKind, Outcome, finish};
use crate::cli::setup::{Globals, current_dir};
use crate::image::archive::{self, ArchiveError, Image, Kind, Options, Platform, Reading};
use crate::image::explain::{self, Explanation, Source, SourceError, StoreFacts};
use crate::image::registry;
use crate::nix::{Nix, NixError};
use crate::output::{self, Diagnostic};
use crate::process::System;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A Docker or OCI archive, an OCI layout, a stream script, a nix2container image, a store path of one of these, or
    /// REGISTRY/NAME:TAG, which skopeo fetches
    #[arg(value_name = "IMAGE|STORE PATH|ARCHIVE")]
    image: String,
    /// Say what would be pushed to a registry that has this image, and why
    #[arg(long, value_name = "OLDER")]
    against: Option<String>,
    /// Which image of several [default: Linux on this machine's processor]
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<Platform>,
    /// Compare every layer with its digests
    #[arg(long)]
    verify: bool,
    #[arg(long, value_enum, default_value_t)]
    format: ExplainFormat,
    /// Write to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    #[default]
    Human,
    Json,
    /// One page with a treemap, which needs nothing else
    Html,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        let errors = match self.format {
            ExplainFormat::Json => Format::Json,
            ExplainFormat::Human | ExplainFormat::Html => Format::Human,
        };
        finish(errors, self.explain(globals))
    }

    fn explain(&self, globals: &Globals) -> Result<Outcome, Failure> {
        // Both are looked up before either is read.
        let image = self.source(&self.image)?;
        let older = self.against.as_deref();
        let older = older.map(|word| Ok::<_, Failure>((word, self.source(word)?)));
        let older = older.transpose()?;
        let image = self.read(&image, Reading::References)?;
        let older = match older {
            Some((word, source)) => Some((word, self.read(&source, Reading::References)?)),
            None => None,
        };
        let facts = store_facts(globals, &image);
        let older = older.as_ref().map(|(word, image)| (*word, image));
        let explanation = explain::explain(&self.image, &image, &facts, older);
        self.write(&explanation)?;
        Ok(Outcome::Done)
    }

    fn source(&self, word: &str) -> Result<Source, Failure> {
        Ok(Source::of(word, &current_dir()?)?)
    }

    fn read(&self, source: &Source, reading: Reading) -> Result<Image, Failure> {
        let options = |name: &Option<String>| Options {
            platform: self.platform.clone(),
            name: name.clone(),
            reading,
            verify: self.verify,
        };
        match source {
            Source::Path(path, name) => Ok(archive::read(path, &options(name), &System)?),
            Source::Registry(reference) => {
                let folder = tempfile::tempdir().map_err(|error| {
                    Failure::outside(format!("no temporary folder: {error}"), None)
                })?;
                let platform = self.platform.as_ref();
                registry::fetch(reference, platform, folder.path(), &System)?;
                Ok(archive::read(folder.path(), &options(&None), &System)?)
            }
        }
    }

    fn write(&self, explanation: &Explanation) -> Result<(), Failure> {
        let Some(path) = &self.out else {
            return match self.format {
                ExplainFormat::Human => {
                    output::explanation_human(&mut anstream::stdout().lock(), explanation)
                        .map_err(Failure::output)
                }
                _ => self.write_plain(&mut io::stdout().lock(), explanation, Failure::output),
            };
        };
        let failed =
            |error: io::Error| Failure::outside(format!("{}: {error}", path.display()), None);
        let mut file = File::create(path).map_err(failed)?;
        self.write_plain(&mut file, explanation, failed)
    }

    fn write_plain(
        &self,
        sink: &mut impl Write,
        explanation: &Explanation,
        failed: impl Fn(io::Error) -> Failure,
    ) -> Result<(), Failure> {
        match self.format {
            ExplainFormat::Json => output::explanation_json(sink, explanation).map_err(failed),
            ExplainFormat::Human => {
                let mut plain = anstream::StripStream::new(Vec::new());
                output::explanation_human(&mut plain, explanation).map_err(&failed)?;
                sink.write_all(&plain.into_inner()).map_err(failed)
            }
            ExplainFormat::Html => {
                let page = output::explanation_html(explanation)?;
                sink.write_all(page.as_bytes())
                    .and_then(|()| sink.flush())
                    .map_err(failed)
            }
        }
    }
}

/// What Nix knows of the store paths of an image that holds none of them itself.
fn store_facts(globals: &Globals, image: &Image) -> StoreFacts {
    if image.kind != Kind::Nix2Container {
        return StoreFacts::default();
    }
    let placed = image.layers.iter().flat_map(|layer| &layer.placed);
    let paths: Vec<String> = placed.map(|placed| placed.path.clone()).collect();
    let asked = Nix::find(&System).and_then(|nix| nix.registered(&paths));
    match asked {
        Ok(registered) => StoreFacts {
            paths: registered
                .into_iter()
                .map(|(path, known)| (path, (known.nar_size, known.references)))
                .collect::<BTreeMap<_, _>>(),
        },
        Err(error) => {
            let message = format!("sizes and reasons of store paths are not known: {error}");
            let hint = match error {
                NixError::NotInstalled => error.hint().map(str::to_owned),
                _ => None,
            };
            let warning = Diagnostic {
                hint,
                ..Diagnostic::warning(message)
            };
            globals.tell(None, &[warning]);
            StoreFacts::default()
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Failure {
        Failure::usage(error.to_string(), error.hint().map(str::to_owned))
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Failure {
        let kind = match &error {
            ArchiveError::Process(_) | ArchiveError::Open { .. } => FailureKind::Outside,
            _ => FailureKind::Usage,
        };
        Failure::new(
            kind,
            Diagnostic {
                hint: error.hint().map(str::to_owned),
                ..Diagnostic::error(error.to_string())
            },
        )
    }
}

impl From<registry::FetchError> for Failure {
    fn from(error: registry::FetchError) -> Failure {
        Failure::outside(error.to_string(), error.hint().map(str::to_owned))
    }
}

impl From<output::RenderError> for Failure {
    fn from(error: output::RenderError) -> Failure {
        Failure::outside(error.to_string(), None)
    }
}
