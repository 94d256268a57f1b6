//! What was asked for and what was found, in the words of the other room.

use super::emit::Kind;
use crate::cli::failure::{Failure, FailureKind};
use crate::image::spec::{self, EmittedLock, SporkBuild, SporkFacts, SporkFeature};
use crate::output::Diagnostic;
use crate::pin::fork::{self, Asked, Build, Fork, ForkError};

/// `[NAME=]BRANCH`; the name of a branch may hold a `=`.
pub fn asked(text: &str, is_branch: impl Fn(&str) -> bool) -> Asked {
    match text.split_once('=') {
        Some((name, branch)) if !is_branch(text) => Asked {
            name: Some(name.to_owned()),
            branch: branch.to_owned(),
        },
        _ => Asked {
            name: None,
            branch: text.to_owned(),
        },
    }
}

/// A feature that a spec lists.
pub fn listed(feature: &spec::Feature) -> Asked {
    Asked {
        name: Some(feature.name.clone()),
        branch: feature
            .branch
            .clone()
            .unwrap_or_else(|| feature.name.clone()),
    }
}

/// What the spec of the image is made from.
pub fn facts(fork: &Fork, url: String, lock: Option<EmittedLock>) -> SporkFacts {
    let project = &fork.project;
    let feature = |feature: &fork::Feature| SporkFeature {
        name: feature.name.clone(),
        branch: feature.branch.clone(),
        rev: feature.commit.to_string(),
    };
    SporkFacts {
        url,
        main: fork.main.clone(),
        upstream_rev: fork.upstream.to_string(),
        version: fork.version.clone(),
        features: fork.features.iter().map(feature).collect(),
        build: match project.build {
            Build::Rust => SporkBuild::Rust,
            Build::Go => SporkBuild::Go,
            Build::Npm => SporkBuild::Npm,
            Build::Make => SporkBuild::Make,
        },
        pname: project.pname.clone(),
        program: project.program.clone(),
        fetches: project.fetches,
        build_script: project.has_build_script,
        lock,
    }
}

impl From<Kind> for Build {
    fn from(kind: Kind) -> Build {
        match kind {
            Kind::Rust => Build::Rust,
            Kind::Go => Build::Go,
            Kind::Npm => Build::Npm,
            Kind::Make => Build::Make,
        }
    }
}

impl From<SporkBuild> for Build {
    fn from(build: SporkBuild) -> Build {
        match build {
            SporkBuild::Rust => Build::Rust,
            SporkBuild::Go => Build::Go,
            SporkBuild::Npm => Build::Npm,
            SporkBuild::Make => Build::Make,
        }
    }
}

impl From<ForkError> for Failure {
    fn from(error: ForkError) -> Failure {
        match error {
            ForkError::Wrong { message, hint } => Failure::usage(message, Some(hint)),
            ForkError::Invariant(faults) => {
                let shown = faults.into_iter().map(|fault| Diagnostic {
                    hint: Some(fault.hint),
                    ..Diagnostic::error(fault.message)
                });
                Failure::all(FailureKind::Invariant, shown.collect())
            }
            ForkError::Git(error) if error.is_about_a_name() => {
                Failure::usage(error.to_string(), error.hint().map(str::to_owned))
            }
            ForkError::Git(error) => error.into(),
        }
    }
}
