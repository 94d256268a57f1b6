//! The hashes of a bump, computed by the engine of `fod-rehash`: where `pin` and `fod` meet.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use super::rehash::{Shown, configured_include, configured_options};
use super::setup::{Globals, Opened, cache_dir};
use crate::edit;
use crate::fetched::Fetched;
use crate::fod::lock::{Entry, Lock, RecordedRecipe};
use crate::fod::native::World;
use crate::fod::run::{
    Building, Evaluation, Native, Outside, Rehash, RehashError, Request, Unevaluated, rehash,
};
use crate::fod::{self, Literal, Row, Status, output_hashes, target};
use crate::git::{self, Git};
use crate::hash::{Hash, HashText};
use crate::net::Downloads;
use crate::nix::{Nix, NixError};
use crate::pin;
use crate::pin::bump::{Ask, Computed, Failed, HashSpot, Hashes, OutputHashes};
use crate::process::System;
use crate::source::{RelPath, SourceError, Workspace};
use crate::syntax::Library;
use crate::transaction::FileChange;

/// What stands in new entries of `outputHashes` until their hash is known. It never reaches the user's files.
const PLACEHOLDER: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Computes the hashes of a bump with the engine of `fod-rehash`.
pub struct BumpHashes<'a> {
    pub globals: &'a Globals,
    pub opened: &'a Opened,
    pub git: &'a Git,
    pub downloads: Downloads,
    /// `None`: what needs a build is not computed.
    pub building: Option<Building>,
    /// What cotter.lock records.
    pub lock: &'a Lock,
    pub known: RefCell<Known>,
}

/// What came of it so far.
#[derive(Default)]
pub struct Known {
    /// What was computed for which recipe, so that it need not be built a second time.
    computed: Option<Lock>,
    /// What the last call of [`Hashes::compute`] came to: what lands.
    landed: BTreeMap<(RelPath, String), Entry>,
}

impl Hashes for BumpHashes<'_> {
    fn compute(&self, ask: &Ask) -> Vec<Result<Computed, Failed>> {
        self.known.borrow_mut().landed.clear();
        if ask.wanted.is_empty() {
            return Vec::new();
        }
        match self.rehashed(ask) {
            Ok(rehashed) => {
                let answer = |spot: &HashSpot| self.answer(ask, &rehashed, spot);
                let answers = ask.wanted.iter().map(answer).collect();
                self.known.borrow_mut().computed = Some(rehashed.rehash.lock);
                answers
            }
            Err(failed) => vec![Err(failed); ask.wanted.len()],
        }
    }

    fn output_hashes(
        &self,
        before: &Workspace,
        workspace: &Workspace,
        nix: &RelPath,
        lock: &RelPath,
    ) -> Result<OutputHashes, String> {
        let files = std::slice::from_ref(nix);
        let plan = output_hashes::plan(workspace, files, PLACEHOLDER);
        if let Some(problem) = plan.problems.first() {
            return Err(problem.message.clone());
        }
        if !plan.locks.contains(lock) || plan.edits.keys().any(|file| file != nix) {
            return Err(format!("{nix} does not show which of them are of {lock}"));
        }
        let then = output_hashes::plan(before, files, PLACEHOLDER);
        let literals = fod::find(before, &self.opened.config, files).literals;
        let origin = |plan: &output_hashes::Plan, literal: &Literal| {
            let edits = plan.edits.get(nix).map(Vec::as_slice).unwrap_or_default();
            let offset = literal.spot.offset();
            if edits.iter().any(|edit| edit.range.contains(&offset)) {
                return None;
            }
            let place = edit::moved(offset, edits);
            let mut fetched = plan.fetched.iter();
            let found = fetched.find(|one| one.file == *nix && one.offset == place)?;
            found.what.identity()
        };
        let has_moved = |literal: &&Literal| {
            let now = origin(&plan, literal);
            now.is_some() && now != origin(&then, literal)
        };
        Ok(OutputHashes {
            moved: literals
                .iter()
                .filter(has_moved)
                .map(|literal| literal.spot.offset())
                .collect(),
            edits: plan.edits.get(nix).cloned().unwrap_or_default(),
            placeholder: PLACEHOLDER.to_owned(),
        })
    }
}

