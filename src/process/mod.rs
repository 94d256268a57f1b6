//! Other programs, run from one place: no shell, a fixed locale, none of git's repository variables, a
//! process group of their own that a timeout, an error, an interrupt or cotter's death ends whole, with all that came
//! of it.
//!
//! Imports no other room. Not here: which program is run and what its output means (`nix`, `pin protect`).

mod environment;
mod groups;
mod invocation;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(not(target_os = "linux"))]
#[path = "no_keeper.rs"]
mod keeper;
mod lines;
mod redact;
mod system;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

pub use environment::REPOSITORY_VARIABLES;
pub use invocation::Invocation;
pub use redact::redact;
pub use system::System;

/// How many of the last lines of standard error a message shows.
const TAIL_LINES: usize = 25;

/// Runs programs. Passed in wherever one is run, so that a test can play a transcript.
pub trait Runner: Sync {
    /// Runs to the end, whatever the exit status is: `Err` only when there is no whole output to judge.
    fn run(&self, invocation: &Invocation) -> Result<Output, ProcessError> {
        self.run_watched(invocation, &mut |_| {})
    }

    /// [`Runner::run`] that hands each line of standard error to `on_line` while the program runs, without its line
    /// ending; of a line longer than 1 MiB only the first 1 MiB. What it was handed stays true if the run then fails.
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Output, ProcessError>;

    /// [`Runner::run`] that writes standard output to `sink` while the program runs; the output's is empty then. When
    /// `sink` takes no more, the program is stopped: [`ProcessError::Sink`].
    fn run_into(
        &self,
        invocation: &Invocation,
        sink: &mut dyn io::Write,
    ) -> Result<Output, ProcessError> {
        let output = self.run(invocation)?;
        let written = sink.write_all(&output.stdout);
        written.map_err(|source| ProcessError::Sink {
            command: invocation.to_string(),
            source,
        })?;
        Ok(Output {
            stdout: Vec::new(),
            ..output
        })
    }
}

/// What a program left when it had ended.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: ExitStatus,
    /// All of it: too much is an error.
    pub stdout: Vec<u8>,
    /// The last 4 MiB of it.
    pub stderr: Vec<u8>,
}

impl Output {
    /// The same output when the program exited with 0, else [`ProcessError::Failed`] or [`ProcessError::Killed`].
    pub fn success(self, invocation: &Invocation) -> Result<Output, ProcessError> {
        if self.status.success() {
            return Ok(self);
        }
        let command = invocation.to_string();
        let stderr = tail(&self.stderr);
        Err(match self.status.code() {
            Some(code) => ProcessError::Failed {
                command,
                code,
                stderr,
            },
            None => ProcessError::Killed {
                command,
                signal: self.status.signal().unwrap_or(0),
                stderr,
            },
        })
    }
}

/// Why there is no output, or none of use. Commands and texts are without credentials.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("`{program}` is not installed, or not on PATH")]
    NotInstalled { program: String },
    #[error("cannot run `{command}`: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` failed with exit code {code}{}", shown(.stderr))]
    Failed {
        command: String,
        code: i32,
        /// The last 25 lines.
        stderr: String,
    },
    #[error("`{command}` was killed by signal {signal}{}", shown(.stderr))]
    Killed {
        command: String,
        signal: i32,
        stderr: String,
    },
    #[error("`{command}` took longer than {} s and was stopped{}", .after.as_secs_f32(), shown(.stderr))]
    TimedOut {
        command: String,
        after: Duration,
        stderr: String,
    },
    #[error("`{command}` printed more than {limit} bytes and was stopped")]
    TooMuchOutput { command: String, limit: usize },
    #[error("what `{command}` prints cannot be passed on: {source}")]
    Sink { command: String, source: io::Error },
    #[error("`{command}` was stopped by an interrupt")]
    Interrupted { command: String },
}

/// The last lines of `stderr` as text, without colours and credentials.
fn tail(stderr: &[u8]) -> String {
    let text = redact(&String::from_utf8_lossy(stderr));
    let text = anstream::adapter::strip_str(&text).to_string();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn shown(stderr: &str) -> String {
    if stderr.is_empty() {
        return String::new();
    }
    format!(":\n{stderr}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_the_end_of_standard_error() {
        let stderr: String = (1..=100)
            .map(|line| format!("\x1b[31mline {line}\x1b[0m of https://u:p@h/x\n"))
            .collect();
        let shown = tail(stderr.as_bytes());
        assert_eq!(shown.lines().count(), 25);
        assert_eq!(shown.lines().next(), Some("line 76 of https://***@h/x"));
        assert_eq!(shown.lines().last(), Some("line 100 of https://***@h/x"));
        assert_eq!(tail(b""), "");
        assert_eq!(tail(b"not UTF-8: \xff\n"), "not UTF-8: \u{fffd}");
    }

    #[test]
    fn only_exit_code_0_is_success() {
        let invocation = Invocation::new("nix").args(["flake", "lock"]);
        let ended = |raw| Output {
            status: ExitStatus::from_raw(raw),
            stdout: Vec::new(),
            stderr: b"error: no".to_vec(),
        };
        assert!(ended(0).success(&invocation).is_ok());
        assert_eq!(
            ended(1 << 8).success(&invocation).unwrap_err().to_string(),
            "`nix flake lock` failed with exit code 1:\nerror: no"
        );
        assert_eq!(
            ended(9).success(&invocation).unwrap_err().to_string(),
            "`nix flake lock` was killed by signal 9:\nerror: no"
        );
    }
}
