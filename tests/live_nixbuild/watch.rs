//! A folder that is watched.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Scene, status};
use crate::support::TOOL_PATH;
use crate::support::cotter::ran;

/// No wait is longer; a test that has to wait so long fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that goes on.
struct Watching(Child);

impl Watching {
    fn start(scene: &Scene) -> Watching {
        let child = scene
            .command()
            .args(["watch", "manifests", "--jobs", "3"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Watching(child)
    }

    /// Ends it, and says with which code.
    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn file(scene: &Scene, id: &str) -> PathBuf {
    scene
        .work()
        .join("manifests/status")
        .join(format!("{id}.yaml"))
}

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn says(scene: &Scene, id: &str, word: &str) -> bool {
    status(&file(scene, id), &["status"]).as_deref() == Some(word)
}

#[test]
fn statuses_follow_the_manifests() {
    let scene = Scene::new();
    scene.write("manifests/one.yaml", &scene.nixbuild("one", "archive"));
    scene.write("manifests/deep/two.yaml", &scene.nixbuild("two", "failing"));
    scene.write("manifests/broken.yaml", "flakeUrl: [\n");
    scene.write("manifests/other.yaml", "kind: Service\n");
    let watching = Watching::start(&scene);
    wait_for("one is built", || says(&scene, "one.yaml.one", "Succeeded"));
    wait_for("two has failed", || {
        says(&scene, "deep-two.yaml.two", "Failed")
    });
    wait_for("the broken one is told", || {
        says(&scene, "broken.yaml", "Failed")
    });
    assert!(!file(&scene, "other.yaml").exists());
    let digest = status(&file(&scene, "one.yaml.one"), &["imageDigest"]);
    assert!(digest.is_some_and(|digest| digest.starts_with("sha256:")));

    // One is mended, one comes to be wrong, one goes, one comes.
    scene.write("manifests/deep/two.yaml", &scene.nixbuild("two", "stream"));
    scene.write("manifests/one.yaml", &scene.nixbuild("one", "throws"));
    std::fs::remove_file(scene.work().join("manifests/broken.yaml")).unwrap();
    scene.write(
        "manifests/three.yaml",
        &scene.nixbuild("three", "compressed"),
    );
    wait_for("two is mended", || {
        says(&scene, "deep-two.yaml.two", "Succeeded")
    });
    wait_for("one has failed", || says(&scene, "one.yaml.one", "Failed"));
    wait_for("the broken one has gone", || {
        !file(&scene, "broken.yaml").exists()
    });
    wait_for("three is built", || {
        says(&scene, "three.yaml.three", "Succeeded")
    });
    assert_eq!(watching.end(Signal::TERM), Some(0));
    scene.is_clean();
}

#[test]
fn an_interrupt_leaves_nothing_half_told() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new();
        scene.write("manifests/slow.yaml", &scene.nixbuild("slow", "slow"));
        scene.write("manifests/one.yaml", &scene.nixbuild("one", "archive"));
        let watching = Watching::start(&scene);
        wait_for("the slow one has begun", || scene.marks() > 0);
        wait_for("one is built", || says(&scene, "one.yaml.one", "Succeeded"));
        assert!(says(&scene, "slow.yaml.slow", "Building"));
        assert_eq!(watching.end(signal), Some(0));
        assert!(says(&scene, "slow.yaml.slow", "Failed"));
        assert!(says(&scene, "one.yaml.one", "Succeeded"));
        scene.is_clean();
    }
}

#[test]
fn an_interrupted_build_says_so_in_its_status() {
    let scene = Scene::new();
    scene.write("manifest.yaml", &scene.nixbuild("slow", "slow"));
    let child = scene
        .command()
        .args(["build", "manifest.yaml", "--status", "status.yaml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let building = Watching(child);
    wait_for("the build has begun", || scene.marks() > 0);
    let file = scene.work().join("status.yaml");
    assert_eq!(status(&file, &["status"]).as_deref(), Some("Building"));
    // It ends by the signal.
    assert_eq!(building.end(Signal::TERM), None);
    assert_eq!(status(&file, &["status"]).as_deref(), Some("Failed"));
}

#[test]
fn what_is_the_same_is_built_once() {
    let scene = Scene::new();
    for name in ["a", "b", "c"] {
        let text = scene.nixbuild(name, "marked").replace(
            &scene.tag(),
            &format!("registry.example.org/team/hello:{name}"),
        );
        scene.write(&format!("manifests/{name}.yaml"), &text);
    }
    let all = format!(
        "{}---\n{}",
        scene.nixbuild("d", "archive"),
        scene.nixbuild("e", "marked")
    );
    scene.write("manifests/all.yaml", &all);
    let run = scene
        .run(&["watch", "manifests", "--once", "--format", "json"])
        .expect(0);
    assert_eq!(scene.marks(), 1);
    let lines: Vec<serde_json::Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let succeeded = lines
        .iter()
        .filter(|line| line["status"] == "Succeeded")
        .count();
    assert_eq!((lines.len(), succeeded), (10, 5), "{}", run.out);
    for id in [
        "a.yaml.a",
        "b.yaml.b",
        "c.yaml.c",
        "all.yaml.d",
        "all.yaml.e",
    ] {
        assert!(says(&scene, id, "Succeeded"), "{id}");
    }
    scene.is_clean();
}

#[test]
fn once_says_whether_all_went_well() {
    let scene = Scene::new();
    scene.write("manifests/one.yaml", &scene.nixbuild("one", "archive"));
    scene.write("manifests/two.yaml", &scene.nixbuild("two", "arm"));
    let run = scene.run(&["watch", "manifests", "--once"]).expect(1);
    assert!(
        run.out
            .contains("two.yaml.two: Failed the image is for linux/arm64"),
        "{}",
        run.out
    );
    assert!(says(&scene, "one.yaml.one", "Succeeded"));
    scene.run(&["watch", "missing", "--once"]).expect(2);
}

/// Programs of Nix that make the store at the same time get in each other's way.
#[test]
fn the_store_is_there_before_several_build() {
    let scene = Scene::new();
    let nix_instantiate = scene.write(
        "bin/nix-instantiate",
        "#!/bin/sh\nif [ ! -e \"$NIX_STATE_DIR/db/schema\" ]; then\n  echo 'there is no store' >&2\n  exit 1\nfi\n\
         PATH=${PATH#*:} exec nix-instantiate \"$@\"\n",
    );
    std::fs::set_permissions(&nix_instantiate, Permissions::from_mode(0o755)).unwrap();
    scene.write("manifests/one.yaml", &scene.nixbuild("one", "archive"));
    scene.write("manifests/two.yaml", &scene.nixbuild("two", "stream"));
    let bin = nix_instantiate.parent().unwrap();
    let run = ran(scene
        .command()
        .args(["watch", "manifests", "--once"])
        .env("PATH", format!("{}:{TOOL_PATH}", bin.display())));
    run.expect(0);
}
