//! `cotter spork emit`: the binary on real repositories. What it writes is built in `live_spork_emit`.

mod library;
mod messy;
mod patches;
mod projects;
mod refused;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use support::cotter::Run;
use support::remote::git_daemon;
use support::spork::{LOCK, NIX, Scene, cargo_lock};

const CONFIG: &str = "[container.kf]\nnix = \"containers/kf/default.nix\"\nclone = \"../clone\"\n\
    image = \"registry.example.org/team/kf\"\n";

/// A scene whose workspace knows a clone of upstream, and holds no container yet.
fn scene() -> Scene {
    let scene = Scene::new();
    clone(&scene);
    scene.file("cotter.toml", CONFIG);
    scene
}

fn clone(scene: &Scene) {
    let root = scene.path("");
    scene.git_in(&root, &["clone", "-q", "srv/kf.git", "clone"]);
}

fn fetch(scene: &Scene) {
    scene.git_in(&scene.path("clone"), &["fetch", "-q", "--prune", "origin"]);
}

fn emit(scene: &Scene, args: &[&str]) -> Run {
    scene.cotter(&[&["spork", "emit"], args].concat())
}

/// A run that fails with `code`, says `words`, and writes nothing.
#[track_caller]
fn refuses(scene: &Scene, args: &[&str], code: i32, words: &[&str]) {
    let before = scene.tree();
    emit(scene, args).expect(code).says(words);
    assert_eq!(scene.tree(), before);
}

/// Name, branch and rev of each pin.
fn pins(scene: &Scene) -> BTreeMap<String, (String, String)> {
    let list = scene.cotter(&["pin", "list", "--format", "json"]).expect(0);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    list.json()["pins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pin| (text(&pin["name"]), (text(&pin["ref"]), text(&pin["rev"]))))
        .collect()
}

fn pin(name: &str, branch: &str, rev: String) -> (String, (String, String)) {
    (name.to_owned(), (branch.to_owned(), rev))
}

#[test]
fn what_is_emitted_is_understood() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let expected = BTreeMap::from([
        pin("kf:upstreamRev", "main", scene.rev("main")),
        pin(
            "kf:features.one",
            "feature/upstream/one",
            scene.rev("feature/upstream/one"),
        ),
        pin(
            "kf:features.two",
            "feature/local/two",
            scene.rev("feature/local/two"),
        ),
    ]);
    assert_eq!(pins(&scene), expected);
    let text = scene.read(NIX);
    let url = format!("url = \"file://{}\";", scene.path("srv/kf.git").display());
    assert!(text.contains(&url), "{text}");
    // Those for upstream come first, whatever their names.
    assert!(text.find("feature/upstream/one") < text.find("feature/local/two"));
    assert!(text.contains(&format!(
        "version = \"{}\"; # CONTAINER_APP_VERSION",
        &scene.rev("main")[..7]
    )));
    assert!(text.contains("name = \"registry.example.org/team/kf\";"));
    assert!(text.contains("#   cotter spork emit kf\n"));
    assert_eq!(scene.read(LOCK), cargo_lock("0.4.0", &[]));
    scene.work.git(&["init", "-q"]);
    scene.cotter(&["check", "--all-files"]).expect(0);
    scene.bump(&["--dry-run"]).expect(0);
    let before = scene.tree();
    let again = emit(&scene, &["kf", "--format", "json"]).expect(0);
    assert_eq!(again.json()["written"], false);
    assert_eq!(scene.tree(), before);
}

