//! Expressions that build the image of a spec: `default.nix` for a builder of Nix's, with a flake or without; a
//! Dockerfile; or Bazel's files. They stand on their own: nothing of cotter is needed to build them.
//!
//! Not here: writing them over what is there (`settle`), and the spec itself (`spec`).

mod bazel;
mod config;
mod docker;
mod facts;
mod files;
mod header;
mod helpers;
mod kept;
mod kind;
mod model;
mod publish;
mod refuse;
mod relative;
mod settle;
mod templates;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

pub use facts::SourceError;
pub use helpers::command_word;
pub use refuse::{Refusal, serves};
pub use relative::way_between;
pub use settle::{Existing, Settled, has_placeholders, settle, with_own_pins};
pub use templates::TemplateError;

use super::spec::{Method, Spec};
use crate::source::{RelPath, SourceFile, Workspace};
use crate::syntax::{NixFile, SyntaxProblem};
use header::Header;
use model::Model;
use templates::Templates;

/// The nix2container that an expression takes when it is given none: fetched while Nix evaluates, by hash.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Nix2Container {
    url: &'static str,
    hash: &'static str,
}

impl Nix2Container {
    pub fn hash(&self) -> &'static str {
        self.hash
    }
}

/// Of 2026-03-20.
pub const NIX2CONTAINER: Nix2Container = Nix2Container {
    url: "https://github.com/nlewo/nix2container/archive/20d339590c3c36252514a57b0241c47bcd8a08ce.tar.gz",
    hash: "sha256-vgxwF/GS9lRC9s211RnmJaGKHIUexMiRs7Eslh11E08=",
};

/// What is emitted for a builder of Nix's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `default.nix`
    #[default]
    File,
    /// `default.nix`, and a flake that imports it
    Both,
    /// A flake that holds all of it
    Flake,
}

impl Form {
    fn is_inline(self) -> bool {
        self == Form::Flake
    }
}

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// Where paths that the text names would be looked for.
    pub workspace: &'a Workspace,
    pub spec: &'a Spec,
    /// What the files are made from, in words: `image.toml`.
    pub origin: String,
    /// What makes them again.
    pub command: String,
    /// The folder that the spec's paths are from.
    pub folder: &'a RelPath,
    /// The folder that the files come to stand in.
    pub out: &'a RelPath,
    pub method: Method,
    pub form: Form,
    /// The branch of nixpkgs that a flake takes.
    pub nixpkgs: String,
    /// A reference of cotter's flake, whose library a flake takes as an input instead of bringing its parts along.
    pub library: Option<String>,
    /// A folder with templates in the place of some of cotter's.
    pub templates: Option<&'a Path>,
}

impl Request<'_> {
    /// The folder that the spec's paths are from, on the disk.
    fn spec_dir(&self) -> PathBuf {
        self.folder.to_path(self.workspace.root())
    }

    /// Whether a flake that has apps comes with the files that these are made of.
    fn brings_publishing(&self) -> bool {
        self.form != Form::File && self.library.is_none()
    }

    /// `path`, which is from the spec's folder, from where the files come to stand.
    fn way_to(&self, path: &str) -> String {
        relative::join(&relative::way_between(self.out, self.folder), path)
    }
}

/// A file as it is made new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    pub name: &'static str,
    pub text: String,
}

/// Why nothing was emitted.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The builder cannot say all of the spec.
    #[error("the builder `{}` cannot make this image", method.name())]
    Refused {
        method: Method,
        refusals: Vec<Refusal>,
    },
    #[error("{0}")]
    Source(#[from] SourceError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What a template of the user's gives is no Nix.
    #[error("what the templates give does not parse: {message}")]
    Unformatted { message: String },
    #[error("what the templates give does not parse: {}:{}: {}", .0.position.line, .0.position.column, .0.message)]
    Unparsed(SyntaxProblem),
}

/// The files that build the image.
pub fn emit(request: &Request) -> Result<Vec<Emitted>, EmitError> {
    let refusals = refuse::refusals(request.spec, request.method);
    if !refusals.is_empty() {
        return Err(EmitError::Refused {
            method: request.method,
            refusals,
        });
    }
    let templates = Templates::new(request.templates)?;
    let header = Header::new(&request.origin, &request.command);
    match request.method {
        Method::Dockerfile => dockerfile(request, header, &templates),
        Method::RulesImg => bazel(request, header, &templates),
        _ => nix(request, header, &templates),
    }
}

fn nix(
    request: &Request,
    header: Header,
    templates: &Templates,
) -> Result<Vec<Emitted>, EmitError> {
    let model = Model::new(request, header)?;
    let builder = match request.method {
        Method::Nix2Container => "nix2container",
        _ => "layered",
    };
    let aliases = [("source", request.spec.source.kind()), ("builder", builder)];
    let file = |name: &'static str, template: &str| -> Result<Emitted, EmitError> {
        let text = templates.fill(template, &aliases, &model)?;
        let text = nixfmt_rs::format(&text).map_err(|error| EmitError::Unformatted {
            message: format!("{error:?}"),
        })?;
        Ok(Emitted {
            name,
            text: settle::signed(request.workspace, &text).map_err(EmitError::Unparsed)?,
        })
    };
    let mut files = Vec::new();
    if request.form != Form::Flake {
        files.push(file("default.nix", "default.nix")?);
    }
    if request.form != Form::File {
        files.push(file("flake.nix", "flake.nix")?);
        if model.has_apps() && request.brings_publishing() {
            for part in publish::parts(model.header()) {
                let text = match part.name.ends_with(".nix") {
                    true => settle::signed(request.workspace, &part.text)
                        .map_err(EmitError::Unparsed)?,
                    false => settle::signed_plain(&part.text),
                };
                files.push(Emitted { text, ..part });
            }
        }
    }
    Ok(files)
}

fn dockerfile(
    request: &Request,
    header: Header,
    templates: &Templates,
) -> Result<Vec<Emitted>, EmitError> {
    let mut nginx = Ok(String::new());
    let model = docker::Model::new(request, header, |serve| {
        nginx = templates.fill("docker-nginx.conf", &[], &docker::nginx_values(serve));
        nginx.as_ref().map(String::clone).unwrap_or_default()
    })?;
    nginx?;
    let text = templates.fill("Dockerfile", &[], &model)?;
    Ok(vec![Emitted {
        name: "Dockerfile",
        text: settle::signed_plain(&text),
    }])
}

fn bazel(
    request: &Request,
    header: Header,
    templates: &Templates,
) -> Result<Vec<Emitted>, EmitError> {
    let model = bazel::Model::new(request, header);
    let mut files = Vec::new();
    for (name, template) in [
        ("BUILD.bazel", "BUILD.bazel"),
        ("image.MODULE.bazel", "MODULE.bazel"),
    ] {
        files.push(Emitted {
            name,
            text: settle::signed_plain(&templates.fill(template, &[], &model)?),
        });
    }
    if model.fragment.is_some() {
        files.push(Emitted {
            name: bazel::FRAGMENT,
            text: settle::signed_plain(&templates.fill("config.json", &[], &model)?),
        });
    }
    Ok(files)
}

/// `text` as a file of Nix.
fn parsed(text: &str) -> Result<Rc<NixFile>, SyntaxProblem> {
    let source = SourceFile::from_text(RelPath::root(), text.to_owned());
    Ok(Rc::new(NixFile::parse(Arc::new(source))?))
}
