//! The token: where it comes from, and that nobody else gets it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::scene::{Scene, TOKEN};
use crate::support::cotter::{Run, ran};
use crate::support::proxy::Fate;
use crate::support::registry::USER;
use crate::support::{command, run_ok};

/// The token as it is, and as HTTP and credential files have it.
fn forms() -> [String; 3] {
    let basic = data_encoding::BASE64.encode(format!("{USER}:{TOKEN}").as_bytes());
    [
        TOKEN.to_owned(),
        basic.trim_end_matches('=').to_owned(),
        data_encoding::BASE64_NOPAD.encode(TOKEN.as_bytes()),
    ]
}

fn has_secret(bytes: &[u8]) -> bool {
    forms()
        .iter()
        .any(|form| memchr::memmem::find(bytes, form.as_bytes()).is_some())
}

fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    // A folder may go while it is read.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Looks at every process and every temporary file again and again, until `stop`: what it saw that it should not.
fn watch(tmp: PathBuf, stop: Arc<AtomicBool>) -> thread::JoinHandle<(Vec<String>, bool)> {
    thread::spawn(move || {
        let (mut wrong, mut file_seen) = (Vec::new(), false);
        while !stop.load(Ordering::SeqCst) {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                if has_secret(&line) {
                    wrong.push(format!("argument: {}", String::from_utf8_lossy(&line)));
                }
            }
            let mut files = Vec::new();
            files_below(&tmp, &mut files);
            for file in files {
                if !has_secret(&fs::read(&file).unwrap_or_default()) {
                    continue;
                }
                file_seen = true;
                for (path, allowed) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
                    let mode = fs::metadata(path)
                        .map_or(allowed, |data| data.permissions().mode() & 0o777);
                    if mode != allowed {
                        wrong.push(format!("{} has mode {mode:o}", path.display()));
                    }
                }
            }
        }
        (wrong, file_seen)
    })
}

#[track_caller]
pub fn keeps_it(scene: &Scene, run: impl FnOnce() -> Run) -> Run {
    let stop = Arc::new(AtomicBool::new(false));
    let watching = watch(scene.path("tmp"), stop.clone());
    let run = run();
    stop.store(true, Ordering::SeqCst);
    let (wrong, file_seen) = watching.join().unwrap();
    assert_eq!(wrong, Vec::<String>::new());
    // The watch does see what is there: the file that the registry's clients read.
    assert!(file_seen, "{}", run.err);
    assert!(!has_secret(run.out.as_bytes()) && !has_secret(run.err.as_bytes()));
    let mut left = Vec::new();
    files_below(&scene.path("tmp"), &mut left);
    files_below(&scene.path("home"), &mut left);
    for file in left {
        assert!(!has_secret(&fs::read(&file).unwrap()), "{}", file.display());
    }
    scene.assert_cleaned_up();
    run
}

#[test]
fn no_output_file_or_argument_has_the_token() {
    let scene = Scene::new();
    keeps_it(&scene, || {
        scene
            .run("1.2.3", &["publish", "--publish", "--prune"])
            .expect(0)
    });
}

#[test]
fn nor_where_the_registry_fails() {
    let scene = Scene::judged(|seen| match seen.is("PUT", "manifests/1.2.3-arm64") {
        true => Fate::Answer("500 Internal Server Error", ""),
        false => Fate::Forward,
    });
    keeps_it(&scene, || scene.publish("1.2.3").expect(3));
}

#[test]
fn no_token_at_all() {
    let scene = Scene::new();
    ran(scene
        .command(&["publish", "--publish"])
        .env("VERSION", "1.2.3")
        .env_remove("REGISTRY_TOKEN"))
    .expect(3)
    .says(&["BLOCKER(empty-token)", "no path in pass is configured"]);
    assert!(scene.proxy.requests().is_empty());
    scene.assert_cleaned_up();
}

/// A store of pass with a key of its own, which ends with its agent.
struct Pass {
    home: PathBuf,
}

impl Pass {
    fn new(scene: &Scene) -> Pass {
        let pass = Pass {
            home: scene.path("gnupg"),
        };
        fs::create_dir(&pass.home).unwrap();
        fs::set_permissions(&pass.home, fs::Permissions::from_mode(0o700)).unwrap();
        let mut key = pass.command(scene, "gpg");
        key.args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args([
                "--quick-generate-key",
                "ci@example.org",
                "default",
                "default",
                "never",
            ]);
        run_ok(&mut key, "gnupg");
        run_ok(
            pass.command(scene, "pass").args(["init", "ci@example.org"]),
            "pass",
        );
        let text = scene.path("inserted");
        fs::write(&text, format!("{TOKEN}\nuser: {USER}\n")).unwrap();
        let mut insert = pass.command(scene, "sh");
        insert
            .args(["-c", "pass insert --multiline registry/token <\"$0\""])
            .arg(&text);
        run_ok(&mut insert, "pass");
        fs::remove_file(text).unwrap();
        pass
    }

    fn command(&self, scene: &Scene, program: &str) -> Command {
        let mut command = command(program, &scene.path("home"));
        self.known_to(&mut command, scene);
        command
    }

    fn known_to(&self, command: &mut Command, scene: &Scene) {
        command
            .env("GNUPGHOME", &self.home)
            .env("PASSWORD_STORE_DIR", scene.path("store"));
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", &self.home)
            .args(["--kill", "all"])
            .status();
    }
}

#[test]
fn a_token_that_only_pass_has() {
    let mut scene = Scene::new();
    let pass = Pass::new(&scene);
    let run = |scene: &Scene, token: &str| {
        let mut publish = scene.command(&["publish", "--publish"]);
        pass.known_to(&mut publish, scene);
        ran(publish.env("VERSION", "1.2.3").env("REGISTRY_TOKEN", token))
    };
    scene.spec["passPath"] = json!("registry/other");
    run(&scene, "")
        .expect(3)
        .says(&["BLOCKER(empty-token)", "pass has nothing as registry/other"]);
    scene.spec["passPath"] = json!("registry/token");
    // The environment goes before.
    run(&scene, "of-somebody-else")
        .expect(3)
        .says(&["BLOCKER(bad-credential)"]);
    keeps_it(&scene, || run(&scene, "").expect(0));
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
}

#[test]
fn a_run_that_is_ended_leaves_nothing() {
    for (signal, code) in [
        (rustix::process::Signal::TERM, 143),
        (rustix::process::Signal::INT, 130),
        (rustix::process::Signal::HUP, 129),
    ] {
        let (reached, pushing) = mpsc::channel();
        let scene = Scene::judged(move |seen| {
            if seen.method == "PATCH" {
                let _ = reached.send(());
                thread::sleep(Duration::from_secs(3600));
            }
            Fate::Forward
        });
        let child = scene
            .command(&["publish", "--publish"])
            .env("VERSION", "1.2.3")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        pushing.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(fs::read_dir(scene.path("tmp")).unwrap().next().is_some());
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        // Its output ends when the last process that has it ends: the pushes have ended too.
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        scene.assert_cleaned_up();
        assert_eq!(scene.digest("1.2.3-amd64"), None);
    }
}
