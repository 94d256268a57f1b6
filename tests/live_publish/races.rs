//! Two publishers of one tag at once: whatever the order, neither index has the other's architectures, and the one whose
//! tags were taken over says so.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::scene::{REPOSITORY, Scene};
use crate::support::cotter::{Run, ran};
use crate::support::proxy::{Fate, Seen};

/// What the other publisher ended with, once it has run.
type Ended = Arc<Mutex<Option<Run>>>;

/// A scene whose publisher is overtaken by another one, with another amd64, at the first request that `at` names.
fn overtaken(at: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> (Scene, Ended) {
    let other: Arc<Mutex<Option<Command>>> = Arc::default();
    let ended = Ended::default();
    let (waiting, result) = (other.clone(), ended.clone());
    let begun = AtomicBool::new(false);
    let mut scene = Scene::judged(move |seen| {
        if at(seen) && !begun.swap(true, Ordering::SeqCst) {
            let mut command = waiting.lock().unwrap().take().unwrap();
            *result.lock().unwrap() = Some(ran(&mut command));
        }
        Fate::Forward
    });
    // The other one is a machine of its own, and asks the registry itself.
    let mine = scene.spec.clone();
    scene.build("amd64", 2);
    scene.spec["repositories"]["default"] =
        json!(format!("127.0.0.1:{}/{REPOSITORY}", scene.registry.port));
    let mut command = scene.command_of("other.json", &["publish", "--publish", "--replace"]);
    command
        .env("VERSION", "1.2.3")
        .env("PUBLISH_STATE_DIR", scene.path("other-state"));
    *other.lock().unwrap() = Some(command);
    scene.spec = mine;
    (scene, ended)
}

#[test]
fn one_that_comes_before_the_index_is_read_back() {
    let written = AtomicBool::new(false);
    let (scene, other) = overtaken(move |seen| {
        let tag = seen.target.ends_with("/manifests/1.2.3");
        if tag && seen.method == "PUT" {
            written.store(true, Ordering::SeqCst);
        }
        tag && seen.method == "HEAD" && written.load(Ordering::SeqCst)
    });
    scene
        .publish("1.2.3")
        .expect(4)
        .says(&["BLOCKER(index-mismatch)"]);
    other.lock().unwrap().take().unwrap().expect(0);
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
    scene.assert_cleaned_up();
}

#[test]
fn one_that_comes_before_latest_is_moved() {
    let (scene, other) = overtaken(|seen| seen.is("HEAD", "manifests/latest"));
    scene
        .publish("1.2.3")
        .expect(4)
        .says(&["BLOCKER(tag-moved)"]);
    other.lock().unwrap().take().unwrap().expect(0);
}

#[test]
fn one_that_finds_the_other_done() {
    let (scene, other) = overtaken(|seen| seen.is("PUT", "manifests/1.2.3-arm64"));
    // A release is not overwritten.
    scene
        .publish("1.2.3")
        .expect(4)
        .says(&["BLOCKER(tag-exists)"]);
    other.lock().unwrap().take().unwrap().expect(0);
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
}

#[test]
fn two_of_the_same_images_do_not_disturb_each_other() {
    let scene = Scene::new();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2)
            .map(|n| {
                let mut command = scene.command(&["publish", "--publish"]);
                command
                    .env("VERSION", "1.2.3")
                    .env("PUBLISH_STATE_DIR", scene.path(&format!("state-{n}")));
                scope.spawn(move || ran(&mut command))
            })
            .collect();
        for run in runs {
            run.join().unwrap().expect(0);
        }
    });
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
}
