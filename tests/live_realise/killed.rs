//! A cotter that is killed while Nix builds for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::support;
use crate::system::{Machine, PATIENCE, fake};

const FILE: &str = "COTTER_TEST_FILE";

/// Command lines of all processes that hold `mark`.
fn running(mark: &str) -> Vec<String> {
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(mark).then_some(line)
    });
    lines.collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The builder's own children too: they are in a session that Nix made for it.
#[test]
fn no_builder_outlives_a_cotter_that_is_killed() {
    if let Some(file) = std::env::var_os(FILE) {
        let machine = Machine::new();
        let file = PathBuf::from(file);
        let seconds = fs::read_to_string(&file).unwrap();
        let started = file.with_extension("started");
        let script = format!(
            "sleep {seconds} & echo > {}; sleep {seconds}; echo > $out",
            started.display()
        );
        let drvs = machine.instantiate(&format!("fod \"sleeps\" \"{}\" \"{script}\"", fake(1)));
        machine.realise(&drvs, 1, None);
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("seconds");
    // Nobody else's.
    let seconds = format!("{}.1234", 1_000_000 + std::process::id());
    fs::write(&file, &seconds).unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut cotter = support::command(exe.to_str().unwrap(), scratch.path())
        .args([
            "--exact",
            "killed::no_builder_outlives_a_cotter_that_is_killed",
        ])
        .env(FILE, &file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = file.with_extension("started");
    wait_until("no build began", || Path::new(&started).exists());
    let mark = format!("sleep {seconds}");
    wait_until("no sleep", || running(&mark).len() >= 2);
    rustix::process::kill_process(Pid::from_child(&cotter), Signal::KILL).unwrap();
    cotter.wait().unwrap();
    let killed = Instant::now();
    wait_until("a builder is left", || running(&mark).is_empty());
    println!("all gone {:?} after the kill", killed.elapsed());
}
