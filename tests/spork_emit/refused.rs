//! What is not emitted, and what is not written over.

use super::{CONFIG, emit, fetch, pins, refuses, scene};
use crate::support::spork::{LOCK, NIX, Scene, cargo_lock};

#[test]
fn features_that_conflict_are_refused() {
    let scene = scene();
    scene.feature("feature/local/three", |work| {
        work.write(
            "src/main.rs",
            "fn main() {\n    one(3);\n\n\n\n\n\n    two();\n}\n",
        );
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    let (one, three) = (
        scene.rev("feature/upstream/one"),
        scene.rev("feature/local/three"),
    );
    let says =
        format!("the feature `three` at {three} conflicts with `one` at {one} in src/main.rs");
    refuses(
        &scene,
        &["kf"],
        4,
        &[&says, "rebase one of the features onto the other"],
    );
    emit(&scene, &["kf", "--feature", "one", "--feature", "two"]).expect(0);
}

#[test]
fn features_that_do_not_stand_on_upstream_are_refused() {
    let scene = scene();
    scene.work.write("README", "kf 0.5\n");
    scene.work.commit("Without the features");
    scene
        .work
        .git(&["branch", "-q", "feature/local/empty", "main"]);
    scene
        .work
        .git(&["branch", "-q", "feature/local/merged", "main~1"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    let [one, up] = ["feature/upstream/one", "main"].map(|name| scene.rev(name));
    let says = [
        format!("the feature `one` at {one} does not descend from upstream {up}"),
        "the feature `empty` has no commits of its own".to_owned(),
        format!("is part of upstream {up} already"),
        "rebase the feature's branch".to_owned(),
    ];
    refuses(&scene, &["kf"], 4, &says.each_ref().map(String::as_str));
    let run = emit(&scene, &["kf", "--format", "json"]).expect(4);
    assert_eq!(run.json()["error"]["kind"], "invariant");
}

#[test]
fn a_commit_of_a_force_pushed_branch_is_refused() {
    let scene = scene();
    let deploy = scene.rev("deploy");
    let says = format!(
        "only refs/heads/deploy of {}, which is force-pushed, holds {deploy}",
        scene.path("clone").display()
    );
    refuses(&scene, &["kf", "--feature", "deploy"], 4, &[&says]);
    // Nor is one taken that is named as such.
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}unstable = [\"deploy\", \"feature/local/two\"]\n"),
    );
    emit(&scene, &["kf"]).expect(0);
    assert!(!scene.read(NIX).contains("feature/local/two"));
}

#[test]
fn a_shallow_clone_does_not_know() {
    let scene = Scene::new();
    scene.work.write("README", "kf 0.4.1\n");
    scene.work.commit("More");
    scene.push("srv/kf.git");
    let url = format!("file://{}", scene.path("srv/kf.git").display());
    let args = [
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        &url,
        "clone",
    ];
    scene.git_in(&scene.path(""), &args);
    scene.file("cotter.toml", CONFIG);
    refuses(
        &scene,
        &["kf"],
        3,
        &[
            "a shallow clone, whose history ends before the answer",
            "git fetch --unshallow",
        ],
    );
}

#[test]
fn names_are_literal_or_refused() {
    let scene = scene();
    let branch = "feature/local/a\"b${c}''d";
    scene.feature(branch, |work| {
        work.write("extra/odd.txt", "odd\n");
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    let url = "https://git.example.org/${x}/\"kf'';.git";
    let program = "k${f}'\"";
    let args = ["kf", "--url", url, "--program", program];
    emit(&scene, &args).expect(0);
    let found = pins(&scene);
    assert_eq!(
        found["kf:features.a-b--c---d"],
        (branch.to_owned(), scene.rev(branch))
    );
    let list = scene.cotter(&["pin", "list", "--format", "json"]).expect(0);
    assert_eq!(list.json()["pins"][0]["url"], url);
    // What runs it again is a comment of one line, and one command.
    let text = scene.read(NIX);
    let line = text
        .lines()
        .find(|line| line.starts_with("#   cotter"))
        .unwrap();
    assert_eq!(line, r#"#   cotter spork emit kf --program 'k${f}'\''"'"#);
    assert!(text.contains(r#"/bin/k\${f}'\""#), "{text}");
    // The files say the URL themselves.
    let before = scene.tree();
    emit(&scene, &["kf", "--program", program]).expect(0);
    assert_eq!(scene.tree(), before);
    scene.file("containers/kf/default.nix", "");
    std::fs::remove_file(scene.ops().join(NIX)).unwrap();
    refuses(
        &scene,
        &["kf", "--url", "https://git.example.org/a\nb"],
        2,
        &["`source.url`"],
    );
    refuses(
        &scene,
        &["kf", "--feature", "${x}=one"],
        2,
        &["`source.features.0.name`"],
    );
    refuses(&scene, &["kf", "--pname", "a b"], 2, &["`source.pname`"]);
    refuses(
        &scene,
        &["kf", "--program", "../x"],
        2,
        &["`source.program`"],
    );
    refuses(&scene, &["kf", "--image", "A b"], 2, &["`name`"]);
}

#[test]
fn credentials_of_the_origin_go_nowhere() {
    let scene = scene();
    let origin = "https://me:SECRET@git.example.org/team/kf.git";
    scene.git_in(
        &scene.path("clone"),
        &["remote", "set-url", "origin", origin],
    );
    let run = emit(&scene, &["kf", "-v"]).expect(0);
    let text = scene.read(NIX);
    assert!(text.contains("url = \"https://git.example.org/team/kf.git\";"));
    assert!(!format!("{text}{}{}", run.out, run.err).contains("SECRET"));
    scene.git_in(
        &scene.path("clone"),
        &["remote", "rename", "origin", "upstream"],
    );
    std::fs::remove_file(scene.ops().join(NIX)).unwrap();
    refuses(&scene, &["kf"], 2, &["it has no remote `origin`", "--url"]);
    let run = emit(&scene, &["kf", "--url", origin]).expect(0);
    assert!(!format!("{}{}{}", scene.read(NIX), run.out, run.err).contains("SECRET"));
}

#[test]
fn a_lock_file_of_someone_else_is_not_written_over() {
    let scene = scene();
    scene.file(LOCK, "# mine\n");
    refuses(
        &scene,
        &["kf"],
        2,
        &[
            "containers/kf/Cargo.lock",
            "another file is here already",
            "--force",
        ],
    );
    emit(&scene, &["kf", "--force"]).expect(0);
    assert_eq!(scene.read(LOCK), cargo_lock("0.4.0", &[]));
    // That of the spork as it was pinned before is its own.
    scene.feature("feature/local/lock", |work| {
        work.write("Cargo.lock", cargo_lock("0.4.0-ours", &[]));
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    emit(&scene, &["kf"])
        .expect(0)
        .says(&["Cargo.lock is the one of the feature `lock`"]);
    assert_eq!(scene.read(LOCK), cargo_lock("0.4.0-ours", &[]));
}

#[test]
fn upstream_without_a_lock_file() {
    let scene = scene();
    scene.advance(|work| {
        work.git(&["rm", "-q", "Cargo.lock"]);
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    refuses(
        &scene,
        &["kf"],
        2,
        &["upstream has no Cargo.lock", "cargo generate-lockfile"],
    );
    scene.file(LOCK, &cargo_lock("0.4.0", &[]));
    emit(&scene, &["kf"])
        .expect(0)
        .says(&["the one that is there is built with"]);
    assert_eq!(scene.read(LOCK), cargo_lock("0.4.0", &[]));
}

#[test]
fn a_file_that_was_edited_is_kept() {
    let scene = scene();
    scene.file(NIX, "{ pkgs }: pkgs.hello\n");
    refuses(&scene, &["kf"], 2, &["cotter did not make this file"]);
    emit(&scene, &["kf", "--force"]).expect(0);
    let text = scene.read(NIX);
    scene.file(
        NIX,
        &text.replace(
            "inherit version src;",
            "inherit version src; doCheck = false;",
        ),
    );
    refuses(&scene, &["kf"], 2, &["edited by hand", "--force"]);
    emit(&scene, &["kf", "--force"]).expect(0);
    assert_eq!(scene.read(NIX), text);
}
