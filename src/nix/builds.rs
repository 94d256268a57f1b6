//! What the events of one run of Nix add up to: which derivations were built, how that went on, how it ended.
//!
//! Not here: running it (`realise`).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::Version;
use super::events::{Event, Message};
use super::failure::{Failure, FailureKind, failed_builds};
use super::mismatch::Mismatch;

/// How many of the last lines of its log a failed build is shown with.
const LOG_LINES: usize = 25;
/// How much of one such line, in characters.
const LOG_LINE: usize = 4096;
/// How much earlier than Nix our own clock may find that a build took its time.
const EARLY: Duration = Duration::from_millis(500);

/// A derivation that has no output, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrvFailure {
    /// Its store path.
    pub drv: String,
    pub kind: FailureKind,
    /// The last 25 lines of its own log: the oldest first, without colours and credentials.
    pub log_tail: Vec<String>,
    /// What Nix says.
    pub message: String,
}

impl DrvFailure {
    /// The command that shows the whole log.
    pub fn log_command(&self) -> String {
        format!("nix-store --read-log {}", self.drv)
    }
}

/// A build has come further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The derivation's store path.
    pub drv: &'a str,
    /// The derivation's name: what follows the digest in its path, without `.drv`.
    pub name: &'a str,
    pub step: Step<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// On the remote builder named, if it is not on this machine.
    Started {
        machine: Option<&'a str>,
    },
    Phase(&'a str),
    /// A line of its log.
    Log(&'a str),
    /// It is over, well or not. Nix before 2.34 says so of those that went well only at the end of all.
    Ended,
}

struct Build {
    id: u64,
    drv: String,
    started: Instant,
    stopped: Option<Instant>,
    is_over: bool,
}

/// Mere text at the level of an error gives way to an error of Nix's own; else the later one holds: what a builder
/// has printed in its name comes before Nix's own last word on it.
struct Ending {
    is_error: bool,
    what: What,
}

enum What {
    Mismatch(Mismatch),
    Failure { kind: FailureKind, message: String },
}

#[derive(Default)]
pub(super) struct Builds {
    builds: Vec<Build>,
    by_id: HashMap<u64, usize>,
    logs: HashMap<String, VecDeque<String>>,
    endings: BTreeMap<String, Ending>,
    /// Mismatches that name no derivation.
    nameless: Vec<Mismatch>,
    /// Those asked for that Nix says have failed.
    failed: Option<Vec<String>>,
    /// Those that it did not name when they timed out.
    guessed: Vec<String>,
    /// The last error that names no derivation.
    unattributed: Option<String>,
    /// As with Nix before 2.4, whose mismatches name no derivation either.
    errors_are_texts: bool,
}

impl Builds {
    /// Of a Nix of this version, nothing yet.
    pub(super) fn of(version: Version) -> Builds {
        Builds {
            errors_are_texts: (version.major, version.minor) < (2, 4),
            ..Builds::default()
        }
    }

    /// Takes the next event in.
    pub(super) fn take(&mut self, event: Event, on_progress: &mut dyn FnMut(Progress)) {
        match event {
            Event::BuildStarted { id, drv, machine } => {
                report(
                    &drv,
                    Step::Started {
                        machine: machine.as_deref(),
                    },
                    on_progress,
                );
                self.by_id.insert(id, self.builds.len());
                self.builds.push(Build {
                    id,
                    drv,
                    started: Instant::now(),
                    stopped: None,
                    is_over: false,
                });
            }
            Event::LogLine { id, line } => {
                let Some(drv) = self.drv_of(id) else { return };
                report(&drv, Step::Log(&line), on_progress);
                let log = self.logs.entry(drv).or_default();
                if log.len() == LOG_LINES {
                    log.pop_front();
                }
                log.push_back(shortened(line));
            }
            Event::Phase { id, phase } => {
                let Some(drv) = self.drv_of(id) else { return };
                report(&drv, Step::Phase(&phase), on_progress);
            }
            Event::Stopped { id } => {
                let Some(index) = self.by_id.remove(&id) else {
                    return;
                };
                if let Some(build) = self.builds.get_mut(index) {
                    build.stopped = Some(Instant::now());
                    build.end(on_progress);
                }
            }
            Event::Message(message) if message.level == 0 => self.hear(message, on_progress),
            _ => {}
        }
    }

    fn drv_of(&self, id: u64) -> Option<String> {
        let build = self.builds.get(*self.by_id.get(&id)?)?;
        debug_assert_eq!(build.id, id);
        Some(build.drv.clone())
    }

    fn hear(&mut self, message: Message, on_progress: &mut dyn FnMut(Progress)) {
        let Message { text, is_error, .. } = message;
        if is_error && let Some(failed) = failed_builds(&text) {
            self.failed = Some(failed);
            return;
        }
        let mismatches = Mismatch::parse_all(&text);
        if mismatches.is_empty() {
            let Some(Failure { drv, kind }) = Failure::parse(&text) else {
                if is_error {
                    self.unattributed = Some(text);
                }
                return;
            };
            let drv = match (drv, &kind) {
                (Some(drv), _) => drv,
                (None, FailureKind::TimedOut(seconds)) => match self.timed_out(*seconds) {
                    Some(drv) => {
                        self.guessed.push(drv.clone());
                        drv
                    }
                    None => return,
                },
                (None, _) => return,
            };
            let what = What::Failure {
                kind,
                message: text,
            };
            self.end(drv, Ending { is_error, what }, on_progress);
            return;
        }
        for mismatch in mismatches {
            match mismatch.drv.clone() {
                Some(drv) => {
                    let what = What::Mismatch(mismatch);
                    self.end(drv, Ending { is_error, what }, on_progress);
                }
                None if is_error || self.errors_are_texts => self.nameless.push(mismatch),
                None => {}
            }
        }
    }

    fn end(&mut self, drv: String, ending: Ending, on_progress: &mut dyn FnMut(Progress)) {
        if let Some(build) = self.builds.iter_mut().rev().find(|build| build.drv == drv) {
            build.end(on_progress);
        }
        match self.endings.get(&drv) {
            Some(old) if old.is_error && !ending.is_error => {}
            _ => {
                self.endings.insert(drv, ending);
            }
        }
    }

    /// Which build it was that took `seconds`, when Nix does not say: the last to stop of which nothing else is known.
    fn timed_out(&self, seconds: u64) -> Option<String> {
        let limit = Duration::from_secs(seconds).saturating_sub(EARLY);
        let is_late = |build: &&Build| {
            let took = build.stopped.map(|end| end - build.started);
            took.is_some_and(|took| took >= limit) && !self.has_ending(&build.drv)
        };
        let late = self.builds.iter().filter(is_late);
        late.max_by_key(|build| build.stopped)
            .map(|build| build.drv.clone())
    }

    /// Those of [`Builds::timed_out`].
    pub(super) fn guessed(&self) -> &[String] {
        &self.guessed
    }

    /// Whether it is known how `drv` has ended, when that was not well.
    pub(super) fn has_ending(&self, drv: &str) -> bool {
        self.endings.contains_key(drv)
    }

    /// Whether Nix has told of no derivation at all.
    pub(super) fn is_empty(&self) -> bool {
        self.builds.is_empty() && self.endings.is_empty() && self.nameless.is_empty()
    }

    /// The derivations that want another system.
    pub(super) fn of_other_systems(&self) -> Vec<String> {
        let is_other = |ending: &Ending| {
            matches!(
                ending.what,
                What::Failure {
                    kind: FailureKind::WrongSystem(_),
                    ..
                }
            )
        };
        let others = self.endings.iter().filter(|(_, ending)| is_other(ending));
        others.map(|(drv, _)| drv.clone()).collect()
    }

    /// Leaves out a derivation that nobody asked for.
    pub(super) fn forget(&mut self, drv: &str) {
        self.endings.remove(drv);
    }

    /// Notes that `drv` was not tried, as something under it failed.
    pub(super) fn without_dependency(&mut self, drv: &str, dependency: &str) {
        self.endings.entry(drv.to_owned()).or_insert(Ending {
            is_error: true,
            what: What::Failure {
                kind: FailureKind::DependencyFailed,
                message: format!("it needs '{dependency}', which cannot be built here"),
            },
        });
    }

    /// Nix has come to its end by itself, and says whether all of `drvs`, which it was asked for, are there. What is
    /// said of one of these that is not among those that Nix names as failed was not said by Nix.
    pub(super) fn close(&mut self, drvs: &[String], is_all_there: bool) {
        let has_errors = self.endings.values().any(|ending| ending.is_error);
        let failed = match self.failed.take() {
            Some(failed) => failed,
            None if is_all_there || has_errors => Vec::new(),
            None => return,
        };
        self.endings
            .retain(|drv, ending| ending.is_error || !drvs.contains(drv) || failed.contains(drv));
    }

    /// What ended Nix as a whole, where it said that.
    pub(super) fn unattributed(&self) -> Option<&str> {
        self.unattributed.as_deref()
    }

    /// What it was about is put right.
    pub(super) fn forget_unattributed(&mut self) {
        self.unattributed = None;
    }

    pub(super) fn finish(mut self) -> (Vec<Mismatch>, Vec<DrvFailure>) {
        let mut mismatches = self.nameless;
        let mut failures = Vec::new();
        for (drv, ending) in self.endings {
            match ending.what {
                What::Mismatch(mismatch) => mismatches.push(mismatch),
                What::Failure { kind, message } => failures.push(DrvFailure {
                    log_tail: self.logs.remove(&drv).unwrap_or_default().into(),
                    drv,
                    kind,
                    message,
                }),
            }
        }
        (mismatches, failures)
    }
}

impl Build {
    fn end(&mut self, on_progress: &mut dyn FnMut(Progress)) {
        if !self.is_over {
            self.is_over = true;
            report(&self.drv, Step::Ended, on_progress);
        }
    }
}

fn report(drv: &str, step: Step, on_progress: &mut dyn FnMut(Progress)) {
    let file = drv.rsplit('/').next().unwrap_or(drv);
    let name = file.split_once('-').map_or(file, |(_, name)| name);
    let name = name.strip_suffix(".drv").unwrap_or(name);
    on_progress(Progress { drv, name, step });
}

fn shortened(line: String) -> String {
    match line.char_indices().nth(LOG_LINE) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned() + "…",
        None => line,
    }
}
