//! The first evaluation, in which fakes stand for all hashes that are open: which derivations carry them, and what
//! these are made of. Recipes are taken of it alone, so that they are the same whatever the hashes are.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::RehashError;
use super::carriers::Carriers;
use super::subject::{State, Subject};
use crate::fod::literal::Literal;
use crate::fod::lock::{Entry, RecordedRecipe, digest};
use crate::fod::{self, Environment, Known, Recipes, StoreContents, WorkspaceSources};
use crate::hash::{Algo, Hash, Hasher};
use crate::nix::NixError;
use crate::nix::drv::{Derivation, Derivations};
use crate::source::{RelPath, Workspace};
use crate::syntax::Library;
use crate::work_copy::WorkCopy;

pub struct Survey<'a> {
    pub derivations: &'a Derivations,
    pub carriers: Carriers,
    sources: HashMap<String, Source>,
    made: BTreeMap<usize, Made>,
    /// What the files of the workspace among the sources are, but for those with literals.
    digests: BTreeMap<RelPath, Hash>,
    /// What is written beside the literals.
    beside: BTreeMap<usize, Environment>,
    /// Of the toolchain, which most have in common.
    known: RefCell<Known>,
}

/// An input source of some derivation.
struct Source {
    /// The files of the workspace that it was made of; `None` for the toolchain's.
    files: Option<Vec<RelPath>>,
    content: Option<Hash>,
}

/// What the FODs of a literal are made of.
#[derive(Default)]
struct Made {
    /// The input sources of the FODs and of what they are built with, FODs among that not looked into.
    sources: BTreeSet<String>,
    /// The literals whose FODs they are built with.
    inputs: BTreeSet<usize>,
    /// The literals whose text stands in what they are made of, other than as the hash of a derivation.
    mentions: BTreeSet<usize>,
    /// Whether its own hash stands there too.
    is_told_itself: bool,
}

