//! Real programs, run by the real runner: what they see, how they end, and that none is left.

mod support;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cotter::process::{Invocation, ProcessError, Runner, System};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

/// Names the part that this binary plays when a test runs it again.
const PART: &str = "COTTER_TEST_PART";
const PATIENCE: Duration = Duration::from_secs(60);

fn sh(script: &str) -> Invocation {
    Invocation::new("sh").args(["-c", script])
}

/// The process ids in `file`, once `count` of them are there.
fn pids(file: &Path, count: usize) -> Vec<u32> {
    let found = || -> Option<Vec<u32>> {
        let text = fs::read_to_string(file).ok()?;
        let text = text.strip_suffix('\n')?;
        text.split_whitespace()
            .map(|pid| pid.parse().ok())
            .collect()
    };
    let end = Instant::now() + PATIENCE;
    loop {
        match found() {
            Some(pids) if pids.len() == count => return pids,
            _ => assert!(
                Instant::now() < end,
                "{}: no {count} process ids",
                file.display()
            ),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until none of `pids` runs any more; a zombie does not run.
fn assert_gone(pids: &[u32]) {
    let end = Instant::now() + PATIENCE;
    for pid in pids {
        while let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            let state = stat.rsplit(')').next().map(str::trim_start);
            if state.is_some_and(|state| state.starts_with('Z')) {
                break;
            }
            assert!(Instant::now() < end, "still there: {stat}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// This test binary again, playing `part` with `file`.
fn again(test: &str, part: &str, home: &Path, file: &Path) -> Command {
    let exe = std::env::current_exe().unwrap();
    let mut command = support::command(exe.to_str().unwrap(), home);
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .env("COTTER_TEST_FILE", file);
    command
}

fn part() -> Option<(String, PathBuf)> {
    Some((
        std::env::var(PART).ok()?,
        std::env::var_os("COTTER_TEST_FILE")?.into(),
    ))
}

#[test]
fn output_of_any_size_comes_back_whole_from_both_pipes() {
    let script = "cat; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; printf out; printf err >&2; exit 3";
    let output = System.run(&sh(script)).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((output.stdout.len(), output.stderr.len()), (300003, 300003));
    assert!(output.stdout.ends_with(b"out") && output.stderr.ends_with(b"err"));
}

#[test]
fn of_standard_error_the_end_is_kept() {
    let output = System
        .run(&sh("head -c 9000000 /dev/zero >&2; printf end >&2"))
        .unwrap();
    assert_eq!(output.stderr.len(), 4 << 20);
    assert!(output.stderr.ends_with(b"end"));
}

#[test]
fn endless_output_ends_the_program() {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("pids");
    let script = format!("echo $$ > '{}'; yes", file.display());
    let error = System.run(&sh(&script).stdout_limit(100_000)).unwrap_err();
    assert!(
        matches!(error, ProcessError::TooMuchOutput { limit: 100_000, .. }),
        "{error}"
    );
    assert_gone(&pids(&file, 1));
}

#[test]
fn what_cannot_be_started_is_told_apart() {
    let error = System
        .run(&Invocation::new("cotter-no-such-program"))
        .unwrap_err();
    assert!(
        matches!(error, ProcessError::NotInstalled { .. }),
        "{error}"
    );
    let error = System.run(&sh("true").dir("/no/such/folder")).unwrap_err();
    assert!(matches!(error, ProcessError::Start { .. }), "{error}");
    let error = System.run(&Invocation::new("/etc/passwd")).unwrap_err();
    assert!(matches!(error, ProcessError::Start { .. }), "{error}");
}

#[test]
fn a_timeout_ends_the_whole_group_even_one_that_does_not_want_to() {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("pids");
    let script = format!(
        "trap '' TERM; sleep 1000 & one=$!; (sleep 1000 & wait) & echo waiting for the remote >&2;
         echo $$ $one $! > '{}'; wait; sleep 1000",
        file.display()
    );
    let error = System
        .run(&sh(&script).timeout(Duration::from_secs(3)))
        .unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
    assert!(
        error.to_string().contains("waiting for the remote"),
        "{error}"
    );
    assert_gone(&pids(&file, 3));
}

#[test]
fn what_a_program_leaves_in_its_group_ends_with_it() {
    let output = System
        .run(&sh("sleep 1000 >/dev/null 2>&1 & echo $!"))
        .unwrap();
    let pid = String::from_utf8(output.stdout).unwrap();
    assert_gone(&[pid.trim().parse().unwrap()]);
}

#[test]
fn a_process_that_left_the_group_does_not_hold_the_run_up() {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("pids");
    let script = format!(
        "setsid sh -c 'echo $$ > \"{0}\"; exec sleep 1000' & while [ ! -s '{0}' ]; do sleep 0.02; done; echo done",
        file.display()
    );
    let output = System.run(&sh(&script)).unwrap();
    assert_eq!(output.stdout, b"done\n");
    let stranger = pids(&file, 1)[0];
    assert!(
        Path::new(&format!("/proc/{stranger}")).exists(),
        "it was not ours to end"
    );
    let stranger = Pid::from_raw(i32::try_from(stranger).unwrap()).unwrap();
    rustix::process::kill_process(stranger, Signal::KILL).unwrap();
}

/// In a hook git names the hook's repository; what is the user's own stays.
#[test]
fn programs_see_the_users_environment_without_gits_repository() {
    if let Some((_, file)) = part() {
        let output = System.run(&Invocation::new("env")).unwrap();
        fs::write(file, output.stdout).unwrap();
        return;
    }
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("env");
    let mut git = support::command("git", scratch.path());
    let local = support::run_ok(git.args(["rev-parse", "--local-env-vars"]), "git");
    let local: Vec<&str> = local
        .lines()
        .filter(|name| !["GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"].contains(name))
        .collect();
    assert!(local.contains(&"GIT_DIR") && local.contains(&"GIT_INDEX_FILE"));
    let own = [
        ("NIX_CONFIG", "cores = 1"),
        ("NIX_PATH", "nixpkgs=/x"),
        ("https_proxy", "http://127.0.0.1:1"),
        ("SSH_AUTH_SOCK", "/x/agent"),
        ("GIT_CONFIG_COUNT", "0"),
        ("HOME", "/x/home"),
    ];
    let test = "programs_see_the_users_environment_without_gits_repository";
    let mut child = again(test, "env", scratch.path(), &file);
    child
        .envs(local.iter().map(|name| (*name, "/nowhere")))
        .envs(own)
        .env("GIT_NAMESPACE", "other")
        .env("LC_ALL", "de_DE.UTF-8")
        .env("LANGUAGE", "de");
    support::run_ok(&mut child, "this test");
    let seen = fs::read_to_string(&file).unwrap();
    let has = |name: &str| {
        seen.lines()
            .any(|line| line.starts_with(&format!("{name}=")))
    };
    for name in local.iter().chain(&["GIT_NAMESPACE", "LANGUAGE"]) {
        assert!(!has(name), "{name} is still there:\n{seen}");
    }
    for (name, value) in own.iter().chain(&[("LC_ALL", "C")]) {
        assert!(
            seen.lines().any(|line| line == format!("{name}={value}")),
            "{name}:\n{seen}"
        );
    }
}

#[test]
fn an_interrupt_ends_every_group_and_then_cotter() {
    let test = "an_interrupt_ends_every_group_and_then_cotter";
    if let Some((part, file)) = part() {
        // Two at a time; one of them does not want to end.
        let trap = if part == "stubborn" {
            "trap '' TERM; "
        } else {
            ""
        };
        let second = file.with_extension("2");
        thread::scope(|scope| {
            for file in [&file, &second] {
                scope.spawn(move || {
                    let file = file.display();
                    let run = sh(&format!(
                        "{trap}sleep 1000 & echo $$ $! > '{file}'; wait; wait"
                    ));
                    let error = System.run(&run).unwrap_err();
                    panic!("cotter outlived the interrupt: {error}");
                });
            }
        });
        return;
    }
    for (part, signal) in [
        ("willing", Signal::INT),
        ("willing", Signal::TERM),
        ("stubborn", Signal::INT),
    ] {
        let scratch = TempDir::new().unwrap();
        let file = scratch.path().join("pids");
        let child = again(test, part, scratch.path(), &file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut groups = pids(&file, 2);
        groups.extend(pids(&file.with_extension("2"), 2));
        rustix::process::kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(signal_of(child), Some(signal.as_raw()), "{part}");
        assert_gone(&groups);
    }
}

/// A program that ends its own when it is asked to, as Nix does, and one that is a program of its own.
#[test]
fn a_kill_that_cotter_cannot_see_ends_what_it_runs() {
    let test = "a_kill_that_cotter_cannot_see_ends_what_it_runs";
    if let Some((_, file)) = part() {
        let second = file.with_extension("2");
        thread::scope(|scope| {
            scope.spawn(|| {
                let file = file.display();
                let script = format!(
                    "setsid sleep 1000 & trap 'kill -9 $!; exit' TERM; echo $$ $! > '{file}'; wait"
                );
                System.run(&sh(&script))
            });
            scope.spawn(|| {
                let file = second.display();
                System.run(&sh(&format!("echo $$ > '{file}'; exec sleep 1000")))
            });
        });
        return;
    }
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("pids");
    let child = again(test, "killed", scratch.path(), &file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut left = pids(&file, 2);
    left.extend(pids(&file.with_extension("2"), 1));
    rustix::process::kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    assert_eq!(signal_of(child), Some(Signal::KILL.as_raw()));
    assert_gone(&left);
}

/// None of these ends when it is asked to, one has left its group, and its parent is gone.
#[test]
fn the_same_kill_ends_what_does_not_want_to_end() {
    let test = "the_same_kill_ends_what_does_not_want_to_end";
    let script = |file: &Path| {
        format!(
            "trap '' TERM INT HUP; sleep 1000 & one=$!
             sh -c 'setsid sh -c \"echo \\$\\$ > {0}.session; exec sleep 1000\" & :'
             while [ ! -s '{0}.session' ]; do sleep 0.02; done
             echo $PPID $$ $one $(cat '{0}.session') > '{0}'; wait; sleep 1000",
            file.display()
        )
    };
    if let Some((part, file)) = part() {
        let patience = match part.as_str() {
            "late" => Duration::from_secs(2),
            _ => PATIENCE,
        };
        let _ = System.run(&sh(&script(&file)).timeout(patience));
        return;
    }
    for (part, signal) in [
        ("killed", Some(Signal::KILL)),
        ("interrupted", Some(Signal::INT)),
        ("hung up", Some(Signal::HUP)),
        ("late", None),
    ] {
        let scratch = TempDir::new().unwrap();
        let file = scratch.path().join("pids");
        let child = again(test, part, scratch.path(), &file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let left = pids(&file, 4);
        if let Some(signal) = signal {
            rustix::process::kill_process(Pid::from_child(&child), signal).unwrap();
        }
        assert_eq!(signal_of(child), signal.map(Signal::as_raw), "{part}");
        assert_gone(&left);
    }
}

#[test]
fn a_program_that_a_signal_ends_is_told_from_one_that_exits() {
    let killed = System.run(&sh("kill -9 $$")).unwrap();
    assert_eq!(killed.status.signal(), Some(9));
    let exited = System.run(&sh("exit 137")).unwrap();
    assert_eq!(exited.status.code(), Some(137));
}

/// Who sees to the program's end has nothing of cotter's open meanwhile.
#[test]
fn a_lock_of_cotters_is_free_once_cotter_is_dead() {
    let test = "a_lock_of_cotters_is_free_once_cotter_is_dead";
    if let Some((_, file)) = part() {
        let lock = fs::File::create(file.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let script = format!("trap '' TERM; echo $$ > '{}'; sleep 1000", file.display());
        let _ = System.run(&sh(&script));
        return;
    }
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("pids");
    let child = again(test, "killed", scratch.path(), &file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let left = pids(&file, 1);
    let lock = fs::File::open(file.with_extension("lock")).unwrap();
    assert!(lock.try_lock().is_err());
    let stat = fs::read_to_string(format!("/proc/{}/stat", left[0])).unwrap();
    let parent = stat.rsplit(')').next().unwrap().split(' ').nth(2).unwrap();
    let end = Instant::now() + PATIENCE;
    while fs::read_dir(format!("/proc/{parent}/fd")).unwrap().count() > 0 {
        assert!(Instant::now() < end, "open files in {parent}");
        thread::sleep(Duration::from_millis(10));
    }
    rustix::process::kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    assert_eq!(signal_of(child), Some(Signal::KILL.as_raw()));
    lock.try_lock().unwrap();
    assert_gone(&left);
}

#[test]
fn lines_of_standard_error_are_seen_while_the_program_runs() {
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("seen");
    let script = format!(
        "echo one >&2; while [ ! -e '{}' ]; do sleep 0.02; done; printf 'two\\nthree' >&2",
        file.display()
    );
    let mut seen = Vec::new();
    let mut on_line = |line: &[u8]| {
        // Without this the program waits for ever.
        fs::write(&file, "").unwrap();
        seen.push(String::from_utf8(line.to_vec()).unwrap());
    };
    let run = sh(&script).timeout(PATIENCE);
    let output = System.run_watched(&run, &mut on_line).unwrap();
    assert_eq!(output.stderr, b"one\ntwo\nthree");
    assert_eq!(seen, ["one", "two", "three"]);
}

#[test]
fn lines_seen_before_a_timeout_are_seen() {
    let mut seen = Vec::new();
    let error = System
        .run_watched(
            &sh("echo one >&2; printf two >&2; sleep 1000").timeout(Duration::from_secs(1)),
            &mut |line| seen.push(line.to_vec()),
        )
        .unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
    assert_eq!(seen, [b"one", b"two"]);
}

/// The signal that ended `child`; a child that does not end is killed.
fn signal_of(mut child: Child) -> Option<i32> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.signal();
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the interrupted process did not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}
