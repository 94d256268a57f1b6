//! Why there is no image.

use std::io;
use std::path::PathBuf;

use crate::git::GitError;
use crate::image::archive::ArchiveError;
use crate::nix::{DrvFailure, NixError};
use crate::problem::Problem;
use crate::process::ProcessError;

#[derive(Debug, thiserror::Error)]
pub enum NixBuildError {
    /// The manifest is wrong.
    #[error("{}", .0.first().map_or("the manifest is wrong", |problem| problem.message.as_str()))]
    Source(Vec<Problem>),
    #[error("{message}")]
    Request {
        message: String,
        hint: Option<String>,
    },
    /// What was built is not what the manifest says.
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Nix(#[from] NixError),
    #[error("Nix cannot evaluate `{package}` of {flake}:\n{message}")]
    Eval {
        package: String,
        flake: String,
        message: String,
    },
    #[error("the build of {} failed: {}", .0.drv, .0.message)]
    Build(Box<DrvFailure>),
    #[error("{0}")]
    NotBuilt(String),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A runtime or a registry did not take the image.
    #[error("{source}")]
    Load {
        source: ProcessError,
        hint: Option<&'static str>,
    },
    #[error("{}: cannot {doing}: {source}", .path.display())]
    File {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },
    #[error("{archive}: {reason}")]
    Content { archive: String, reason: String },
}

/// An image that must not go under this tag.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the image is for {found}, but `system` says {wanted}")]
    Architecture { found: String, wanted: String },
    #[error("the image is called `{found}`, but `imageTag` says `{wanted}`")]
    Name { found: String, wanted: String },
}

impl NixBuildError {
    /// What could not be done with the file at `path`.
    pub fn file(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> NixBuildError {
        let path = path.into();
        move |source| NixBuildError::File {
            path,
            doing,
            source,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let words = |text: &str| Some(text.to_owned());
        match self {
            NixBuildError::Source(problems) => problems.first()?.hint.clone(),
            NixBuildError::Request { hint, .. } => hint.clone(),
            NixBuildError::Refused(Refused::Architecture { .. }) => {
                words("build the package for that system, or correct `system`")
            }
            NixBuildError::Refused(Refused::Name { .. }) => {
                words("write the same name in both, or take it with `--rename`")
            }
            NixBuildError::Git(error) => error.hint().map(str::to_owned),
            NixBuildError::Nix(error) => error.hint().map(str::to_owned),
            NixBuildError::Build(failure) => match &failure.kind {
                crate::nix::FailureKind::WrongSystem(system) => Some(format!(
                    "no builder here is {system}: name one with `--builders`, or in /etc/nix/machines"
                )),
                _ => Some(failure.log_command()),
            },
            NixBuildError::Archive(error) => error.hint().map(str::to_owned),
            NixBuildError::Process(ProcessError::NotInstalled { program })
            | NixBuildError::Load {
                source: ProcessError::NotInstalled { program },
                ..
            } => Some(format!("install the package that has `{program}`")),
            NixBuildError::Load { hint, .. } => hint.and_then(words),
            _ => None,
        }
    }
}