impl<'a> Survey<'a> {
    /// To be made before the work copy changes again: sources are told by the files that they were made of.
    pub fn new(
        workspace: &Workspace,
        copy: &WorkCopy,
        files: &[RelPath],
        derivations: &'a Derivations,
        carriers: Carriers,
        subjects: &[Subject],
    ) -> Result<Survey<'a>, RehashError> {
        let mut survey = Survey {
            derivations,
            sources: HashMap::new(),
            made: made(derivations, &carriers, subjects)?,
            carriers,
            digests: BTreeMap::new(),
            beside: BTreeMap::new(),
            known: RefCell::default(),
        };
        let contents = StoreContents::new(derivations);
        let origins = WorkspaceSources::new(copy.root(), files, derivations);
        let masks = Masks::new(workspace, subjects, &survey.carriers)?;
        for (at, made) in &survey.made {
            let near = subjects[*at].literal.path();
            for source in &made.sources {
                if survey.sources.contains_key(source) {
                    continue;
                }
                let files = origins.files_of(source, near);
                let content = match files
                    .as_deref()
                    .and_then(|files| masks.content(copy, files))
                {
                    Some(masked) => Some(masked),
                    None => contents.of(source),
                };
                survey
                    .sources
                    .insert(source.clone(), Source { files, content });
            }
        }
        survey.digests = survey.digests(workspace, copy, subjects, &masks)?;
        let library = Library::new(workspace);
        let beside = |at: &usize| (*at, Environment::beside(&library, subjects[*at].literal));
        survey.beside = survey.made.keys().map(beside).collect();
        Ok(survey)
    }

    /// What the files that the FODs are made of are now. One that holds literals is left out: what it says changes with
    /// each of them, and makes no recipe another. So is one that cannot be read.
    fn digests(
        &self,
        workspace: &Workspace,
        copy: &WorkCopy,
        subjects: &[Subject],
        masks: &Masks,
    ) -> Result<BTreeMap<RelPath, Hash>, RehashError> {
        let literals = subjects.iter().map(|subject| subject.literal);
        let faked: BTreeSet<&RelPath> = literals.clone().map(Literal::path).collect();
        let sure: BTreeSet<&RelPath> = literals
            .filter(|literal| literal.is_sure() && literal.is_to_be_found())
            .map(Literal::path)
            .filter(|path| path.file_name().ends_with(".nix"))
            .collect();
        // What Nix has seen, whatever becomes of the user's files; of those in which fakes may stand, the user's.
        let copied = Workspace::at(copy.root())?;
        let sources = self.sources.values();
        let files = sources.filter_map(|source| source.files.as_ref()).flatten();
        let files: BTreeSet<&RelPath> = files
            .filter(|file| !masks.texts.contains_key(*file) && !sure.contains(file))
            .collect();
        Ok(files
            .into_iter()
            .filter_map(|file| {
                let bytes = match faked.contains(file) {
                    true => workspace.bytes(file),
                    false => copied.bytes(file),
                };
                Some((file.clone(), digest(&bytes.ok()?)))
            })
            .collect())
    }

    /// The literals that have to be settled before this one's FODs can be built.
    pub fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        let made = self.made.get(&at).into_iter();
        made.flat_map(|made| made.inputs.iter().chain(&made.mentions).copied())
    }

    /// Whether what the literal's FODs are built with may hold the fake of a literal: its own, which they are told, or
    /// one of a file that they are made of.
    pub fn may_hold_fakes(&self, at: usize, subjects: &[Subject]) -> bool {
        let made = self.made.get(&at);
        made.is_some_and(|made| made.is_told_itself) || self.holds_literals(at, subjects)
    }

    /// Whether what the literal's FODs are built with holds the text of a file with literals.
    pub fn holds_literals(&self, at: usize, subjects: &[Subject]) -> bool {
        let with_literals: BTreeSet<&RelPath> = subjects
            .iter()
            .map(|subject| subject.literal.path())
            .collect();
        self.files_of(at).any(|file| with_literals.contains(file))
    }

    /// The files of the workspace that the literal's FODs are made of.
    fn files_of(&self, at: usize) -> impl Iterator<Item = &RelPath> {
        let sources = self
            .made
            .get(&at)
            .into_iter()
            .flat_map(|made| &made.sources);
        sources
            .filter_map(|source| self.sources.get(source)?.files.as_ref())
            .flatten()
    }

    /// What cotter.lock is to record of the literal with the hash `hash`, now that all that it needs is settled.
    pub fn record(
        &self,
        at: usize,
        subjects: &[Subject],
        hash: &Hash,
    ) -> Result<Entry, RehashError> {
        let settled = |drv: &str| {
            let at = self.carriers.literal_of.get(drv)?;
            let subject = subjects.get(*at)?;
            match subject.state {
                State::Left => subject.literal.hash().cloned(),
                _ => subject.settled().cloned(),
            }
        };
        let content = |source: &str| self.sources.get(source)?.content.clone();
        let is_workspace = |source: &str| {
            self.sources
                .get(source)
                .is_some_and(|source| source.files.is_some())
        };
        let mut recipes = Recipes::new(self.derivations, &content, &settled, &is_workspace)
            .knowing(self.known.take());
        let mut own = Hasher::new(Algo::Sha256);
        let mut toolchain = Hasher::new(Algo::Sha256);
        let mut taken = BTreeSet::new();
        for carrier in self.carriers.of(at) {
            let recipe = recipes.recipe(carrier)?;
            taken.insert((recipe.own, recipe.toolchain));
        }
        self.known.replace(recipes.into_known());
        for (one, other) in &taken {
            own.update(one.digest());
            toolchain.update(other.digest());
        }
        for mentioned in self
            .made
            .get(&at)
            .into_iter()
            .flat_map(|made| &made.mentions)
        {
            if let Some(hash) = subjects.get(*mentioned).and_then(Subject::settled) {
                own.update(hash.digest());
            }
        }
        let digest = |file: &RelPath| Some((file.clone(), self.digests.get(file)?.clone()));
        Ok(Entry {
            hash: hash.clone(),
            recipe: RecordedRecipe::Built {
                own: own.finish(),
                toolchain: toolchain.finish(),
            },
            files: self.files_of(at).filter_map(digest).collect(),
            env: self.beside.get(&at).cloned().unwrap_or_default(),
        })
    }
}

