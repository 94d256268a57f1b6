//! The proof: the tree as it will be, evaluated once more, and its derivations realised with their real hashes. Nix has
//! their outputs from the rounds, so nothing is built.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::carriers::Carriers;
use super::contamination::Fakes;
use super::evaluate::Evaluator;
use super::subject::{How, State, Subject};
use super::survey::Survey;
use super::{RehashError, Watch};
use crate::nix::{Nix, Realise, drv};

/// Outputs that are there are only looked up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Fails the subjects that were built in this run and whose derivations Nix does not accept with their hashes.
pub fn prove(
    nix: Nix,
    survey: &Survey,
    evaluator: &mut Evaluator,
    subjects: &mut [Subject],
    watch: &mut dyn Watch,
) -> Result<(), RehashError> {
    if !subjects.iter().any(is_built) {
        return Ok(());
    }
    let roots = evaluator.evaluate(subjects)?;
    let carriers = Carriers::find(survey.derivations, &roots, subjects)?;
    let mut drvs: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (at, subject) in subjects
        .iter()
        .enumerate()
        .filter(|(_, subject)| is_built(subject))
    {
        // Literals of equal hashes share what carries these; the names tell them apart.
        let names = survey.carriers.names(at);
        let Some(hash) = subject.settled() else {
            continue;
        };
        let mine = carriers.with_hash(survey.derivations, hash)?;
        let mine = mine
            .into_iter()
            .filter(|path| drv::name_of(path).is_some_and(|name| names.contains(name)));
        drvs.insert(at, mine.collect());
    }
    let all: Vec<String> = drvs
        .values()
        .flatten()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let links = evaluator.links();
    let request = Realise {
        roots: &links,
        drvs: &all,
        max_jobs: None,
        build_timeout: Some(PATIENCE),
        substitute: false,
        builders: None,
        deadline: PATIENCE,
    };
    let realised = nix.realise(&request, &mut |progress| watch.build(&progress))?;
    watch.built();
    let fakes = Fakes::of(subjects);
    for (at, mine) in drvs {
        let subject = &mut subjects[at];
        let is_refused = mine.iter().any(|path| {
            realised.failures.iter().any(|failure| failure.drv == *path)
                || realised
                    .mismatches
                    .iter()
                    .any(|m| m.drv.as_ref() == Some(path))
        });
        subject.drv = mine.first().cloned();
        if mine.is_empty() {
            subject.fail("with all hashes in place, nothing has it any more");
        } else if is_refused {
            subject.fail(
                "with its hash in place it is built to something else: it is not reproducible",
            );
        } else if let Some(reason) = contaminated(survey, subjects, at, &mine, &fakes)? {
            subjects[at].fail(reason);
        }
    }
    fail_above(survey, subjects);
    Ok(())
}

/// Why what was built for a literal is not what the user's files make: a fake that stood in their copy is in it.
fn contaminated(
    survey: &Survey,
    subjects: &[Subject],
    at: usize,
    drvs: &BTreeSet<String>,
    fakes: &Fakes,
) -> Result<Option<String>, RehashError> {
    if !survey.may_hold_fakes(at, subjects) {
        return Ok(None);
    }
    for path in drvs {
        for output in &survey.derivations.get(path)?.outputs {
            let found = match fakes.in_output(survey.derivations.on_disk(&output.path), at) {
                Ok(found) => found,
                Err(error) => return Ok(Some(format!("its output cannot be read: {error}"))),
            };
            let Some(found) = found else { continue };
            let literal = subjects[found].literal;
            return Ok(Some(match found == at {
                true => format!(
                    "what is built holds the text of this very hash, so that none can be right; leave {} out of its source",
                    literal.path()
                ),
                false => format!(
                    "what is built holds the text of the hash `{}`, which was not known yet; run this again, or leave {} out of its source",
                    literal.name,
                    literal.path()
                ),
            }));
        }
    }
    Ok(None)
}

/// Fails what was built with what the proof has failed.
fn fail_above(survey: &Survey, subjects: &mut [Subject]) {
    loop {
        let above = (0..subjects.len()).find_map(|at| {
            if !is_built(&subjects[at]) {
                return None;
            }
            let mut needs = survey.needs(at);
            let failed = needs.find(|needed| subjects[*needed].state == State::Failed)?;
            Some((at, failed))
        });
        let Some((at, failed)) = above else { return };
        let name = subjects[failed].literal.name.to_string();
        subjects[at].fail(format!(
            "it is built with what has the hash `{name}`, which is not known"
        ));
    }
}

fn is_built(subject: &Subject) -> bool {
    matches!(
        &subject.state,
        State::Settled {
            how: How::Built,
            ..
        }
    )
}