#[test]
fn a_bump_moves_it_and_emitting_again_changes_nothing() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let names = ["main", "feature/upstream/one", "feature/local/two"];
    let before = (
        scene.read(NIX),
        scene.tree(),
        names.map(|name| scene.rev(name)),
    );
    scene.sync();
    fetch(&scene);
    // What is pinned stays until it is bumped.
    emit(&scene, &["kf"])
        .expect(0)
        .says(&["no branch or tag", "cotter pin protect kf"]);
    assert_eq!(scene.tree(), before.1);
    scene.bump(&[]).expect(0);
    let mut expected = before.0.clone();
    for (old, name) in before.2.iter().zip(names) {
        expected = expected.replace(old, &scene.rev(name));
    }
    expected = expected.replace(&before.2[0][..7], &scene.rev("main")[..7]);
    assert_ne!(expected, before.0);
    assert_eq!(scene.read(NIX), expected);
    assert_eq!(scene.read(LOCK), cargo_lock("0.5.0", &[]));
    let bumped = scene.tree();
    let again = emit(&scene, &["kf"]).expect(0);
    assert_eq!(again.err, "");
    assert_eq!(scene.tree(), bumped);
    scene.cotter(&["check", "--all-files"]).expect(0);
}

#[test]
fn a_new_branch_joins_those_that_are_pinned() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let old = pins(&scene);
    scene.feature("feature/upstream/early", |work| {
        work.write("extra/early.txt", "early\n");
    });
    // The branch of a feature goes on; its pin does not.
    scene.work.git(&["checkout", "-q", "feature/local/two"]);
    scene.work.write("extra/two.txt", "two, again\n");
    scene.work.commit("More");
    scene.work.git(&["checkout", "-q", "main"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    emit(&scene, &["kf"]).expect(0);
    let mut expected = old;
    expected.extend([pin(
        "kf:features.early",
        "feature/upstream/early",
        scene.rev("feature/upstream/early"),
    )]);
    assert_eq!(pins(&scene), expected);
    let text = scene.read(NIX);
    assert!(text.find("feature/local/two") < text.find("feature/upstream/early"));
}

#[test]
fn a_feature_whose_branch_is_gone_stays_until_it_is_pruned() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let before = scene.tree();
    let two = scene.rev("feature/local/two");
    scene.work.git(&["branch", "-q", "-D", "feature/local/two"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    let stays =
        format!("has no branch `feature/local/two` any more: the feature `two` stays at {two}");
    emit(&scene, &["kf"]).expect(0).says(&[&stays, "--prune"]);
    assert_eq!(scene.tree(), before);
    emit(&scene, &["kf", "--prune"])
        .expect(0)
        .says(&["the feature `two` is left out"]);
    assert_eq!(
        pins(&scene).into_keys().collect::<Vec<_>>(),
        ["kf:features.one", "kf:upstreamRev"]
    );
    scene.cotter(&["check", "--all-files"]).expect(0);
}

#[test]
fn a_feature_that_upstream_has_taken_is_pruned() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let before = scene.tree();
    scene.advance(|work| {
        let merge = ["merge", "-q", "--no-ff", "-m", "Take one"];
        work.git(&[&merge[..], &["feature/upstream/one"]].concat());
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    // As it is pinned it is not merged; a bump would make it so.
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), before);
    emit(&scene, &["kf", "--prune"])
        .expect(0)
        .says(&["the feature `one` is left out: upstream has it"]);
    scene.bump(&[]).expect(0);
    let expected = BTreeMap::from([
        pin("kf:upstreamRev", "main", scene.rev("main")),
        pin(
            "kf:features.two",
            "feature/local/two",
            scene.rev("feature/local/two"),
        ),
    ]);
    assert_eq!(pins(&scene), expected);
}

#[test]
fn a_spork_of_ones_own_is_taken_over_with_its_pins() {
    let scene = Scene::usual();
    clone(&scene);
    let own = scene.read("cotter.toml");
    scene.file("cotter.toml", &format!("{own}clone = \"../clone\"\n"));
    let revs = |scene: &Scene| -> BTreeMap<String, String> {
        let pins = pins(scene).into_iter();
        pins.map(|(name, (_, rev))| (name, rev)).collect()
    };
    let before = revs(&scene);
    scene.sync();
    fetch(&scene);
    refuses(&scene, &["kf"], 2, &["cotter did not make this file"]);
    let run = emit(&scene, &["kf", "--force"]).expect(0);
    run.says(&["no branch or tag", "kf:features.one"]);
    assert_eq!(revs(&scene), before);
    scene.bump(&[]).expect(0);
    assert_eq!(before.len(), revs(&scene).len());
    assert_ne!(revs(&scene), before);
    // What cannot be read is not taken for a file without pins.
    let text = scene.read(NIX);
    scene.file(NIX, &text.replace("];", "]"));
    refuses(&scene, &["kf"], 2, &["containers/kf/default.nix"]);
}

#[test]
fn features_are_named_in_an_order_of_ones_own() {
    let scene = scene();
    let args = [
        "kf",
        "--feature",
        "second=feature/local/two",
        "--feature",
        "one",
    ];
    emit(&scene, &args).expect(0);
    let text = scene.read(NIX);
    assert!(
        text.find("name = \"second\"") < text.find("name = \"one\""),
        "{text}"
    );
    assert!(
        text.contains(
            "#   cotter spork emit kf --feature second=feature/local/two --feature one\n"
        )
    );
    let before = scene.tree();
    emit(&scene, &args).expect(0);
    assert_eq!(scene.tree(), before);
    let one = ["kf", "--feature", "feature/upstream/one"];
    emit(&scene, &one)
        .expect(0)
        .says(&["not among the features that were named", "`second` stays"]);
    emit(&scene, &[&one[..], &["--prune"]].concat()).expect(0);
    assert!(!scene.read(NIX).contains("second"));
    refuses(
        &scene,
        &["kf", "--feature", "nope"],
        2,
        &["has no branch `nope`", "feature/local/two"],
    );
    refuses(
        &scene,
        &[
            "kf",
            "--feature",
            "one",
            "--feature",
            "feature/upstream/one",
        ],
        2,
        &["named twice"],
    );
}

#[test]
fn the_image_of_the_config_is_used() {
    let scene = scene();
    let spec = r#"
[image.kf]
name = "registry.example.org/team/other"
builder = "stream"
contents = ["tzdata"]
[image.kf.config]
cmd = ["--serve"]
ports = ["8080/tcp"]
env = { A = "${x}" }
[image.kf.source]
kind = "spork"
url = "https://git.example.org/kf.git"
upstream-rev = "0000000000000000000000000000000000000000"
build = "rust"
pname = "kf"
program = "kfd"
"#;
    scene.file("cotter.toml", &format!("{CONFIG}{spec}"));
    emit(&scene, &["kf"]).expect(0);
    let text = scene.read(NIX);
    for part in [
        "streamLayeredImage",
        "\"8080/tcp\" = { };",
        "Cmd = [ \"--serve\" ];",
        "A=\\${x}",
        "/bin/kfd",
        "pkgs.tzdata",
        "lockFile = ./Cargo.lock;",
        "url = \"https://git.example.org/kf.git\";",
        "from [image.kf] and the branches of",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(pins(&scene)["kf:upstreamRev"].1, scene.rev("main"));
    let before = scene.tree();
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), before);
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}[image.kf]\nname = \"kf\"\n[image.kf.source]\nkind = \"go\"\n"),
    );
    refuses(
        &scene,
        &["kf"],
        2,
        &["`[image.kf]` of cotter.toml is made from `go`, which is no spork"],
    );
}

