//! SIGKILL while a hash is built, and at every step of writing: rev and hash are both as they were, or both new.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use cotter::transaction::fault;

use crate::scene::{STALE, Scene};
use crate::support::run;

const FILES: [&str; 2] = ["x/default.nix", "cotter.lock"];

/// A pin whose hash needs a build that first runs `script`, with its `cotter.lock`, at an old commit.
fn stale(scene: &Scene, script: &str) -> [String; 2] {
    let repo = scene.repo("tool", "a\n");
    let (url, old) = (scene.url("tool"), repo.git(&["rev-parse", "HEAD"]));
    let text = format!(
        "pkgs.fetchgit {{ url = \"{url}\"; rev = \"{old}\"; hash = \"{STALE}\"; postFetch = \"{script}\"; }}\n"
    );
    scene.put(FILES[0], &text);
    scene.bench.cotter(&[]).expect(0);
    repo.write("go.sum", "b\n").commit("new");
    said(scene)
}

fn said(scene: &Scene) -> [String; 2] {
    FILES.map(|file| scene.read(file))
}

#[test]
fn while_it_builds() {
    let scene = Scene::new();
    let mark = scene.path("building");
    let wait = format!(
        "if grep -q b go.sum; then touch {}; sleep 60; fi",
        mark.display()
    );
    let old = stale(&scene, &wait);
    let mut command = scene.command(&[]);
    let mut running = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..3000 {
        if mark.exists() {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(mark.exists(), "nothing was built");
    assert_eq!(said(&scene), old);
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(said(&scene), old);
}

#[test]
fn at_every_step_of_writing() {
    let scene = Scene::new();
    let old = stale(&scene, "rm go.sum");
    let mut hit = BTreeSet::new();
    let mut new = None;
    for &point in fault::POINTS {
        for (file, text) in FILES.iter().zip(&old) {
            scene.bench.write(file, text);
        }
        let mut command = scene.command(&[]);
        let output = run(command.env("COTTER_FAULT", format!("{point}:1")), "git");
        if output.status.signal() == Some(9) {
            hit.insert(point);
        }
        // What is left is repaired, and what is to do is done.
        scene.bump(&[]).expect(0);
        let now = said(&scene);
        assert!(now != old && !now[0].contains(STALE), "{point}: {now:?}");
        assert_eq!(*new.get_or_insert_with(|| now.clone()), now, "{point}");
        let rows = scene.bench.rows(0, &["--dry-run"]);
        assert_eq!(rows.counts(), [0, 1, 0, 0], "{point}");
    }
    assert!(hit.contains("staged") && hit.contains("renamed"), "{hit:?}");
}
