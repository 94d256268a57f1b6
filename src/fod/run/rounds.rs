//! Rounds: what is recorded is verified, what needs only what is settled is built, level by level.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::carriers::Carriers;
use super::evaluate::Evaluator;
use super::rivals;
use super::subject::{How, State, Subject};
use super::survey::Survey;
use super::{Building, RehashError, Watch};
use crate::fod::lock::RecordedRecipe;
use crate::fod::report::Strategy;
use crate::hash::Hash;
use crate::nix::{DrvFailure, FailureKind, Nix, Realise, Realised};

/// What the last of a batch of builds may take beyond the time that it is given.
const MARGIN: Duration = Duration::from_secs(60);

pub struct Rounds<'r, 'a> {
    pub nix: Nix<'a>,
    pub survey: &'r Survey<'a>,
    pub evaluator: &'r mut Evaluator<'a>,
    pub building: &'r Building,
    /// Whether records do not count.
    pub all: bool,
}

impl Rounds<'_, '_> {
    /// Goes on until no literal is open. How many rounds of builds that took.
    pub fn run(
        &mut self,
        subjects: &mut [Subject],
        watch: &mut dyn Watch,
    ) -> Result<usize, RehashError> {
        let mut rounds = 0;
        let mut jobs = self.building.jobs;
        loop {
            let ready = self.ready(subjects)?;
            if ready.is_empty() {
                break;
            }
            if rounds == 0 && jobs.is_none() {
                jobs = self.nix.jobs();
            }
            rounds += 1;
            watch.round(rounds, ready.len());
            self.build(subjects, &ready, (rounds, jobs), watch)?;
        }
        for subject in subjects.iter_mut().filter(|subject| subject.is_open()) {
            subject.fail("its derivations and those of another hash need each other");
        }
        Ok(rounds)
    }

    /// The open literals that can be built now. Those that are recorded for what they are made of are settled, those
    /// that need what has failed fail.
    fn ready(&self, subjects: &mut [Subject]) -> Result<Vec<usize>, RehashError> {
        loop {
            let mut ready = Vec::new();
            let mut has_moved = false;
            for at in 0..subjects.len() {
                if !subjects[at].is_open() {
                    continue;
                }
                let failed = self.survey.needs(at).find(|at| {
                    matches!(subjects[*at].state, State::Failed | State::Unreached { .. })
                });
                if let Some(failed) = failed {
                    let name = subjects[failed].literal.name.to_string();
                    subjects[at].fail(format!(
                        "it is built with what has the hash `{name}`, which is not known"
                    ));
                    has_moved = true;
                    continue;
                }
                if self.survey.needs(at).any(|at| subjects[at].is_open()) {
                    continue;
                }
                if self.is_recorded(subjects, at)? {
                    has_moved = true;
                } else {
                    ready.push(at);
                }
            }
            if !has_moved {
                return Ok(ready);
            }
        }
    }

    fn is_recorded(&self, subjects: &mut [Subject], at: usize) -> Result<bool, RehashError> {
        let (Some(recorded), Some(own)) = (subjects[at].recorded, subjects[at].literal.hash())
        else {
            return Ok(false);
        };
        if self.all || recorded.hash != *own {
            return Ok(false);
        }
        let now = self.survey.record(at, subjects, own)?;
        let own = own.clone();
        if now.recipe != recorded.recipe {
            if is_toolchain_only(&now.recipe, &recorded.recipe) {
                let reason = "built again, since the toolchain under it has changed, and only that";
                subjects[at].reason = Some(reason.into());
            }
            return Ok(false);
        }
        subjects[at].record = Some(now);
        subjects[at].settle(own, How::Recorded(Strategy::Build));
        Ok(true)
    }

    fn build(
        &mut self,
        subjects: &mut [Subject],
        ready: &[usize],
        (round, jobs): (usize, Option<u32>),
        watch: &mut dyn Watch,
    ) -> Result<(), RehashError> {
        let again;
        let carriers = match round == 1 && self.may_reuse(subjects, ready) {
            true => &self.survey.carriers,
            false => {
                let roots = self.evaluator.evaluate(subjects)?;
                again = Carriers::find(self.survey.derivations, &roots, subjects)?;
                &again
            }
        };
        let mut drvs: Vec<String> = Vec::new();
        for at in ready {
            if subjects[*at].is_open() && !carriers.has(*at) {
                subjects[*at].fail("with the hashes before it in place, nothing has it any more");
            }
            drvs.extend(carriers.of(*at).cloned());
            subjects[*at].drv = carriers.of(*at).next().cloned();
        }
        drvs.sort_unstable();
        drvs.dedup();
        let rivals = rivals::of(self.nix, self.survey.derivations, &drvs)?;
        if !rivals.is_empty() {
            let links = self.evaluator.links();
            let request = self.request(&rivals, jobs, &links)?;
            // One that fails does so again below, and is told then.
            self.nix
                .realise(&request, &mut |progress| watch.build(&progress))?;
        }
        let links = self.evaluator.links();
        let request = self.request(&drvs, jobs, &links)?;
        let mut realised = self
            .nix
            .realise(&request, &mut |progress| watch.build(&progress))?;
        watch.built();
        // What ends Nix as a whole, such as a store that another process has locked for too long, is no answer about
        // any of them: they are asked for once more.
        let open = ready.iter().filter(|at| subjects[**at].is_open());
        let unanswered: Vec<String> = open
            .filter(|at| !is_answered(&realised, &subjects[**at], carriers.of(**at)))
            .flat_map(|at| carriers.of(*at).cloned())
            .collect();
        if !unanswered.is_empty() && !realised.deadline_passed {
            let links = self.evaluator.links();
            let request = self.request(&unanswered, jobs, &links)?;
            let again = self
                .nix
                .realise(&request, &mut |progress| watch.build(&progress))?;
            watch.built();
            realised.mismatches.extend(again.mismatches);
            realised.failures.extend(again.failures);
            realised.deadline_passed = again.deadline_passed;
            realised.unattributed = again.unattributed;
        }
        for at in ready {
            if subjects[*at].is_open() {
                let drvs: Vec<&String> = carriers.of(*at).collect();
                judge(&realised, &mut subjects[*at], &drvs);
            }
            if let Some(hash) = subjects[*at].settled().cloned() {
                subjects[*at].record = Some(self.survey.record(*at, subjects, &hash)?);
            }
        }
        Ok(())
    }

