//! The process that is killed: this test binary runs itself, and `child` does the job that its environment names.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cotter::source::{RelPath, Stamp};
use cotter::transaction::{FileChange, commit, recover};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::{Value, json};

const JOB: &str = "COTTER_TEST_JOB";
/// The exit code of a job that ended in an error; the message is on standard error.
const FAILED: i32 = 40;

/// What a process is to do.
pub enum Job<'a> {
    Commit(&'a [FileChange]),
    /// The changes, then the way back, again and again, until it is killed.
    Alternate(&'a [FileChange], &'a [FileChange]),
    Recover,
    /// As `Commit`, when no file may grow beyond so many bytes.
    Limited(&'a [FileChange], u64),
}

#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Killed,
    Stopped,
    Failed,
}

pub struct Process(Child);

impl Process {
    pub fn start(root: &Path, job: &Job, fault: &str) -> Process {
        let (op, changes, back, limit) = match job {
            Job::Commit(changes) => ("commit", *changes, &[][..], None),
            Job::Alternate(there, back) => ("alternate", *there, *back, None),
            Job::Recover => ("recover", &[][..], &[][..], None),
            Job::Limited(changes, limit) => ("commit", *changes, &[][..], Some(limit)),
        };
        let job = json!({"op": op, "root": root, "changes": encode(changes), "back": encode(back), "limit": limit});
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "driver::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env_clear()
            .env(JOB, job.to_string())
            .env("COTTER_FAULT", fault)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process(child)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Waits until the process ended or stopped, at most a minute.
    pub fn wait(&mut self) -> (End, String) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let status = loop {
            let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
            if let Some((_, status)) = waitpid(Some(self.pid()), options).unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "the process neither ended nor stopped"
            );
            std::thread::sleep(Duration::from_micros(500));
        };
        if status.stopped() {
            return (End::Stopped, String::new());
        }
        let mut said = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        }
        let end = match (status.terminating_signal(), status.exit_status()) {
            (Some(signal), _) if signal == Signal::KILL.as_raw() => End::Killed,
            (None, Some(0)) => End::Done,
            (None, Some(FAILED)) => End::Failed,
            other => panic!("{other:?}: {said}"),
        };
        (end, said)
    }

    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    pub fn kill(&self) {
        kill_process(self.pid(), Signal::KILL).unwrap();
    }
}

pub fn run(root: &Path, job: &Job, fault: &str) -> (End, String) {
    Process::start(root, job, fault).wait()
}

fn encode(changes: &[FileChange]) -> Value {
    let one = |change: &FileChange| {
        json!({
            "path": change.path,
            "before": change.before.map(|stamp| stamp.0.to_vec()),
            "after": change.after,
        })
    };
    changes.iter().map(one).collect()
}

fn decode(changes: &Value) -> Vec<FileChange> {
    let bytes = |value: &Value| -> Option<Vec<u8>> {
        let bytes = value.as_array()?.iter();
        bytes.map(|byte| byte.as_u64().map(|b| b as u8)).collect()
    };
    let one = |change: &Value| FileChange {
        path: RelPath::new(change["path"].as_str().unwrap()).unwrap(),
        before: bytes(&change["before"]).map(|digest| Stamp(digest.try_into().unwrap())),
        after: bytes(&change["after"]).unwrap(),
    };
    changes.as_array().unwrap().iter().map(one).collect()
}

/// Does its job in a process that `Process::start` made; passes when there is none.
#[test]
fn child() {
    let Ok(job) = std::env::var(JOB) else { return };
    let job: Value = serde_json::from_str(&job).unwrap();
    let root = Path::new(job["root"].as_str().unwrap());
    let (there, back) = (decode(&job["changes"]), decode(&job["back"]));
    if let Some(limit) = job["limit"].as_u64() {
        // With a handler in place a write beyond the limit is an error, not the end.
        let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen).unwrap();
        let limit = rustix::process::Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    }
    let done = match job["op"].as_str() {
        Some("recover") => recover(root).map(drop),
        Some("alternate") => (0..5000).try_for_each(|_| {
            commit(root, &there)?;
            commit(root, &back)
        }),
        _ => commit(root, &there),
    };
    match done {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(FAILED);
        }
    }
}
