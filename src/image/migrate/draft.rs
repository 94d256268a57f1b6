//! What the parts of a migration work on together: the Dockerfile, taken apart, and the spec as far as it is made.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, Kind};
use super::ledger::Ledger;
use super::made::{Copy, Made, Run};
use super::path;
use super::read::{Given, Step, What};
use super::stage::Stages;
use super::start::Start;
use crate::image::spec::{LinuxSystem, Spec};

pub struct Draft<'d> {
    pub spec: Spec,
    pub ledger: Ledger<'d>,
    pub steps: &'d [Step],
    pub context: &'d Context<'d>,
    pub stages: &'d Stages,
    /// What each stage that counts is made of, with what it begins from.
    pub made: &'d BTreeMap<usize, Made>,
    pub start: Start,
    pub system: LinuxSystem,
    /// Copies that the source takes.
    pub copies: BTreeSet<usize>,
    /// Commands that the source takes, by instruction.
    pub runs: BTreeSet<(usize, String)>,
    /// Instructions that the source covers, of the stages that build it.
    pub builders: BTreeSet<usize>,
    /// Users that the image has, by name.
    pub accounts: BTreeMap<String, super::accounts::Account>,
    pub systems: Vec<LinuxSystem>,
}

impl<'d> Draft<'d> {
    /// What the image itself is made of.
    pub fn image(&self) -> &'d Made {
        // The target is always among them.
        self.made
            .get(&self.stages.target)
            .unwrap_or_else(|| EMPTY.get_or_init(Made::default))
    }

    fn what(&self, step: usize) -> Option<&'d What> {
        self.steps.get(step).map(|step| &step.what)
    }

    pub fn is_env(&self, step: usize) -> bool {
        matches!(self.what(step), Some(What::Env(_)))
    }

    /// Whether a `FROM` names its platform itself, and not by a variable.
    pub fn is_literal_platform(&self, step: usize) -> bool {
        matches!(self.what(step), Some(What::From { platform: Some(platform), .. }) if !platform.contains('$'))
    }

    pub fn take_copy(&mut self, copy: &Copy, what: &str) {
        self.copies.insert(copy.step);
        self.ledger.spec(copy.step, what);
    }

    pub fn take_run(&mut self, run: &Run, what: &str) {
        self.runs.insert((run.step, run.written.clone()));
        let fate = super::ledger::Fate::Spec(what.to_owned());
        self.ledger.part(run.step, run.line, &run.written, fate);
        if run.has_secret {
            let fate = super::commands::secret();
            self.ledger.part(run.step, run.line, &run.written, fate);
        }
    }

    pub fn has_run(&self, run: &Run) -> bool {
        self.runs.contains(&(run.step, run.written.clone()))
    }

    /// The path of the build context that comes to stand at `target` of `made`, with the copy that puts it there.
    pub fn trace<'m>(&self, made: &'m Made, target: &str) -> Option<(String, &'m Copy)> {
        let mut likely = None;
        for copy in made.copies.iter().rev() {
            let Ok(dest) = copy.dest.as_deref() else {
                continue;
            };
            if copy.from.is_some() {
                continue;
            }
            for source in &copy.sources {
                let Given::Path(source) = source else {
                    continue;
                };
                for source in self.context.matches(source) {
                    let found = match self.context.kind(&source) {
                        Kind::Folder | Kind::Absent => {
                            path::below(target, dest).map(|rest| path::join(&source, rest))
                        }
                        Kind::File | Kind::LikeFile => {
                            let place = file_place(dest, &source, made, target);
                            (place == target).then_some(source)
                        }
                    };
                    let Some(found) = found else {
                        continue;
                    };
                    // What is there is meant; else the last copy.
                    match self.context.kind(&found) {
                        Kind::File | Kind::Folder => return Some((found, copy)),
                        Kind::LikeFile | Kind::Absent => likely = likely.or(Some((found, copy))),
                    }
                }
            }
        }
        likely
    }
}

static EMPTY: std::sync::OnceLock<Made> = std::sync::OnceLock::new();

/// Where the file `source` comes to stand. A destination without a slash may be a folder that is there.
fn file_place(dest: &str, source: &str, made: &Made, target: &str) -> String {
    let name = path::name(source);
    let in_folder = format!("{}/{name}", dest.trim_end_matches('/'));
    let is_folder =
        dest.ends_with('/') || dest == "/" || made.workdir == dest || in_folder == target;
    match is_folder {
        true => in_folder,
        false => dest.to_owned(),
    }
}

/// Where the copy of the file `source` puts it.
pub fn place_of(dest: &str, source: &str, made: &Made) -> String {
    let name = path::name(source);
    let is_workdir = made
        .workdirs
        .iter()
        .any(|(_, folder)| folder.as_deref() == Ok(dest));
    match dest.ends_with('/') || dest == "/" || is_workdir {
        true => format!("{}/{name}", dest.trim_end_matches('/')),
        false => dest.to_owned(),
    }
}