fn made(
    derivations: &Derivations,
    carriers: &Carriers,
    subjects: &[Subject],
) -> Result<BTreeMap<usize, Made>, NixError> {
    let all: Vec<String> = carriers.by_literal.values().flatten().cloned().collect();
    let nearest = derivations.nearest(&all, |path| carriers.literal_of.contains_key(path))?;
    let open: Vec<usize> = carriers.by_literal.keys().copied().collect();
    let texts: Vec<String> = open
        .iter()
        .map(|at| subjects[*at].literal.spell(&subjects[*at].fake))
        .collect();
    let mentions = carriers.mentions(derivations, &texts)?;
    let mut all = BTreeMap::new();
    for at in &open {
        let mut made = Made::default();
        let own: Vec<String> = carriers.of(*at).cloned().collect();
        let inputs = own.iter().filter_map(|path| nearest.get(path)).flatten();
        made.inputs = inputs
            .filter_map(|path| carriers.literal_of.get(path).copied())
            .collect();
        made.inputs.remove(at);
        let counts = |path: &str, drv: &Derivation| {
            drv.fixed().is_none() || own.iter().any(|carrier| carrier == path)
        };
        for path in derivations.ordered(&own, counts)? {
            let drv = derivations.get(&path)?;
            if counts(&path, &drv) {
                made.sources.extend(drv.input_srcs.iter().cloned());
                let mentioned = mentions.get(&path).into_iter().flatten();
                made.mentions.extend(mentioned.map(|text| open[*text]));
            }
        }
        // Of its own hash a recipe says nothing.
        made.is_told_itself = made.mentions.remove(at);
        all.insert(*at, made);
    }
    Ok(all)
}

/// Files with literals as they count in a source: with the fakes of those that are known to be hashes in place of what
/// they say, so that a hash does not depend on itself or on another that merely stands in the same file.
struct Masks {
    texts: HashMap<RelPath, Vec<u8>>,
}

impl Masks {
    fn new(
        workspace: &Workspace,
        subjects: &[Subject],
        carriers: &Carriers,
    ) -> Result<Masks, RehashError> {
        let known = subjects.iter().enumerate().filter(|(at, subject)| {
            subject.recorded.is_some() || subject.settled().is_some() || carriers.has(*at)
        });
        let fakes: Vec<(&Literal, &Hash)> = known
            .map(|(_, subject)| (subject.literal, &subject.fake))
            .collect();
        let masked = fod::apply(workspace, fakes)?;
        let texts = masked
            .into_iter()
            .map(|file| (file.path().clone(), file.to_bytes()));
        Ok(Masks {
            texts: texts.collect(),
        })
    }

    /// `None` when none of the files has literals: then the source counts as it is.
    fn content(&self, copy: &WorkCopy, files: &[RelPath]) -> Option<Hash> {
        if !files.iter().any(|file| self.texts.contains_key(file)) {
            return None;
        }
        let mut all = Hasher::new(Algo::Sha256);
        for file in files {
            let mut one = Hasher::new(Algo::Sha256);
            match self.texts.get(file) {
                Some(masked) => one.update(masked),
                None => one.update(&std::fs::read(file.to_path(copy.root())).ok()?),
            }
            all.update(file.as_str().as_bytes());
            all.update(b"\0");
            all.update(one.finish().digest());
        }
        Some(all.finish())
    }
}
