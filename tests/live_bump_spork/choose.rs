//! What moves when only a part is asked for, and where to.

use crate::support::cotter::Run;
use crate::support::spork::{NIX, Scene};
use crate::support::store::Store;

/// Name and new value of each change but for that of the lock file.
fn changed(run: &Run) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let json = run.json();
    let changes = json["changes"].as_array().unwrap().iter();
    changes
        .filter(|change| change["field"] != "Cargo.lock")
        .map(|change| (text(&change["name"]), text(&change["new"])))
        .collect()
}

#[test]
fn one_feature_alone() {
    let scene = Scene::usual();
    let before = scene.read(NIX);
    let old = scene.rev("feature/upstream/one");
    // The other one stays where it is, and can only be fetched while a ref holds it.
    scene.work.git(&["tag", "keep", "feature/local/two"]);
    scene.sync();
    let new = scene.rev("feature/upstream/one");
    let run = scene
        .bump(&["kf:features.one", "--format", "json"])
        .expect(0);
    assert_eq!(changed(&run), [("kf:features.one".to_owned(), new.clone())]);
    assert_eq!(scene.read(NIX), before.replace(&old, &new));
    // It was rebased onto a newer upstream, so its patch takes that in, with the lock file that nixpkgs wants then.
    run.says(&[
        "warning: the feature `one` at",
        "stands on a newer upstream: its patch takes in 1 commit of main",
    ]);
    let store = Store::new_in(&scene.path("home"));
    let file = scene.ops().join(NIX);
    store.run(
        "nix-build",
        &["--no-out-link", file.to_str().unwrap(), "-A", "package"],
    );

    scene.bump(&["kf:features.one"]).expect(0);
    let run = scene.bump(&["kf"]).expect(0);
    assert!(!run.err.contains("newer upstream"), "{}", run.err);
    scene.assert_builds(NIX);
}

#[test]
fn all_features_by_a_glob() {
    let scene = Scene::usual();
    scene.sync();
    // Each patch would take in upstream's new commits, and the second not apply.
    scene.refuses(
        &["kf:features.*"],
        4,
        &[
            "`one` at",
            "`two` at",
            "stands on a newer upstream",
            "bump upstream too",
        ],
    );
    let scene = Scene::usual();
    let work = &scene.work;
    for feature in ["feature/upstream/one", "feature/local/two"] {
        work.git(&["switch", "-q", feature]);
        work.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    }
    work.git(&["switch", "-q", "main"]);
    scene.push("srv/kf.git");
    let run = scene.bump(&["kf:features.*", "--format", "json"]).expect(0);
    let names: Vec<_> = changed(&run).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["kf:features.one", "kf:features.two"]);
}

#[test]
fn upstream_alone_leaves_its_features_behind() {
    let scene = Scene::usual();
    let (one, up) = (scene.rev("feature/upstream/one"), scene.rev("main"));
    scene.sync();
    let now = scene.rev("main");
    let says = format!("`one` at {one} does not descend from upstream {now}");
    scene.refuses(
        &["kf:upstreamRev"],
        4,
        &[&says, "`two` at", "rebase the feature's branch"],
    );
    // Where it is already, it can stay.
    scene.bump(&["kf:upstreamRev", "--to", &up]).expect(0);
}

#[test]
fn the_whole_container_to_a_tag() {
    let scene = Scene::usual();
    let first = scene.rev("main");
    scene.sync();
    let tagged = scene.rev("main");
    scene.work.git(&["tag", "-a", "-m", "x", "v0.4.1", "main"]);
    scene.push("srv/kf.git");
    let (one, two) = (
        scene.rev("feature/upstream/one"),
        scene.rev("feature/local/two"),
    );
    let run = scene
        .bump(&["kf", "--to", "v0.4.1", "--format", "json"])
        .expect(0);
    let expected = [
        ("kf:upstreamRev", tagged.as_str()),
        ("kf:upstreamRev", &tagged[..7]),
        ("kf:features.one", &one),
        ("kf:features.two", &two),
        ("kf:upstreamRev", &tagged[..7]),
    ];
    assert_eq!(
        changed(&run),
        expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    // Not back: both features have grown out of it.
    scene.refuses(
        &["kf:upstreamRev", "--to", &first[..10]],
        4,
        &["stands on a newer upstream", &first],
    );
}

#[test]
fn to_a_commit_a_branch_or_a_ref() {
    let scene = Scene::usual();
    scene.sync();
    scene.feature("feature/upstream/one-next", |work| {
        work.write("extra/one.txt", "1\n");
    });
    scene.push("srv/kf.git");
    let next = scene.rev("feature/upstream/one-next");
    for to in [
        &next[..],
        &next[..9],
        "feature/upstream/one-next",
        "refs/heads/feature/upstream/one-next",
    ] {
        let run = scene
            .bump(&[
                "kf:features.one",
                "--to",
                to,
                "--dry-run",
                "--format",
                "json",
            ])
            .expect(1);
        assert_eq!(
            changed(&run),
            [("kf:features.one".to_owned(), next.clone())],
            "{to}"
        );
    }
}

#[test]
fn to_nothing_that_there_is() {
    let scene = Scene::usual();
    let gone = "0123456789012345678901234567890123456789";
    for to in [
        "nosuch", "0123456", gone, "main~1", "", "v1..v2", "-x", "a b",
    ] {
        let argument = format!("--to={to}");
        let said = scene.refuses(&["kf:upstreamRev", &argument, "--format", "json"], 2, &[to]);
        let error = &said.json()["error"];
        assert_eq!(error["kind"], "usage", "{to}");
        assert!(error["hint"].is_string(), "{to}: {error}");
    }
    scene.refuses(
        &["--to", "main"],
        2,
        &["`--to main` needs the name of the pin"],
    );
    scene.refuses(
        &["nosuch"],
        2,
        &["`nosuch` is no file or folder, and no pin's name matches it"],
    );
    scene.refuses(&["kf:upstreamrev"], 2, &["did you mean `kf:upstreamRev`?"]);
    scene.refuses(&["nix/pkgs.nix"], 2, &["no pin stands in `nix/pkgs.nix`"]);
}
