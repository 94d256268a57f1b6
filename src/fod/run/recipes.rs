//! Whether the recipes that Nix evaluates now are those that cotter.lock records. Nothing is built, and of the user's
//! files none is written.
//!
//! Not here: what has changed in them, of which the text alone tells a part (`lock::drift`).

use std::collections::BTreeSet;

use super::evaluate::Evaluator;
use super::subject::{How, State, Subject};
use super::survey::Survey;
use super::unevaluated::Unevaluated;
use super::{Outside, RehashError, Request, copied, native, reached, subjects};
use crate::fod::lock::RecordedRecipe;
use crate::fod::report::Strategy;
use crate::nix::drv::Derivations;
use crate::work_copy;

/// A literal and what became of its recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which of the request's literals it is.
    pub literal: usize,
    pub recipe: Comparison,
}

/// How the recipe of now stands to that which is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    Same,
    /// The workspace's own part of it is another, or that of the toolchain under it, or both.
    Changed {
        own: bool,
        toolchain: bool,
    },
    /// None is recorded, or none of this kind: of what is fetched where a derivation is built now.
    NotRecorded,
    /// Nothing that was evaluated has it.
    Unreached,
    /// What may have it cannot be evaluated; what Nix says.
    Unevaluated(String),
}

/// Compares the recipes of the literals that were chosen with those that the lock records, in the order of the
/// literals. Texts that turn out to be no hash of a derivation are left out. Nix is not asked where what is fetched can
/// be read off the text, or where nothing is recorded.
pub fn recipes(request: &Request, outside: &Outside) -> Result<Vec<Compared>, RehashError> {
    work_copy::clear(outside.cache_dir);
    // A recipe has the fakes of others in it, so these stand there whatever was chosen.
    let all: BTreeSet<usize> = (0..request.literals.len()).collect();
    let request_all = Request {
        chosen: &all,
        ..*request
    };
    let mut subjects = subjects(&request_all);
    let mut known: Vec<Option<Comparison>> = subjects.iter_mut().map(without_nix).collect();
    let open =
        |at: &usize, known: &[Option<Comparison>]| known.get(*at).is_some_and(Option::is_none);
    if request.chosen.iter().any(|at| open(at, &known)) {
        evaluate(&request_all, outside, &mut subjects, &mut known)?;
    }
    let compared = request.chosen.iter().filter_map(|at| {
        let (subject, recipe) = (subjects.get(*at)?, known.get_mut(*at)?.take()?);
        let is_none = subject.state == State::Left && subject.recorded.is_none();
        (!is_none).then_some(Compared {
            literal: *at,
            recipe,
        })
    });
    Ok(compared.collect())
}

/// What is known of a subject before Nix is asked. Those of which that is all are settled by what they say.
fn without_nix(subject: &mut Subject) -> Option<Comparison> {
    let own = subject.literal.hash().unwrap_or(&subject.fake).clone();
    let now = native::record(subject, &own);
    let comparison = match (subject.recorded.map(|entry| &entry.recipe), now) {
        (Some(RecordedRecipe::Built { .. }), _) => return None,
        (Some(recorded @ RecordedRecipe::Fetched { .. }), Some(now)) => {
            compare(recorded, &now.recipe)
        }
        (Some(RecordedRecipe::Fetched { .. }) | None, _) => Comparison::NotRecorded,
    };
    // With a fake, what is fetched during the evaluation would be fetched again.
    if subject.is_open() && subject.fetched.is_some() && subject.literal.hash().is_some() {
        subject.settle(own, How::Recorded(Strategy::Native));
    }
    Some(comparison)
}

fn evaluate(
    request: &Request,
    outside: &Outside,
    subjects: &mut [Subject],
    known: &mut [Option<Comparison>],
) -> Result<(), RehashError> {
    let nix = (outside.nix)()?;
    let copy = copied(request, outside)?;
    let derivations = Derivations::new();
    let (workspace, targets) = (request.workspace, request.targets);
    let mut evaluator = Evaluator::new(workspace, &copy, nix, request.evaluation, targets);
    let carriers = match reached(request, &mut evaluator, &derivations, subjects) {
        Ok(carriers) => carriers,
        Err(RehashError::Evaluation(all)) => {
            for (subject, known) in subjects.iter().zip(known) {
                let over = all.iter().find(|one| one.is_over(subject.literal.path()));
                let over = over.or(all.first()).map(Unevaluated::reason);
                known.get_or_insert(Comparison::Unevaluated(over.unwrap_or_default()));
            }
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let survey = Survey::new(
        workspace,
        &copy,
        request.files,
        &derivations,
        carriers,
        subjects,
    )?;
    for subject in subjects.iter_mut().filter(|subject| subject.is_open()) {
        let own = subject.literal.hash().unwrap_or(&subject.fake).clone();
        subject.settle(own, How::Recorded(Strategy::Build));
    }
    for (at, (subject, known)) in subjects.iter().zip(known).enumerate() {
        if known.is_some() {
            continue;
        }
        let comparison = match (&subject.state, subject.settled(), subject.recorded) {
            (State::Failed, ..) => {
                Comparison::Unevaluated(subject.reason.clone().unwrap_or_default())
            }
            (_, Some(hash), Some(recorded)) if survey.carriers.has(at) => {
                let now = survey.record(at, subjects, hash)?;
                compare(&recorded.recipe, &now.recipe)
            }
            // It is met while Nix evaluates, and of no derivation.
            (_, Some(_), _) => Comparison::NotRecorded,
            (_, None, _) => Comparison::Unreached,
        };
        *known = Some(comparison);
    }
    Ok(())
}

fn compare(recorded: &RecordedRecipe, now: &RecordedRecipe) -> Comparison {
    use RecordedRecipe::{Built, Fetched};
    let (is_own, is_toolchain) = match (recorded, now) {
        (
            Built { own, toolchain },
            Built {
                own: own_now,
                toolchain: toolchain_now,
            },
        ) => (own != own_now, toolchain != toolchain_now),
        (Fetched { source }, Fetched { source: now }) => (source != now, false),
        _ => return Comparison::NotRecorded,
    };
    match is_own || is_toolchain {
        false => Comparison::Same,
        true => Comparison::Changed {
            own: is_own,
            toolchain: is_toolchain,
        },
    }
}
