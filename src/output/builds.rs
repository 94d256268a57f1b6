//! Builds while they run: a bar for each on a terminal, else a line when one begins and when it ends.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::nix::{Progress, Step};
use crate::process::redact;

/// How often the elapsed times move on.
const TICK: Duration = Duration::from_millis(200);

/// Shows builds on standard error.
pub struct Builds {
    bars: Option<MultiProgress>,
    is_quiet: bool,
    running: HashMap<String, Running>,
}

struct Running {
    name: String,
    since: Instant,
    phase: String,
    bar: Option<ProgressBar>,
}

impl Builds {
    pub fn new(is_quiet: bool) -> Builds {
        let is_shown = !is_quiet && io::stderr().is_terminal();
        Builds {
            bars: is_shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            is_quiet,
            running: HashMap::new(),
        }
    }

    /// A line about the run as a whole: which round begins.
    pub fn line(&self, text: &str) {
        match &self.bars {
            // Nobody is left to tell when it cannot be written.
            Some(bars) => drop(bars.println(text)),
            None => self.plain(text),
        }
    }

    /// A build has come further.
    pub fn show(&mut self, progress: &Progress) {
        match progress.step {
            Step::Started { machine } => self.start(progress, machine),
            Step::Phase(phase) => {
                if let Some(build) = self.running.get_mut(progress.drv) {
                    build.phase = clean(phase);
                    build.say("");
                }
            }
            Step::Log(line) => {
                if let Some(build) = self.running.get(progress.drv).filter(|b| b.bar.is_some()) {
                    build.say(&clean(line));
                }
            }
            Step::Ended => self.end(progress.drv),
        }
    }

    /// Nothing is built any more.
    pub fn finish(&mut self) {
        for drv in self.running.keys().cloned().collect::<Vec<_>>() {
            self.end(&drv);
        }
    }

    fn start(&mut self, progress: &Progress, machine: Option<&str>) {
        let mut name = clean(progress.name);
        if let Some(machine) = machine {
            name = format!("{name} on {}", clean(machine));
        }
        self.plain(&format!("building {name}"));
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            // The template is ours: it is a right one.
            if let Ok(style) = ProgressStyle::with_template(
                "{spinner} {prefix:.bold} {elapsed:>4} {wide_msg:.dim}",
            ) {
                bar.set_style(style);
            }
            bar.set_prefix(name.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        let build = Running {
            name,
            since: Instant::now(),
            phase: String::new(),
            bar,
        };
        self.running.insert(progress.drv.to_owned(), build);
    }

    fn end(&mut self, drv: &str) {
        if let Some(build) = self.running.remove(drv) {
            let seconds = build.since.elapsed().as_secs();
            self.plain(&format!("done {} after {seconds} s", build.name));
            if let Some(bar) = build.bar {
                bar.finish_and_clear();
            }
        }
    }

    fn plain(&self, text: &str) {
        if self.bars.is_none() && !self.is_quiet {
            // Nobody is left to tell when it cannot be written.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }
}

impl Drop for Builds {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Running {
    fn say(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(match self.phase.is_empty() {
                true => line.to_owned(),
                false => format!("{}: {line}", self.phase),
            });
        }
    }
}

/// What a builder prints may hold anything; on a terminal it must not do anything.
fn clean(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    redact(&text)
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_builder_prints_moves_the_cursor() {
        assert_eq!(clean("\x1b[2Ja\x07b\rc"), "abc");
        assert_eq!(clean("get https://u:p@h/x"), "get https://***@h/x");
    }

    #[test]
    fn builds_are_forgotten_when_they_end() {
        let mut builds = Builds::new(true);
        for step in [
            Step::Started { machine: None },
            Step::Phase("unpackPhase"),
            Step::Log("x"),
        ] {
            builds.show(&Progress {
                drv: "/s/a.drv",
                name: "a",
                step,
            });
        }
        assert_eq!(builds.running["/s/a.drv"].phase, "unpackPhase");
        builds.show(&Progress {
            drv: "/s/a.drv",
            name: "a",
            step: Step::Ended,
        });
        assert!(builds.running.is_empty());
    }
}
