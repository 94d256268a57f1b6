//! What the tests of the real thing share: tools run in a scrubbed environment and within a bounded
//! time, and repositories whose commits are the same on every machine.

// Each test binary takes in this module whole and uses its own part of it.
#![allow(dead_code)]

pub mod alone;
pub mod base_image;
pub mod buildkit;
pub mod container;
pub mod cotter;
pub mod daemon;
pub mod dockerd;
pub mod fetchers;
pub mod files;
pub mod fod;
pub mod folder;
pub mod http;
pub mod image;
pub mod image_project;
pub mod images;
pub mod made_image;
pub mod mirror;
pub mod podman;
pub mod proxy;
pub mod registry;
pub mod remote;
pub mod repo;
pub mod roots;
pub mod served;
pub mod spork;
pub mod store;
pub mod tree;

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// No tool of a test takes longer; one that does is killed and the test fails.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where the distribution puts its tools. The caller's own PATH is not asked.
pub const TOOL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that sees nothing of the caller's environment: `home` is its HOME, git reads no
/// configuration of the machine or the user and asks nothing.
pub fn command(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", TOOL_PATH)
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh");
    command
}

/// Runs `command` with no standard input and within a bounded time; panics when it cannot be started,
/// naming the Debian `package` that has it.
pub fn run(command: &mut Command, package: &str) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}; `apt-get install {package}` has it"));
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, command);
    Output {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// [`run`], and the standard output without its last line ending; panics when the command fails.
pub fn run_ok(command: &mut Command, package: &str) -> String {
    let output = run(command, package);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("output in UTF-8");
    text.trim_end_matches('\n').to_owned()
}

/// Asks a daemon to end, so that it ends what it has started, and makes it when it does not.
pub fn end(daemon: &mut Child) {
    let id = rustix::process::Pid::from_child(daemon);
    let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    let late = Instant::now() + Duration::from_secs(30);
    while let Ok(None) = daemon.try_wait() {
        if Instant::now() > late {
            let _ = daemon.kill();
            let _ = daemon.wait();
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a readable pipe");
        }
        bytes
    })
}

/// Waits without polling, so that a bench may time it; another thread kills what takes too long.
fn wait(child: &mut Child, command: &Command) -> ExitStatus {
    let group = rustix::process::Pid::from_child(child);
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let late = end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        if late {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        late
    });
    let status = child.wait().expect("a child to wait for");
    drop(ended);
    let late = watchdog.join().unwrap();
    assert!(!late, "{command:?}: still running after {PATIENCE:?}");
    status
}