/// What the engine made of the files as they will be.
struct Rehashed {
    literals: Vec<Literal>,
    /// The literals of the files as they are.
    before: Vec<Literal>,
    rehash: Rehash,
    /// Why nothing was built.
    unbuilt: Option<Failed>,
}

impl BumpHashes<'_> {
    fn rehashed(&self, ask: &Ask) -> Result<Rehashed, Failed> {
        let config = &self.opened.config;
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
        let options: Vec<String> = configured_options(config).collect();
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
        let evaluation = Evaluation {
            args: Vec::new(),
            argstrs: Vec::new(),
            include: configured_include(config).collect(),
            dir: self.opened.folder(),
            system: None,
        };
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
        let cache_dir = cache_dir().map_err(|_| because("there is no cache folder".to_owned()))?;
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
            cache_dir: &cache_dir,
        };
        let mut shown = Shown::new(self.globals);
        let (rehash, unbuilt) = match rehash(&request, &outside, &mut shown) {
            Ok(done) => (done, unbuilt),
            // What needs no build is right all the same.
            Err(error) => {
                let request = Request {
                    native: Native::Only,
                    ..request
                };
                let done = rehash(&request, &outside, &mut shown).map_err(|e| of_error(&e))?;
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
        let mut fetched = pin::fetched(ask.after, &self.opened.config, ask.found, ask.clone);
        let plan = output_hashes::plan(ask.after, wanted, PLACEHOLDER);
        let changed: BTreeSet<&RelPath> = plan.files.iter().map(|file| file.path()).collect();
        let there = plan.fetched.iter();
        fetched.extend(there.filter(|one| !changed.contains(&one.file)).cloned());
        fetched
    }

    fn answer(&self, ask: &Ask, rehashed: &Rehashed, spot: &HashSpot) -> Result<Computed, Failed> {
        let because = |reason: &str| Failed {
            reason: Some(reason.to_owned()),
            ..Failed::default()
        };
        let literal = rehashed.literals.iter().find(|one| is_at(one, spot));
        let Some(literal) = literal else {
            return Err(because("there is no literal to write it into"));
        };
        let mut rows = rehashed.rehash.rows.iter();
        let row = rows.find(|row| row.file == *literal.path() && row.name == literal.name);
        let Some(row) = row else {
            return Err(because("it is the hash of nothing that was evaluated"));
        };
        let hash = match (row.status, &row.new) {
            (Status::Updated | Status::Verified, Some(new)) => {
                HashText::parse(new, Some(literal.algo))
                    .map_err(|error| because(&error.to_string()))?
                    .hash
            }
            _ => return Err(of_row(row, rehashed)),
        };
        let computed = match spot.before {
            None => Computed {
                text: literal.spell(&hash),
                edit: None,
                old: literal.spot.value.clone(),
            },
            Some(offset) => in_place(ask.before, &rehashed.before, &spot.file, offset, &hash)
                .map_err(|reason| because(&reason))?,
        };
        let key = (literal.path().clone(), literal.name.attrpath.clone());
        if let Some(entry) = rehashed.rehash.lock.get(&key.0, &key.1) {
            let landed = &mut self.known.borrow_mut().landed;
            landed.insert(key, entry.clone());
        }
        Ok(computed)
    }

    /// What cotter.lock is to say once the files and their pins are those of `after`; `None` where it says so. What is fetched by another revision now is recorded with its new hash.
    pub fn lock_change(
        &self,
        before: (&Workspace, &pin::Found),
        after: (&Workspace, &pin::Found),
        clone: Option<&Path>,
    ) -> Option<FileChange> {
        let config = &self.opened.config;
        let literals = fod::find(after.0, config, &after.1.files).literals;
        let fetched = |(workspace, found): (&Workspace, &pin::Found)| {
            let literals = fod::find(workspace, config, &found.files).literals;
            let places: HashMap<(RelPath, usize), String> =
                pin::fetched(workspace, config, found, clone)
                    .into_iter()
                    .filter(|one| one.obstacle.is_none())
                    .filter_map(|one| Some(((one.file, one.offset), one.what.identity()?)))
                    .collect();
            literals
                .into_iter()
                .filter_map(|literal| {
                    let place = (literal.path().clone(), literal.spot.offset());
                    let identity = places.get(&place)?.clone();
                    Some(((place.0, literal.name.attrpath), identity))
                })
                .collect::<BTreeMap<(RelPath, String), String>>()
        };
        let (then, now) = (fetched(before), fetched(after));
        let known = self.known.borrow();
        let mut lock = self.lock.clone();
        for literal in &literals {
            let key = (literal.path().clone(), literal.name.attrpath.clone());
            let Some(hash) = literal.hash() else { continue };
            let entry = match (known.landed.get(&key), now.get(&key)) {
                (Some(entry), _) if entry.hash == *hash => entry.clone(),
                (None, Some(identity)) if then.get(&key) != Some(identity) => Entry {
                    hash: hash.clone(),
                    recipe: RecordedRecipe::fetched(identity),
                    files: Vec::new(),
                },
                _ => continue,
            };
            lock.set(&key.0, &key.1, entry);
        }
        lock.retain(|file, attrpath| {
            let mut literals = literals.iter();
            literals.any(|one| one.path() == file && one.name.attrpath == attrpath)
        });
        lock.change()
    }
}

