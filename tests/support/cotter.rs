//! Runs of the binary: how they ended, and runs that wait in the middle.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::run;

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    fn of(output: Output) -> Run {
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// All of `words` are said on standard error.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Run {
        // Messages are wrapped and aligned for people; the words count.
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(
                flat(&self.err).contains(&flat(word)),
                "`{word}` is not in:\n{}",
                self.err
            );
        }
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out, self.err))
    }
}

/// A run that waits.
pub struct Stopped(Child);

impl Stopped {
    /// Starts `command` and waits until it stops at `step`, at most a minute.
    pub fn at(command: &mut Command, step: &str) -> Stopped {
        let child = command
            .env("COTTER_FAULT", format!("{step}:1:stop"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stopped = Stopped(child);
        for _ in 0..6000 {
            let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
            if let Some((_, status)) = waitpid(Some(Pid::from_child(&stopped.0)), options).unwrap()
            {
                assert!(status.stopped(), "{step}: {status:?}");
                return stopped;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{step} was not reached");
    }

    pub fn go_on(self) -> Run {
        kill_process(Pid::from_child(&self.0), Signal::CONT).unwrap();
        Run::of(self.0.wait_with_output().unwrap())
    }
}

pub fn ran(command: &mut Command) -> Run {
    Run::of(run(command, "git"))
}
