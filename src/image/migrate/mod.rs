//! A Dockerfile as the spec of an image that Nix builds, and the list of what a person has to decide. What is certain is
//! in the spec; every other instruction is in the list, with its line.
//!
//! Nothing is run, and nothing of an image is looked at. Not here: writing the spec, and what it becomes (`emit`).

mod account;
mod accounts;
mod act;
mod base;
mod build_tools;
mod builders;
mod commands;
mod compiled;
mod config;
mod contents;
mod context;
mod download;
mod draft;
mod environment;
mod healthcheck;
mod heredoc;
mod ledger;
mod left_out;
mod leftover;
mod made;
mod nginx_conf;
mod others;
mod path;
mod pip;
mod platform;
mod python;
mod read;
mod scope;
mod script;
mod served;
mod stage;
mod start;
mod walk;
mod wrapper;

use std::collections::{BTreeMap, BTreeSet};

pub use ledger::{Entry, Fate};
pub use read::Unreadable;

use context::Context;
use draft::Draft;
use ledger::Ledger;
use read::Document;
use stage::Stages;
use start::Start;
use walk::Walk;

use super::spec::{LinuxSystem, Package, Source, Spec};
use crate::source::{RelPath, SourceFile, Workspace};

/// What is asked for.
#[derive(Debug)]
pub struct Request<'r> {
    pub workspace: &'r Workspace,
    pub dockerfile: &'r SourceFile,
    /// The folder that files are copied from.
    pub context: RelPath,
    /// The way to it from the folder that the spec comes to stand in.
    pub from_spec: String,
    /// The image's name.
    pub name: String,
    /// The stage that is the image; the last one by default.
    pub target: Option<String>,
    /// Values of `ARG`.
    pub arguments: Vec<(String, String)>,
}

/// What a Dockerfile became.
#[derive(Clone, Debug)]
pub struct Migration {
    pub spec: Spec,
    /// What became of every instruction, in the order of the file.
    pub entries: Vec<Entry>,
    /// How many instructions there are.
    pub instructions: usize,
}

/// Why there is no migration.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("no stage is named `{name}`")]
    NoStage { name: String, known: Vec<String> },
}

impl Migration {
    /// What a person has to decide.
    pub fn to_decide(&self) -> impl Iterator<Item = (&Entry, &str, &[String])> {
        self.entries.iter().filter_map(|entry| match &entry.fate {
            Fate::Decide { why, suggestions } => {
                Some((entry, why.as_str(), suggestions.as_slice()))
            }
            _ => None,
        })
    }
}

/// The spec of the image that a Dockerfile describes.
pub fn migrate(request: &Request) -> Result<Migration, MigrateError> {
    let document = read::read(request.dockerfile)?;
    let context = Context::new(
        request.workspace,
        request.context.clone(),
        request.from_spec.clone(),
    );
    let first = for_system(request, &document, &context, LinuxSystem::X86_64)?;
    let second = for_system(request, &document, &context, LinuxSystem::Aarch64)?;
    let mut migration = platform::merged(first, second);
    platform::cross(&mut migration.spec);
    Ok(migration)
}

/// The same for one system, which `TARGETARCH` names.
fn for_system(
    request: &Request,
    document: &Document,
    context: &Context,
    system: LinuxSystem,
) -> Result<Migration, MigrateError> {
    let stages = Stages::of(
        document,
        request.target.as_deref(),
        &request.arguments,
        system,
    )
    .map_err(|error| MigrateError::NoStage {
        name: request.target.clone().unwrap_or_default(),
        known: error.0,
    })?;
    let walk = Walk {
        document,
        source: request.dockerfile,
        stages: &stages,
        arguments: &request.arguments,
        system,
    };
    let made: BTreeMap<usize, _> = stages
        .reached
        .iter()
        .map(|stage| (*stage, walk.line(&stages.line_of(*stage))))
        .collect();
    let start = made.get(&stages.target).map(Start::of).unwrap_or_default();
    let mut draft = Draft {
        spec: Spec::new(request.name.clone(), Source::Package(Package::default())),
        ledger: Ledger::new(&document.steps),
        steps: &document.steps,
        context,
        stages: &stages,
        made: &made,
        start,
        system,
        copies: BTreeSet::new(),
        runs: BTreeSet::new(),
        builders: BTreeSet::new(),
        accounts: BTreeMap::new(),
        systems: vec![LinuxSystem::X86_64, LinuxSystem::Aarch64],
    };
    fill(&mut draft);
    before_and_beside(&mut draft);
    let mut spec = draft.spec;
    spec.contents.sort();
    spec.contents.dedup();
    spec.systems = draft.systems;
    Ok(Migration {
        spec,
        entries: draft.ledger.close(),
        instructions: document.steps.len(),
    })
}

fn fill(draft: &mut Draft) {
    wrapper::source(draft);
    let made = draft.made;
    for made in made.values() {
        accounts::made_in(draft, made);
    }
    accounts::user(draft);
    leftover::copies(draft);
    // Folders are asked for once their volumes are known.
    config::all(draft);
    commands::runs(draft);
    healthcheck::take(draft);
    builders::base(draft);
    builders::stages(draft);
    wrapper::commands(draft);
    platform::only(draft);
}

/// What stands before the first stage, and the stages that the image is not made of.
fn before_and_beside(draft: &mut Draft) {
    let first = draft.stages.all.first().map_or(0, |stage| stage.from);
    for step in 0..first {
        if !draft.ledger.has(step) {
            draft
                .ledger
                .covered(step, "its value is put in where it is named");
        }
    }
    for (number, stage) in draft.stages.all.iter().enumerate() {
        if draft.stages.reached.contains(&number) {
            continue;
        }
        for step in std::iter::once(stage.from).chain(stage.steps.clone()) {
            draft
                .ledger
                .covered(step, "the image is not made of this stage");
        }
    }
}