/// Whether the literal is what stands at the place, which an expression that has become a string has left by its quote.
fn is_at(literal: &Literal, spot: &HashSpot) -> bool {
    let offset = literal.spot.offset();
    *literal.path() == spot.file && (offset == spot.after || offset == spot.after + 1)
}

/// What writes `hash` into the literal at `offset` of the file as it is.
fn in_place(
    workspace: &Workspace,
    literals: &[Literal],
    file: &RelPath,
    offset: usize,
    hash: &Hash,
) -> Result<Computed, String> {
    let mut literals = literals.iter();
    let literal = literals
        .find(|one| one.path() == file && one.spot.offset() == offset)
        .ok_or_else(|| "there is no literal to write it into".to_owned())?;
    let source = workspace
        .read(file)
        .map_err(|error: SourceError| error.to_string())?;
    let edit = literal
        .replace(&source, hash)
        .map_err(|error| error.to_string())?;
    Ok(Computed {
        text: literal.spell(hash),
        edit: Some(edit),
        old: literal.spot.value.clone(),
    })
}

fn of_row(row: &Row, rehashed: &Rehashed) -> Failed {
    if row.status == Status::Unreached {
        if let Some(unbuilt) = &rehashed.unbuilt {
            return unbuilt.clone();
        }
        if !rehashed.rehash.unevaluated.is_empty() {
            return of_unevaluated(&rehashed.rehash.unevaluated);
        }
    }
    Failed {
        reason: row.reason.clone(),
        log: row.log.clone(),
        hint: row
            .drv
            .as_ref()
            .filter(|_| !row.log.is_empty())
            .map(|drv| format!("`nix-store --read-log {drv}` shows the whole log")),
    }
}

fn of_error(error: &RehashError) -> Failed {
    match error {
        RehashError::Evaluation(all) => of_unevaluated(all),
        error => Failed {
            reason: Some(error.to_string()),
            ..Failed::default()
        },
    }
}

fn of_unevaluated(all: &[Unevaluated]) -> Failed {
    let said = all
        .iter()
        .map(|one| format!("Nix cannot evaluate {}: {}", one.target, one.message));
    Failed {
        reason: Some(said.collect::<Vec<_>>().join("; ")),
        ..Failed::default()
    }
}
