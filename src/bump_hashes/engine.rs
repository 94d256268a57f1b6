//! One run of the engine on the files as they will be.

use std::collections::BTreeSet;
use std::time::Duration;

use super::answer::{is_at, of_error};
use super::{BumpHashes, PLACEHOLDER};
use crate::fetched::Fetched;
use crate::fod::native::World;
use crate::fod::run::{Building, Evaluation, Native, Outside, Rehash, Request, rehash};
use crate::fod::{self, Literal, output_hashes, target};
use crate::git;
use crate::nix::{Nix, NixError};
use crate::pin;
use crate::pin::bump::{Ask, Failed};
use crate::process::System;
use crate::source::RelPath;
use crate::syntax::Library;

/// What the engine made of the files as they will be.
pub(super) struct Rehashed {
    pub literals: Vec<Literal>,
    /// The literals of the files as they are.
    pub before: Vec<Literal>,
    pub rehash: Rehash,
    /// Why nothing was built.
    pub unbuilt: Option<Failed>,
}

impl BumpHashes<'_> {
    pub(super) fn rehashed(&self, ask: &Ask) -> Result<Rehashed, Failed> {
        let config = self.config;
        let workspace = ask.after;
        let because = |error: String| Failed {
            reason: Some(error),
            ..Failed::default()
        };
        let tracked = git::tracked_files(workspace.root()).map_err(|e| because(e.to_string()))?;
        let files = workspace.files(&RelPath::root(), &tracked);
        let mut copied = workspace.files_and_links(&RelPath::root(), &tracked);
        let wanted: BTreeSet<RelPath> = ask.wanted.iter().map(|spot| spot.file.clone()).collect();
        let wanted: Vec<RelPath> = wanted.into_iter().collect();
        let before = fod::find(ask.before, config, &wanted).literals;
        let literals = fod::find(workspace, config, &files).literals;
        let chosen: BTreeSet<usize> = (0..literals.len())
            .filter(|at| ask.wanted.iter().any(|spot| is_at(&literals[*at], spot)))
            .collect();
        let fetched = self.fetched(ask, &wanted);
        let library = Library::new(workspace);
        let all = target::all(config, &files, &library);
        let targets = target::reaching(&all, &wanted, &files, &library);
        copied.extend(target::ignored(&targets, &files, workspace, &library));
        let options: Vec<String> = config.nix.arguments();
        let (nix, unbuilt) = match self.building {
            None => (Err(NixError::NotInstalled), Some(Failed::default())),
            Some(_) => match Nix::find(&System) {
                Ok(nix) => (Ok(nix), None),
                Err(error) => {
                    let failed = because(error.to_string());
                    (Err(error), Some(failed))
                }
            },
        };
        let known = self.known.borrow();
        let evaluation = Evaluation::of(config, self.folder.clone());
        let request = Request {
            workspace,
            files: &copied,
            literals: &literals,
            chosen: &chosen,
            fetched: &fetched,
            targets: &targets,
            lock: known.computed.as_ref().unwrap_or(self.lock),
            all: known.computed.is_none(),
            native: match nix {
                Ok(_) => Native::Auto,
                Err(_) => Native::Only,
            },
            evaluation: &evaluation,
            building: self.building.unwrap_or(Building {
                jobs: None,
                timeout: Duration::ZERO,
            }),
        };
        let nix = || match &nix {
            Ok(nix) => Ok(nix.settings(&options)),
            Err(_) => Err(NixError::NotInstalled),
        };
        let outside = Outside {
            nix: &nix,
            world: World {
                git: self.git,
                downloads: &self.downloads,
            },
            cache_dir: &self.cache_dir,
        };
        let mut watch = self.watch.borrow_mut();
        let (rehash, unbuilt) = match rehash(&request, &outside, *watch) {
            Ok(done) => (done, unbuilt),
            // What needs no build is right all the same.
            Err(error) => {
                let request = Request {
                    native: Native::Only,
                    ..request
                };
                let done = rehash(&request, &outside, *watch).map_err(|e| of_error(&e))?;
                (done, Some(of_error(&error)))
            }
        };
        drop(known);
        Ok(Rehashed {
            literals,
            before,
            rehash,
            unbuilt,
        })
    }

    /// What the literals of the files as they will be are the hashes of.
    fn fetched(&self, ask: &Ask, wanted: &[RelPath]) -> Vec<Fetched> {
        let mut fetched = pin::fetched(ask.after, self.config, ask.found, ask.clone);
        let plan = output_hashes::plan(ask.after, wanted, PLACEHOLDER);
        let changed: BTreeSet<&RelPath> = plan.files.iter().map(|file| file.path()).collect();
        let there = plan.fetched.iter();
        fetched.extend(there.filter(|one| !changed.contains(&one.file)).cloned());
        fetched
    }
}