    /// Whether the derivations of the survey are those to be built: nothing that they are made of would change.
    fn may_reuse(&self, subjects: &[Subject], ready: &[usize]) -> bool {
        let stays = |at: &usize| {
            self.survey.needs(*at).next().is_none() && !self.survey.holds_literals(*at, subjects)
        };
        self.evaluator.is_current(subjects) || ready.iter().all(stays)
    }

    fn request<'d>(
        &self,
        drvs: &'d [String],
        jobs: Option<u32>,
        links: &'d Path,
    ) -> Result<Realise<'d>, RehashError> {
        let at_once = jobs.unwrap_or(1).max(1) as usize;
        let batches = u32::try_from(drvs.len().div_ceil(at_once)).unwrap_or(u32::MAX);
        let timeout = self.building.timeout;
        Ok(Realise {
            drvs,
            roots: links,
            max_jobs: jobs,
            build_timeout: Some(timeout),
            substitute: !self.has_inputs(drvs)?,
            builders: None,
            deadline: timeout.saturating_mul(batches).saturating_add(MARGIN),
        })
    }

    /// Whether all that the builds need is in the store: asking substituters that cannot be reached takes seconds.
    fn has_inputs(&self, drvs: &[String]) -> Result<bool, RehashError> {
        let derivations = self.survey.derivations;
        for path in drvs {
            let drv = derivations.get(path)?;
            for (input, names) in &drv.input_drvs {
                let input = derivations.get(input)?;
                let used = input
                    .outputs
                    .iter()
                    .filter(|output| names.contains(&output.name));
                for output in used {
                    if !derivations.on_disk(&output.path).exists() {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn is_toolchain_only(now: &RecordedRecipe, before: &RecordedRecipe) -> bool {
    use RecordedRecipe::Built;
    matches!((now, before), (Built { own: a, .. }, Built { own: b, .. }) if a == b)
}

/// Whether Nix has said what became of the subject whose fake `drvs` carry.
fn is_answered<'d>(
    realised: &Realised,
    subject: &Subject,
    mut drvs: impl Iterator<Item = &'d String>,
) -> bool {
    let mut mismatches = realised.mismatches.iter();
    mismatches.any(|mismatch| mismatch.got_for(&subject.fake).is_some())
        || drvs.any(|drv| realised.failures.iter().any(|failure| failure.drv == *drv))
}

/// Settles the subject whose fake `drvs` carry, or says why it cannot be.
fn judge(realised: &Realised, subject: &mut Subject, drvs: &[&String]) {
    let ending = |drv: &String| realised.failures.iter().find(|failure| failure.drv == *drv);
    if let Some(failure) = drvs.iter().copied().find_map(ending) {
        return fail(subject, failure);
    }
    let mismatches = realised.mismatches.iter();
    let got: BTreeSet<&Hash> = mismatches
        .filter_map(|mismatch| mismatch.got_for(&subject.fake))
        .collect();
    match got.iter().collect::<Vec<_>>().as_slice() {
        [] if realised.deadline_passed => subject.fail("its build did not end in time"),
        [] => subject.fail(match &realised.unattributed {
            Some(said) => {
                format!("Nix was asked to build it, and ended before it had a hash: {said}")
            }
            None => "Nix was asked to build it and said nothing of its hash".to_owned(),
        }),
        [hash] => subject.settle((**hash).clone(), How::Built),
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            subject.fail(format!(
                "derivations of different content share it: {}; give each a hash of its own",
                several.join(", ")
            ));
        }
    }
}

fn fail(subject: &mut Subject, failure: &DrvFailure) {
    subject.drv = Some(failure.drv.clone());
    subject.log = failure.log_tail.clone();
    match &failure.kind {
        FailureKind::WrongSystem(system) => {
            subject.state = State::Unreached {
                system: Some(system.clone()),
            };
            subject.reason = Some(format!(
                "it is built on {system} only, and no builder for that is set up"
            ));
        }
        FailureKind::Exit(code) => {
            subject.fail(format!("its builder failed with exit code {code}"))
        }
        FailureKind::Signal(signal) => {
            subject.fail(format!("its builder was ended by signal {signal}"));
        }
        FailureKind::TimedOut(seconds) => {
            subject.fail(format!("its build took longer than {seconds} s"));
        }
        FailureKind::DependencyFailed => subject.fail("what it is built with cannot be built"),
        FailureKind::Other => subject.fail(failure.message.clone()),
    }
}
