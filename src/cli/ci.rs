//! `cotter ci …`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;
use super::failure::{Failure, Outcome, finish};
use crate::pipeline::{self, PipelineError, Publishing, Service};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the configuration that runs cotter on every commit, or publishes images when a version is tagged
    Emit(Emit),
}

#[derive(Debug, Args)]
pub struct Emit {
    target: Target,
    /// Of a pipeline: the folder of the flake, from the root of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    flake: String,
    /// Of a pipeline: the image that its steps run in, with Nix in it (Woodpecker, GitLab)
    #[arg(long, default_value = "docker.io/nixos/nix:2.31.2")]
    image: String,
    /// Of a pipeline: the secret that holds the token of the registry
    #[arg(long, value_name = "NAME", default_value = "REGISTRY_TOKEN")]
    secret: String,
    /// Of a pipeline: whose token it is
    #[arg(long)]
    user: Option<String>,
    /// Of a pipeline: the BuildKit that builds what Nix cannot build for an architecture, as tcp://buildkit.example.org:1234
    #[arg(long, value_name = "ADDR")]
    buildkit: Option<String>,
}

/// What runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// `.pre-commit-config.yaml`, for pre-commit and prek
    PreCommit,
    /// A Nix file for git-hooks.nix
    GitHooksNix,
    /// `.woodpecker.yaml`, that publishes
    Woodpecker,
    /// `.forgejo/workflows/publish.yaml`
    Forgejo,
    /// `.github/workflows/publish.yaml`
    #[value(name = "github")]
    GitHub,
    /// `.gitlab-ci.yml`, that publishes
    #[value(name = "gitlab")]
    GitLab,
}

impl Emit {
    fn text(&self) -> Result<String, PipelineError> {
        let service = match self.target {
            Target::PreCommit => {
                return Ok(include_str!("../../templates/ci/pre-commit.yaml").to_owned());
            }
            Target::GitHooksNix => {
                return Ok(include_str!("../../templates/ci/git-hooks.nix").to_owned());
            }
            Target::Woodpecker => Service::Woodpecker,
            Target::Forgejo => Service::Forgejo,
            Target::GitHub => Service::GitHub,
            Target::GitLab => Service::GitLab,
        };
        let values = Publishing {
            image: self.image.clone(),
            flake: self.flake.clone(),
            secret: self.secret.clone(),
            user: self.user.clone(),
            buildkit: self.buildkit.clone(),
        };
        pipeline::publishing(service, &values)
    }
}

impl Command {
    pub fn run(&self) -> ExitCode {
        let Command::Emit(emit) = self;
        let outcome = emit
            .text()
            .map_err(|error| Failure::usage(error.to_string(), None))
            .and_then(|text| {
                let written = io::stdout().lock().write_all(text.as_bytes());
                written.map(|()| Outcome::Done).map_err(Failure::output)
            });
        finish(Format::Human, outcome)
    }
}
