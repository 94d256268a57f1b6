//! `cotter check` and repositories elsewhere: what it asks with `--remote`, and what it makes of what was fetched
//! before. Needs git.

mod support;

use support::cotter::Run;
use support::remote::{Server, git_daemon};
use support::spork::{CONFIG, Scene};

const RULES: [&str; 4] = ["--rule", "C102", "--rule", "C104"];

/// A workspace whose spork is served over git's own protocol; the clone that it names is not on this machine.
fn served() -> (Scene, Server) {
    let scene = Scene::new();
    let server = git_daemon(&scene.path("srv"));
    scene.set_url(format!("git://127.0.0.1:{}/kf.git", server.port));
    let scene = scene.filled_in();
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../absent\"\n"));
    (scene, server)
}

fn check(scene: &Scene, args: &[&str]) -> Run {
    scene.cotter(&[&["check", "--all-files"][..], &RULES, args].concat())
}

/// The codes of what is found.
fn codes(scene: &Scene, args: &[&str]) -> Vec<String> {
    let found = check(scene, &[args, &["--format", "json"]].concat()).expect(1);
    let findings = found.json()["findings"].as_array().unwrap().clone();
    let code = |one: &serde_json::Value| one["code"].as_str().unwrap().to_owned();
    findings.iter().map(code).collect()
}

fn on_server(scene: &Scene, args: &[&str]) {
    scene.git_in(&scene.path("srv/kf.git"), args);
}

#[test]
fn the_remote_is_asked_where_there_is_no_clone() {
    let (scene, _server) = served();
    check(&scene, &["--remote"]).expect(0);
    for branch in ["feature/local/two", "deploy"] {
        on_server(&scene, &["branch", "-q", "-D", branch]);
    }
    // What was fetched before still has the branch, and nobody else is asked.
    check(&scene, &[]).expect(0);
    assert_eq!(codes(&scene, &["--remote"]), ["C104"]);
}

#[test]
fn what_was_fetched_before_does_not_tell_that_nothing_holds_a_commit() {
    let (scene, _server) = served();
    let two = scene.rev("feature/local/two");
    check(&scene, &["--remote"]).expect(0);
    on_server(&scene, &["branch", "-q", "-D", "feature/local/two"]);
    assert_eq!(codes(&scene, &["--remote"]), ["C102"]);
    // As `pin protect` does, from another machine.
    on_server(&scene, &["branch", "pins/kf/two", &two]);
    check(&scene, &[]).expect(0);
    check(&scene, &["--remote"]).expect(0);
}

#[test]
fn a_clone_that_is_behind_does_not_count_where_the_remote_is_asked() {
    let (scene, _server) = served();
    let clone = scene.path("absent").display().to_string();
    let from = scene.path("srv/kf.git").display().to_string();
    scene.git_in(&scene.path(""), &["clone", "-q", &from, &clone]);
    for branch in ["feature/local/two", "deploy"] {
        on_server(&scene, &["branch", "-q", "-D", branch]);
    }
    check(&scene, &[]).expect(0);
    assert_eq!(codes(&scene, &["--remote"]), ["C104"]);
}

#[test]
fn a_remote_that_cannot_be_reached_is_no_success() {
    let (scene, server) = served();
    drop(server);
    check(&scene, &[]).expect(0);
    let before = scene.tree();
    for args in [&["--remote"][..], &["--remote", "--fix"]] {
        check(&scene, args).expect(3).says(&["127.0.0.1"]);
    }
    scene
        .cotter(&["check", "--all-files", "--remote", "--write-baseline"])
        .expect(3);
    assert_eq!(scene.tree(), before);
}
