//! A run: from hash literals to what they should say. The user's files are only read.
//!
//! The way: what needs no build (`native`); a work copy with a fake for each open literal, evaluated (`evaluate`,
//! `carriers`, `survey`); rounds of builds, a level of the chain of FODs at a time (`rounds`); the proof (`prove`);
//! what came of it (`outcome`). A run that only compares evaluates and no more (`recipes`).

mod carriers;
mod contamination;
mod evaluate;
mod evaluation;
mod native;
mod outcome;
mod prove;
mod recipes;
mod rivals;
mod rounds;
mod subject;
mod survey;
mod unevaluated;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

pub use evaluation::{Evaluation, Include};
pub use outcome::Rehash;
pub use recipes::{Compared, Comparison, recipes};
pub use unevaluated::Unevaluated;

use carriers::Carriers;
use evaluate::Evaluator;
use rounds::Rounds;
use subject::{State, Subject};
use survey::Survey;

use super::FakeError;
use super::literal::Literal;
use super::lock::{FILE as LOCK_FILE, Lock};
use super::native::{NativeError, World};
use super::report::Strategy;
use super::target::Target;
use crate::fetched::Fetched;
use crate::git::GitError;
use crate::hash::Hash;
use crate::nix::drv::Derivations;
use crate::nix::{Nix, NixError, Progress};
use crate::source::{RelPath, SourceError, Workspace};
use crate::spot::SpotError;
use crate::work_copy::{self, WorkCopy, WorkCopyError};

/// Whether hashes are taken in this process where they can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Native {
    #[default]
    Auto,
    /// Each by a build.
    Never,
    /// None by a build: Nix is not asked for anything.
    Only,
}

/// How builds are run.
#[derive(Clone, Copy, Debug)]
pub struct Building {
    /// How many at once; `None` is as Nix is set, or as many as there are cores where that is 1.
    pub jobs: Option<u32>,
    /// How long one may take.
    pub timeout: Duration,
}

/// What is asked for.
pub struct Request<'a> {
    pub workspace: &'a Workspace,
    /// What a work copy is made of.
    pub files: &'a [RelPath],
    pub literals: &'a [Literal],
    /// Which of the literals; the others stay as they are.
    pub chosen: &'a BTreeSet<usize>,
    pub fetched: &'a [Fetched],
    pub targets: &'a [Target],
    pub lock: &'a Lock,
    /// Whether what the lock records is looked into again.
    pub all: bool,
    pub native: Native,
    pub evaluation: &'a Evaluation,
    pub building: Building,
}

/// What a run asks and uses.
pub struct Outside<'a> {
    /// Not called before Nix is needed.
    pub nix: &'a dyn Fn() -> Result<Nix<'a>, NixError>,
    pub world: World<'a>,
    /// Where work copies are made: cotter's folder in the user's cache.
    pub cache_dir: &'a Path,
}

/// Is told what goes on.
pub trait Watch {
    /// A round of builds begins, of so many literals.
    fn round(&mut self, round: usize, literals: usize);
    fn build(&mut self, progress: &Progress);
    /// All builds of a batch have ended.
    fn built(&mut self);
}

/// Why there is no result. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RehashError {
    #[error(transparent)]
    Nix(#[from] NixError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Copy(#[from] WorkCopyError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Fake(#[from] FakeError),
    #[error(transparent)]
    Spot(#[from] SpotError),
    /// No target can be evaluated.
    #[error("Nix cannot evaluate {} of the targets", .0.len())]
    Evaluation(Vec<Unevaluated>),
}

/// Computes the hashes of the chosen literals.
pub fn rehash(
    request: &Request,
    outside: &Outside,
    watch: &mut dyn Watch,
) -> Result<Rehash, RehashError> {
    work_copy::clear(outside.cache_dir);
    let mut subjects = subjects(request);
    let plain: BTreeSet<usize> = (0..subjects.len())
        .filter(|at| request.native == Native::Only || !native::may_be_shared(&subjects[*at]))
        .collect();
    native::settle(
        &mut subjects,
        &plain,
        request.native,
        request.all,
        outside.world,
    );
    let mut rounds = 0;
    let mut unevaluated = Vec::new();
    if request.native == Native::Only {
        for subject in subjects.iter_mut().filter(|subject| subject.is_open()) {
            subject.state = State::Unreached { system: None };
            let obstacle = subject.fetched.and_then(|fetched| fetched.obstacle.clone());
            let unproven = obstacle.map(|obstacle| NativeError::Unproven(obstacle).to_string());
            let reason = subject.reason.take().or(unproven);
            subject.reason = reason.or_else(|| Some("its hash needs a build".to_owned()));
        }
    } else if subjects.iter().any(Subject::is_open) {
        (rounds, unevaluated) = build(request, outside, &mut subjects, watch)?;
    }
    outcome::of(request, &subjects, rounds, unevaluated)
}

fn subjects<'a>(request: &Request<'a>) -> Vec<Subject<'a>> {
    let fetched: HashMap<(&RelPath, usize), Vec<&Fetched>> =
        request.fetched.iter().fold(HashMap::new(), |mut all, one| {
            all.entry((&one.file, one.offset)).or_default().push(one);
            all
        });
    let literals = request.literals.iter().enumerate();
    literals
        .map(|(at, literal)| {
            let recorded = request.lock.get(literal.path(), &literal.name.attrpath);
            // Several fetchers that share a literal are only right if they fetch the same.
            let fetched = match fetched
                .get(&(literal.path(), literal.spot.offset()))
                .map(Vec::as_slice)
            {
                Some([one, others @ ..]) if others.iter().all(|other| other.what == one.what) => {
                    Some(*one)
                }
                _ => None,
            };
            let is_open = request.chosen.contains(&at)
                && literal.is_to_be_found()
                && (literal.is_sure() || recorded.is_some());
            Subject::new(literal, recorded, fetched, is_open)
        })
        .collect()
}