#[test]
fn a_dry_run_shows_and_writes_nothing() {
    let scene = scene();
    let before = scene.everything();
    let run = emit(&scene, &["kf", "--dry-run", "--diff"]).expect(1);
    assert!(
        run.out.contains("+upstreamRev") || run.out.contains("+  upstreamRev"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("+++ b/containers/kf/Cargo.lock"),
        "{}",
        run.out
    );
    let run = emit(&scene, &["kf", "--dry-run", "--format", "json"]).expect(1);
    assert_eq!(run.json()["written"], false);
    assert_eq!(scene.everything(), before);
    emit(&scene, &["kf", "--flake", "--builder", "nix2container"]).expect(0);
    assert!(
        scene
            .read("containers/kf/flake.nix")
            .contains("import ./default.nix")
    );
    assert!(scene.read(NIX).contains("nix2container.buildImage"));
    emit(
        &scene,
        &["kf", "--dry-run", "--flake", "--builder", "nix2container"],
    )
    .expect(0);
}

#[test]
fn a_flake_alone_holds_the_pins() {
    let scene = scene();
    let args = ["kf", "--flake=alone", "--out", "flakes/kf"];
    emit(&scene, &args).expect(0);
    assert!(!scene.ops().join("flakes/kf/default.nix").exists());
    let before = scene.tree();
    scene.sync();
    fetch(&scene);
    emit(&scene, &args).expect(0);
    assert_eq!(scene.tree(), before);
}

#[test]
fn without_a_clone_the_url_is_asked() {
    let scene = Scene::new();
    scene.file(
        "cotter.toml",
        "[container.kf]\nnix = \"containers/kf/default.nix\"\n",
    );
    refuses(
        &scene,
        &["kf"],
        2,
        &["no repository is known", "--clone", "--url"],
    );
    let url = format!("file://{}", scene.path("srv/kf.git").display());
    emit(&scene, &["kf", "--url", &url]).expect(0);
    let before = scene.tree();
    // From then on the file says it.
    emit(&scene, &["kf", "--url", &url]).expect(0);
    assert_eq!(scene.tree(), before);
    refuses(
        &scene,
        &["other"],
        2,
        &["where the files of `other` come to stand", "--out"],
    );
    refuses(
        &scene,
        &["kf", "--url", "ext::sh -c x", "--force"],
        2,
        &["remote helper"],
    );
    refuses(
        &scene,
        &["kf", "--main", "master"],
        2,
        &["has no branch `master`"],
    );
}

#[test]
fn several_at_once_or_none() {
    let scene = scene();
    let other = "[container.other]\nnix = \"containers/other/default.nix\"\nclone = \"../clone\"\n";
    scene.file("cotter.toml", &format!("{CONFIG}{other}"));
    emit(&scene, &["kf", "other"]).expect(0);
    assert_eq!(pins(&scene).len(), 6);
    assert!(
        scene
            .read("containers/other/default.nix")
            .contains("name = \"other\";")
    );
    refuses(
        &scene,
        &["kf", "other", "--pname", "x"],
        2,
        &["`--pname` is of one spork"],
    );
    refuses(&scene, &["kf", "kf"], 2, &["given twice"]);
    let text = scene.read(NIX);
    scene.file(NIX, &format!("{text}# mine\n"));
    std::fs::remove_file(scene.ops().join("containers/other/default.nix")).unwrap();
    refuses(&scene, &["other", "kf"], 2, &["edited by hand"]);
}

#[test]
fn a_remote_is_fetched_and_remembered() {
    let scene = Scene::new();
    let daemon = git_daemon(&scene.path("srv"));
    scene.file(
        "cotter.toml",
        "[container.kf]\nnix = \"containers/kf/default.nix\"\n",
    );
    let url = format!("git://127.0.0.1:{}/kf.git", daemon.port);
    emit(&scene, &["kf", "--url", &url]).expect(0);
    assert_eq!(pins(&scene)["kf:upstreamRev"].1, scene.rev("main"));
    let before = scene.tree();
    drop(daemon);
    emit(&scene, &["kf", "--url", &url, "--offline"]).expect(0);
    assert_eq!(scene.tree(), before);
    // What was fetched tells how it stands, too.
    scene.cotter(&["spork", "status"]).expect(0);
    refuses(&scene, &["kf", "--url", &url], 3, &["127.0.0.1"]);
    let unknown = "git://127.0.0.1:1/kf.git";
    refuses(
        &scene,
        &["kf", "--url", unknown, "--offline"],
        3,
        &["not available offline"],
    );
}
