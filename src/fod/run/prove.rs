//! The proof: the tree as it will be, evaluated once more, and its derivations realised with their real hashes. Nix has
//! their outputs from the rounds, so nothing is built.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::carriers::Carriers;
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
    let is_built = |subject: &Subject| {
        matches!(
            &subject.state,
            State::Settled {
                how: How::Built,
                ..
            }
        )
    };
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
        }
    }
    Ok(())
}
