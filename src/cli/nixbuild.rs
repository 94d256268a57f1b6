//! `cotter nixbuild …`: what its commands have in common.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::failure::{Failure, FailureKind, of_problem};
use super::setup::{Globals, Opened};
use super::{nixbuild_build, nixbuild_emit, nixbuild_watch};
use crate::nix::Nix;
use crate::nixbuild::{Containerd, LoadTo, Loader, NixBuildError};
use crate::output::Diagnostic;
use crate::process::System;
use crate::work_copy::WorkCopyError;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a NixBuild, or the annotations that stand for one
    Emit(nixbuild_emit::Arguments),
    /// Build what a manifest names, and load it where told
    Build(nixbuild_build::Arguments),
    /// Build and load all NixBuilds of a folder, and again as they change
    Watch(nixbuild_watch::Arguments),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        match self {
            Command::Emit(arguments) => arguments.run(globals),
            Command::Build(arguments) => arguments.run(globals),
            Command::Watch(arguments) => arguments.run(globals),
        }
    }
}

/// How images are built and where they go.
#[derive(Debug, Args)]
pub struct BuildOptions {
    /// Where the image goes: containerd, podman, docker, registry, oci:FOLDER or docker-archive:FILE
    #[arg(long, value_name = "WHERE")]
    pub load: Option<LoadTo>,
    /// The socket of containerd [default: where `ctr` looks, or CONTAINERD_ADDRESS]
    #[arg(long, value_name = "SOCKET")]
    containerd_address: Option<PathBuf>,
    /// The namespace of containerd; Kubernetes has one of its own
    #[arg(long, value_name = "NAMESPACE", default_value = "k8s.io", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    containerd_namespace: String,
    /// Credentials for the registry, as `skopeo login` writes them
    #[arg(long, value_name = "FILE")]
    auth_file: Option<PathBuf>,
    /// Let the registry be without TLS
    #[arg(long)]
    insecure_registry: bool,
    /// Take the image also when it is built under another name
    #[arg(long)]
    pub rename: bool,
    /// Remote builders, as Nix's setting of this name has them [default: what Nix is set to]
    #[arg(long, value_name = "BUILDERS")]
    pub builders: Option<String>,
    /// The system of annotations, which name none [default: Linux on this machine's processor]
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// How long one build may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
}

impl BuildOptions {
    pub fn loader<'a>(&self, opened: &Opened, runner: &'a System) -> Option<Loader<'a>> {
        let seen = |path: &PathBuf| opened.base.join(path);
        let to = match self.load.clone()? {
            LoadTo::Oci(folder) => LoadTo::Oci(seen(&folder)),
            LoadTo::DockerArchive(file) => LoadTo::DockerArchive(seen(&file)),
            to => to,
        };
        Some(Loader {
            runner,
            to,
            containerd: Containerd {
                address: self.containerd_address.clone(),
                namespace: self.containerd_namespace.clone(),
            },
            auth_file: self.auth_file.as_ref().map(seen),
            insecure: self.insecure_registry,
        })
    }

    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// The user's settings for Nix, as arguments.
pub fn settings(opened: &Opened) -> Vec<String> {
    let nix = &opened.config.nix;
    Nix::arguments_of(&nix.options, &nix.include, opened.workspace.root())
}

/// What this machine is called.
pub fn node() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

impl From<NixBuildError> for Failure {
    fn from(error: NixBuildError) -> Failure {
        if let NixBuildError::Source(problems) = &error {
            return Failure::all(
                FailureKind::Usage,
                problems.iter().map(of_problem).collect(),
            );
        }
        let kind = match &error {
            NixBuildError::Request { .. } => FailureKind::Usage,
            NixBuildError::Refused(_) => FailureKind::Invariant,
            _ => FailureKind::Outside,
        };
        let log = match &error {
            NixBuildError::Build(failure) => failure.log_tail.clone(),
            _ => Vec::new(),
        };
        let diagnostic = Diagnostic {
            hint: error.hint(),
            log,
            ..Diagnostic::error(error.to_string())
        };
        Failure::new(kind, diagnostic)
    }
}

impl From<WorkCopyError> for Failure {
    fn from(error: WorkCopyError) -> Failure {
        Failure::outside(error.to_string(), error.hint().map(str::to_owned))
    }
}
