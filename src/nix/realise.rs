//! Derivations built by Nix, all in one run, and what became of each.
//!
//! The exit status decides nothing: it differs between versions, and between a store of one's own and a daemon's.
//! Not here: what a hash that is not the one given is good for (`fod`).

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use super::builds::{Builds, DrvFailure, Progress};
use super::drv::Derivations;
use super::events::Event;
use super::leftover;
use super::mismatch::Mismatch;
use super::{Nix, NixError};
use crate::process::{Invocation, Output, ProcessError};

/// Nix keeps the error of a derivation that it was asked for until all are through, so that what is told before the
/// deadline would be lost. That of one which another needs it tells at once: this is the other.
const TOGETHER: &str = include_str!("together.nix");
const QUERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Derivations to be built, and how.
#[derive(Clone, Debug)]
pub struct Realise<'a> {
    /// Store paths.
    pub drvs: &'a [String],
    /// How many at once; `None` is what Nix is set to.
    pub max_jobs: Option<u32>,
    /// How long one build may take; Nix ends it then. To the second.
    pub build_timeout: Option<Duration>,
    /// Whether what is missing may come from a substituter.
    pub substitute: bool,
    /// Remote builders, as Nix's `builders` setting has them; `None` is what Nix is set to.
    pub builders: Option<&'a str>,
    /// A folder for the link that keeps one derivation of cotter's own, as [`super::Instantiate`] has one.
    pub roots: &'a Path,
    /// How long it may take in all. Nix is ended then: before 2.35 it can wait for ever (NixOS/nix#15846).
    pub deadline: Duration,
}

/// What became of the derivations. One that is in none of the lists was not built, for a reason that Nix did not
/// tell: Nix 2.32.0 and 2.32.1 say nothing of a mismatch when the right output exists already.
#[derive(Clone, Debug, Default)]
pub struct Realised {
    /// Of the derivations and of what they need; those that Nix names in the order of their paths.
    pub mismatches: Vec<Mismatch>,
    pub failures: Vec<DrvFailure>,
    /// The outputs that there are now, of all that were asked for.
    pub built: Vec<String>,
    /// Whether Nix was stopped at the deadline; what it told before that is here.
    pub deadline_passed: bool,
    /// The last error that is of no derivation in particular: what ended Nix, such as a store that cannot be written.
    pub unattributed: Option<String>,
}

