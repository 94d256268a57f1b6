//! `cotter check --eval`: the recipes of recorded hashes, as Nix evaluates them now.

use std::collections::BTreeSet;
use std::time::Duration;

use super::failure::Failure;
use super::rehash::downloads;
use super::setup::{Opened, cache_dir};
use crate::fod::lock::Lock;
use crate::fod::native::World;
use crate::fod::run::{Building, Comparison, Evaluation, Native, Outside, Request, recipes};
use crate::fod::{self, Literal, target};
use crate::git::{Git, GitOptions};
use crate::nix::Nix;
use crate::pin;
use crate::process::System;
use crate::source::RelPath;
use crate::syntax::Library;

/// How long what is fetched while Nix evaluates may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every literal that `lock` records, and how its recipe stands to the recorded one. Builds nothing.
pub fn compared(
    opened: &Opened,
    files: &[RelPath],
    tracked: &[RelPath],
    lock: &Lock,
) -> Result<Vec<(Literal, Comparison)>, Failure> {
    let (workspace, config) = (&opened.workspace, &opened.config);
    let literals = fod::find(workspace, config, files).literals;
    let is_recorded = |literal: &Literal| {
        let name = &literal.name.attrpath;
        lock.get(literal.path(), name).is_some()
    };
    let chosen: BTreeSet<usize> = (0..literals.len())
        .filter(|at| literals.get(*at).is_some_and(is_recorded))
        .collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let fetched = pin::fetched(workspace, config, &opened.pins()?, None);
    let mut copied = workspace.files_and_links(&RelPath::root(), tracked);
    let library = Library::new(workspace);
    let entries: Vec<RelPath> = copied
        .iter()
        .filter(|path| path.file_name().ends_with(".nix"))
        .filter(|path| path.to_path(workspace.root()).is_file())
        .cloned()
        .collect();
    let targets = target::all(config, &entries, &library);
    copied.extend(target::ignored(&targets, files, workspace, &library));
    let settings = config.nix.arguments();
    let nix = || Ok(Nix::find(&System)?.settings(&settings));
    let git = Git::new(GitOptions {
        cache_dir: cache_dir()?,
        offline: false,
        timeout: PATIENCE,
    });
    let downloads = downloads(false, PATIENCE);
    let evaluation = Evaluation::of(config, opened.folder());
    let request = Request {
        workspace,
        files: &copied,
        literals: &literals,
        chosen: &chosen,
        fetched: &fetched,
        targets: &targets,
        lock,
        all: false,
        native: Native::Auto,
        evaluation: &evaluation,
        building: Building {
            jobs: None,
            timeout: PATIENCE,
        },
    };
    let outside = Outside {
        nix: &nix,
        world: World {
            git: &git,
            downloads: &downloads,
        },
        cache_dir: &cache_dir()?,
    };
    let compared = recipes(&request, &outside)?.into_iter();
    Ok(compared
        .filter_map(|one| Some((literals.get(one.literal)?.clone(), one.recipe)))
        .collect())
}