fn build(
    request: &Request,
    outside: &Outside,
    subjects: &mut [Subject],
    watch: &mut dyn Watch,
) -> Result<(usize, Vec<Unevaluated>), RehashError> {
    let nix = (outside.nix)()?;
    let copy = copied(request, outside)?;
    let derivations = Derivations::new();
    let mut evaluator = Evaluator::new(
        request.workspace,
        &copy,
        nix,
        request.evaluation,
        request.targets,
    );
    let carriers = reached(request, &mut evaluator, &derivations, subjects)?;
    for (at, subject) in subjects.iter_mut().enumerate() {
        if let Some(carrier) = carriers.of(at).next() {
            subject.system = Some(derivations.get(carrier)?.system.to_string());
            subject.strategy = Some(Strategy::Build);
        }
    }
    let survey = Survey::new(
        request.workspace,
        &copy,
        request.files,
        &derivations,
        carriers,
        subjects,
    )?;
    let alone: BTreeSet<usize> = (0..subjects.len())
        .filter(|at| native::may_be_shared(&subjects[*at]) && survey.carriers.of(*at).count() == 1)
        .collect();
    native::settle(subjects, &alone, request.native, request.all, outside.world);
    let rounds = Rounds {
        nix,
        survey: &survey,
        evaluator: &mut evaluator,
        building: &request.building,
        all: request.all,
    }
    .run(subjects, watch)?;
    prove::prove(nix, &survey, &mut evaluator, subjects, watch)?;
    Ok((rounds, evaluator.unevaluated))
}

/// What Nix sees of the workspace.
fn copied(request: &Request, outside: &Outside) -> Result<WorkCopy, WorkCopyError> {
    let lock_file: Vec<RelPath> = RelPath::new(LOCK_FILE).into_iter().collect();
    WorkCopy::make(
        request.workspace,
        request.files,
        &lock_file,
        outside.cache_dir,
    )
}

/// Evaluates with fakes, until they stand only where the hash of a derivation stands. What none has is unreached.
fn reached(
    request: &Request,
    evaluator: &mut Evaluator,
    derivations: &Derivations,
    subjects: &mut [Subject],
) -> Result<Carriers, RehashError> {
    loop {
        let roots = evaluator.evaluate(subjects)?;
        let carriers = Carriers::find(derivations, &roots, subjects)?;
        let mut has_changed = false;
        // A text that merely looks like a hash is one when some derivation has it.
        for at in request.chosen {
            let subject = &mut subjects[*at];
            let is_known = |hash: &Hash| carriers.is_known(hash);
            if subject.state == State::Left
                && !subject.was_taken_back
                && subject.literal.is_to_be_found()
                && subject.literal.hash().is_some_and(is_known)
            {
                subject.state = State::Open;
                has_changed = true;
            }
        }
        // One that looks like nothing else, but stands in some other text of a derivation, is none: to falsify it would
        // falsify what is built.
        let lost: Vec<usize> = (0..subjects.len())
            .filter(|at| subjects[*at].is_open() && !carriers.has(*at))
            .collect();
        let texts: Vec<String> = lost
            .iter()
            .map(|at| subjects[*at].literal.spell(&subjects[*at].fake))
            .collect();
        let mentions = carriers.mentions(derivations, &texts)?;
        for text in mentions.values().flatten().collect::<BTreeSet<_>>() {
            let subject = &mut subjects[lost[*text]];
            subject.state = State::Left;
            subject.was_taken_back = true;
            has_changed = true;
        }
        if has_changed {
            continue;
        }
        for at in lost {
            let subject = &mut subjects[at];
            let system = subject.literal.system.clone();
            if let Some(one) = evaluator.unevaluated_over(subject.literal.path()) {
                subject.fail(one.reason());
                continue;
            }
            subject.reason = Some(match &system {
                Some(system) => {
                    format!("it is for {system}; `--system {system}` evaluates for that")
                }
                None => "no derivation that was evaluated has it".to_owned(),
            });
            subject.state = State::Unreached { system };
        }
        return Ok(carriers);
    }
}