impl Nix<'_> {
    /// Builds derivations, with `on_progress` told what goes on. All that can be built is, whatever else fails.
    pub fn realise(
        &self,
        request: &Realise,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Realised, NixError> {
        let end = Instant::now() + request.deadline.min(Duration::from_secs(365 * 24 * 3600));
        let mut builds = Builds::of(self.version());
        let mut realised = Realised::default();
        let mut open: Vec<String> = request.drvs.to_vec();
        let mut deleted = HashSet::new();
        while !open.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let together = match is_simple(&open) {
                true => None,
                false => Some(self.together(request, &open)?),
            };
            let invocation = self
                .realisation(request, &open, together.as_ref())
                .timeout(left);
            // The derivation that is only there to need the others is nobody's.
            let mut on_others = |progress: Progress| {
                if together.as_deref() != Some(progress.drv) {
                    on_progress(progress);
                }
            };
            let mut on_line = |line: &[u8]| builds.take(Event::parse(line), &mut on_others);
            match self.runner().run_watched(&invocation, &mut on_line) {
                Ok(output) if output.status.success() => {
                    builds.close(&open, true);
                    realised.built = printed_paths(&output, together.is_some());
                    break;
                }
                Ok(output) => {
                    builds.close(&open, false);
                    together.iter().for_each(|together| builds.forget(together));
                    let before = open.len();
                    self.leave_out_other_systems(&mut open, &mut builds)?;
                    if let Some(path) = builds.unattributed().and_then(leftover::in_the_way)
                        && deleted.insert(path.to_owned())
                    {
                        self.delete_leftover(path)?;
                        builds.forget_unattributed();
                        continue;
                    }
                    if open.len() == before {
                        if builds.is_empty() {
                            // A setting that it does not take, a store out of reach.
                            readable(output).success(&invocation)?;
                        }
                        break;
                    }
                }
                Err(ProcessError::TimedOut { .. }) => {
                    realised.deadline_passed = true;
                    together.iter().for_each(|together| builds.forget(together));
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if realised.built.is_empty() {
            // What ended badly has no output.
            let without_ending = request.drvs.iter().filter(|drv| !builds.has_ending(drv));
            let without_ending: Vec<String> = without_ending.cloned().collect();
            realised.built = self.valid_outputs(&without_ending)?;
        }
        for drv in builds.guessed().to_vec() {
            // It only took long: it was another that took too long.
            if !self.valid_outputs(std::slice::from_ref(&drv))?.is_empty() {
                builds.forget(&drv);
            }
        }
        realised.unattributed = builds.unattributed().map(str::to_owned);
        (realised.mismatches, realised.failures) = builds.finish();
        Ok(realised)
    }

    /// Keeps the store path `path`, which is valid, from being collected as garbage for as long as `link` is there.
    pub fn keep(&self, path: &str, link: &Path) -> Result<(), NixError> {
        let ask = Invocation::new("nix-store")
            .args(["--realise", path, "--indirect", "--add-root"])
            .args([link])
            .args(self.store_settings())
            .timeout(QUERY_TIMEOUT);
        self.runner().run(&ask)?.success(&ask)?;
        Ok(())
    }

    /// The derivations that would have to be built, on this machine or another, for `drvs` to be there.
    pub fn would_build(&self, drvs: &[String]) -> Result<Vec<String>, NixError> {
        let ask = Invocation::new("nix-store")
            .args(["--realise", "--dry-run"])
            .args(drvs)
            .args(self.store_settings())
            .timeout(self.time_limit());
        let output = self.runner().run(&ask)?.success(&ask)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let paths = said.lines().map(str::trim);
        let paths = paths.filter(|line| line.starts_with('/') && line.ends_with(".drv"));
        Ok(paths.map(str::to_owned).collect())
    }

    fn together(&self, request: &Realise, drvs: &[String]) -> Result<String, NixError> {
        let drvs = serde_json::Value::from(drvs.to_vec()).to_string();
        let arguments = ["--argstr", "drvs", &drvs, "--expr", TOGETHER];
        let settings = self.store_settings().into_iter();
        let arguments = arguments.map(OsString::from).into_iter();
        let arguments = arguments.chain(settings.map(OsString::from)).collect();
        match self.instantiate_arguments(arguments, Path::new("/"), request.roots)? {
            Ok(found) => Ok(found.roots.into_iter().next().unwrap_or_default()),
            Err(failure) => Err(NixError::NotInStore(failure.message)),
        }
    }

    fn realisation(
        &self,
        request: &Realise,
        drvs: &[String],
        together: Option<&String>,
    ) -> Invocation {
        let mut args = vec!["--realise".to_owned(), "--keep-going".to_owned()];
        args.extend(drvs.iter().cloned());
        args.extend(together.cloned());
        args.extend(["--log-format".to_owned(), "internal-json".to_owned()]);
        args.extend(self.store_settings());
        let mut option = |name: &str, value: String| {
            args.extend(["--option".to_owned(), name.to_owned(), value]);
        };
        if let Some(jobs) = request.max_jobs {
            option("max-jobs", jobs.to_string());
        }
        if let Some(timeout) = request.build_timeout {
            // 0 would be no timeout.
            option("timeout", timeout.as_secs().max(1).to_string());
        }
        if !request.substitute {
            option("substitute", "false".to_owned());
        }
        if let Some(builders) = request.builders {
            option("builders", builders.to_owned());
        }
        Invocation::new("nix-store").args(args)
    }

    /// A derivation for another system ends an older Nix before it has built the others: these are to be tried
    /// without it, and without what needs it.
    fn leave_out_other_systems(
        &self,
        open: &mut Vec<String>,
        builds: &mut Builds,
    ) -> Result<(), NixError> {
        if open.iter().all(|drv| builds.has_ending(drv)) {
            return Ok(());
        }
        let others = builds.of_other_systems();
        for other in &others {
            if open.contains(other) {
                open.retain(|drv| drv != other);
                continue;
            }
            let above = self.query(&["--query", "--referrers-closure", other])?;
            open.retain(|drv| {
                let needs_it = above.lines().any(|line| line == drv);
                if needs_it {
                    builds.without_dependency(drv, other);
                }
                !needs_it
            });
        }
        Ok(())
    }

    /// The outputs of `drvs` that are in the store.
    fn valid_outputs(&self, drvs: &[String]) -> Result<Vec<String>, NixError> {
        if drvs.is_empty() {
            return Ok(Vec::new());
        }
        let paths = |args: &[&str], of: &[String]| -> Result<Vec<String>, NixError> {
            let mut all = args.to_vec();
            all.extend(of.iter().map(String::as_str));
            Ok(self.query(&all)?.lines().map(str::to_owned).collect())
        };
        let outputs = paths(&["--query", "--outputs"], drvs)?;
        let missing = paths(&["--check-validity", "--print-invalid"], &outputs)?;
        let is_there = |output: &String| !missing.contains(output);
        Ok(outputs.into_iter().filter(is_there).collect())
    }

    pub(super) fn query(&self, args: &[&str]) -> Result<String, NixError> {
        let ask = Invocation::new("nix-store")
            .args(args)
            .args(self.store_settings())
            .timeout(QUERY_TIMEOUT);
        let output = self.runner().run(&ask)?.success(&ask)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Whether the deadline cannot take with it what has become of another: there is one derivation alone, or all outputs
/// are on this machine's disk, so that nothing is left to build.
fn is_simple(drvs: &[String]) -> bool {
    let derivations = Derivations::new();
    if let [only] = drvs {
        return derivations.on_disk(only).exists();
    }
    let is_there = |drv: &String| {
        derivations.get(drv).is_ok_and(|drv| {
            let mut outputs = drv.outputs.iter();
            outputs
                .all(|output| !output.path.is_empty() && derivations.on_disk(&output.path).exists())
        })
    };
    drvs.iter().all(is_there)
}

/// The outputs that `nix-store --realise` prints when it has all; the last is that of the derivation that needs the
/// others.
fn printed_paths(output: &Output, has_together: bool) -> Vec<String> {
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut paths: Vec<String> = printed.lines().map(str::to_owned).collect();
    if has_together {
        paths.pop();
    }
    paths
}

/// What Nix said, for a person: of its events the messages alone.
fn readable(output: Output) -> Output {
    let said = output.stderr.split(|byte| *byte == b'\n');
    let said: Vec<String> = said
        .filter_map(|line| match Event::parse(line) {
            Event::Message(message) => Some(message.text),
            Event::Plain(text) => Some(text),
            _ => None,
        })
        .collect();
    Output {
        stderr: said.join("\n").into_bytes(),
        ..output
    }
}
