//! `cotter spork status`: the binary on real repositories.

mod support;

use serde_json::{Value, json};
use support::cotter::Run;
use support::spork::{CONFIG, Scene};

/// A workspace that knows a clone of upstream, with its usual container.
fn scene() -> Scene {
    let scene = Scene::usual();
    let root = scene.path("");
    scene.git_in(&root, &["clone", "-q", "srv/kf.git", "clone"]);
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../clone\"\n"));
    scene
}

fn fetch(scene: &Scene) {
    scene.git_in(&scene.path("clone"), &["fetch", "-q", "--prune", "origin"]);
}

fn status(scene: &Scene, args: &[&str]) -> Run {
    scene.cotter(&[&["spork", "status"], args].concat())
}

/// The only spork.
fn only(scene: &Scene, args: &[&str]) -> Value {
    let run = status(scene, &[args, &["--format", "json"]].concat()).expect(0);
    assert_eq!(run.err, "");
    let json = run.json();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["sporks"].as_array().unwrap().len(), 1);
    json["sporks"][0].clone()
}

#[test]
fn what_is_up_to_date() {
    let scene = scene();
    let everything = scene.everything();
    let spork = only(&scene, &[]);
    let clone = scene.path("clone").display().to_string();
    assert_eq!(
        spork,
        json!({
            "container": "kf",
            "file": "containers/kf/default.nix",
            "repository": clone,
            "upstream": {
                "name": "kf:upstreamRev", "feature": null, "rev": scene.rev("main"),
                "branch": "main", "tip": scene.rev("main"), "ahead": 0, "behind": 0,
                "base": null, "own": null, "lacks": null, "held": "stable", "held_by": [], "uncarried": null,
            },
            "features": [
                {
                    "name": "kf:features.one", "feature": "one", "rev": scene.rev("feature/upstream/one"),
                    "branch": "feature/upstream/one", "tip": scene.rev("feature/upstream/one"), "ahead": 0, "behind": 0,
                    "base": "upstream", "own": 1, "lacks": 0, "held": "stable", "held_by": [], "uncarried": [],
                },
                {
                    "name": "kf:features.two", "feature": "two", "rev": scene.rev("feature/local/two"),
                    "branch": "feature/local/two", "tip": scene.rev("feature/local/two"), "ahead": 0, "behind": 0,
                    "base": "upstream", "own": 1, "lacks": 0, "held": "stable", "held_by": [], "uncarried": [],
                },
            ],
            "overlaps": [],
            "error": null,
        })
    );
    let human = status(&scene, &["kf"]).expect(0);
    assert_eq!(
        human.out,
        format!(
            "kf  containers/kf/default.nix  {clone}\n\
             \x20 upstream  {}  main                  up to date\n\
             \x20 one       {}  feature/upstream/one  up to date; 1 commit on upstream\n\
             \x20 two       {}  feature/local/two     up to date; 1 commit on upstream\n",
            &scene.rev("main")[..12],
            &scene.rev("feature/upstream/one")[..12],
            &scene.rev("feature/local/two")[..12],
        )
    );
    assert_eq!(scene.everything(), everything);
}

#[test]
fn after_a_mirror_sync() {
    let scene = scene();
    let old = scene.rev("feature/upstream/one");
    scene.sync();
    fetch(&scene);
    let spork = only(&scene, &["kf:upstreamRev"]);
    assert_eq!(
        (&spork["upstream"]["ahead"], &spork["upstream"]["behind"]),
        (&json!(0), &json!(1))
    );
    let one = &spork["features"][0];
    // The branch was rebased: its commit is another now.
    assert_eq!((&one["ahead"], &one["behind"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&one["base"], &one["held"]),
        (&json!("upstream"), &json!("nothing"))
    );
    let human = status(&scene, &[]).expect(0).out;
    for words in [
        "1 behind",
        "1 ahead, 2 behind; 1 commit on upstream",
        "kf:features.one: no branch or tag holds it",
        "`cotter pin protect kf` keeps it",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
    // What was protected is held.
    let name = format!("pins/kf/{}", &old[..12]);
    scene.git_in(&scene.path("srv/kf.git"), &["branch", &name, &old]);
    fetch(&scene);
    assert_eq!(only(&scene, &[])["features"][0]["held"], "stable");
}

#[test]
fn a_commit_that_deploy_alone_holds_or_nobody_has() {
    let scene = scene();
    let [one, two] = ["feature/upstream/one", "feature/local/two"].map(|name| scene.rev(name));
    scene.work.git(&[
        "branch",
        "-q",
        "-D",
        "feature/upstream/one",
        "feature/local/two",
    ]);
    scene.push("srv/kf.git");
    fetch(&scene);
    let spork = only(&scene, &[]);
    for feature in spork["features"].as_array().unwrap() {
        assert_eq!(feature["held"], "unstable");
        assert_eq!(feature["held_by"], json!(["refs/heads/deploy"]));
        assert_eq!(
            (&feature["branch"], &feature["behind"]),
            (&Value::Null, &Value::Null)
        );
    }
    let human = status(&scene, &[]).expect(0).out;
    assert!(
        human.contains("only refs/heads/deploy holds it, which is force-pushed"),
        "{human}"
    );
    let text = scene.read("containers/kf/default.nix");
    let gone = "1".repeat(40);
    scene.file("containers/kf/default.nix", &text.replace(&one, &gone));
    let spork = only(&scene, &[]);
    assert_eq!(
        (&spork["features"][0]["held"], &spork["features"][0]["base"]),
        (&json!("absent"), &Value::Null)
    );
    assert_eq!(spork["features"][1]["rev"], two);
    assert!(
        status(&scene, &[])
            .expect(0)
            .out
            .contains("the repository does not have it")
    );
}

#[test]
fn how_features_stand_to_upstream_and_to_each_other() {
    let scene = scene();
    scene.work.write("src/lib.rs", "a\n\n\n\n\n\n\n\nb\n");
    scene.work.commit("A library");
    scene
        .work
        .git(&["branch", "-q", "feature/local/old", "main~1"]);
    for (branch, text) in [
        ("three", "a3\n\n\n\n\n\n\n\nb\n"),
        ("four", "a\n\n\n\n\n\n\n\nb4\n"),
        ("five", "a5\n\n\n\n\n\n\n\nb\n"),
    ] {
        scene.feature(&format!("feature/local/{branch}"), |work| {
            work.write("src/lib.rs", text);
        });
    }
    scene.push("srv/kf.git");
    fetch(&scene);
    let names = [
        "upstream/one",
        "local/old",
        "local/three",
        "local/four",
        "local/five",
    ];
    let mut text = format!(
        "let\n  url = \"https://git.example.org/kf.git\";\n  upstreamRev = \"{}\";\n  features = [\n",
        scene.rev("main")
    );
    for name in names {
        let short = name.rsplit('/').next().unwrap();
        text += &format!(
            "    {{ name = \"{short}\"; rev = \"{}\"; }}\n",
            scene.rev(&format!("feature/{name}"))
        );
    }
    text += "  ];\nin\nmap (f: builtins.fetchGit { inherit url; inherit (f) rev; }) features\n";
    scene.file("containers/kf/default.nix", &text);
    let spork = only(&scene, &[]);
    let bases: Vec<&Value> = spork["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["base"])
        .collect();
    assert_eq!(
        bases,
        ["other", "merged", "upstream", "upstream", "upstream"]
    );
    assert_eq!(
        (&spork["features"][0]["own"], &spork["features"][0]["lacks"]),
        (&json!(1), &json!(1))
    );
    let both = json!(["src/lib.rs"]);
    assert_eq!(
        spork["overlaps"],
        json!([
            { "features": ["three", "four"], "files": both, "conflicts": [], "same": [] },
            { "features": ["three", "five"], "files": both, "conflicts": both, "same": [] },
            { "features": ["four", "five"], "files": both, "conflicts": [], "same": [] },
        ])
    );
    let human = status(&scene, &[]).expect(0).out;
    for words in [
        "does not stand on upstream: 1 commit of its own, lacks 1 commit",
        "upstream has it",
        "three and four touch the same files: src/lib.rs",
        "three and five conflict in src/lib.rs",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
}

#[test]
fn what_is_seen_before_nix_builds() {
    let scene = scene();
    scene.feature("feature/local/two", |work| {
        work.write("logo.png", b"\x89PNG\0")
            .write("extra/two.txt", "two\n")
            .write(
                "src/main.rs",
                "fn main() {\n    one(1);\n\n\n\n\n\n    two(2);\n}\n",
            );
        let commit = work.git(&["rev-parse", "main"]);
        work.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            "160000",
            &commit,
            "sub",
        ]);
        std::fs::create_dir(work.dir().join("sub")).unwrap();
    });
    let old = scene.work.git(&["rev-parse", "feature/local/two"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    let text = scene.read("containers/kf/default.nix");
    let pinned = only(&scene, &[])["features"][1]["rev"].clone();
    let pinned = pinned.as_str().unwrap();
    scene.file("containers/kf/default.nix", &text.replace(pinned, &old));
    let spork = only(&scene, &[]);
    assert_eq!(
        spork["features"][1]["uncarried"],
        json!([{ "path": "logo.png", "why": "binary" }, { "path": "sub", "why": "submodule" }])
    );
    assert_eq!(
        spork["overlaps"],
        json!([{
            "features": ["one", "two"], "files": ["src/main.rs"], "conflicts": [], "same": ["src/main.rs"],
        }])
    );
    let human = status(&scene, &[]).expect(0).out;
    for words in [
        "one and two make the same change in src/main.rs: a patch does not apply twice",
        "two changes what a patch of text does not carry: logo.png (binary), sub (submodule)",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
}

#[test]
fn a_shallow_clone_does_not_know_all() {
    let scene = scene();
    scene.sync();
    let url = format!("file://{}", scene.path("srv/kf.git").display());
    scene.git_in(
        &scene.path(""),
        &[
            "clone",
            "-q",
            "--depth=1",
            "--no-single-branch",
            &url,
            "shallow",
        ],
    );
    let spork = only(&scene, &["--clone", "../shallow"]);
    let upstream = &spork["upstream"];
    assert_eq!(upstream["tip"], scene.rev("main"));
    assert_eq!(
        (&upstream["behind"], &upstream["held"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(spork["features"][0]["base"], Value::Null);
    let human = status(&scene, &["--clone", "../shallow"]).expect(0).out;
    assert!(
        human.contains("how it stands to its branch is not known"),
        "{human}"
    );
}

#[test]
fn a_remote_is_asked_only_when_told() {
    let scene = Scene::usual();
    // What is on this disk needs no asking.
    assert_eq!(only(&scene, &[])["upstream"]["behind"], 0);
    let text = scene.read("containers/kf/default.nix");
    let far = text.replace("file://", "git://127.0.0.1:1");
    scene.file("containers/kf/default.nix", &far);
    let run = status(&scene, &["--format", "json"]).expect(3);
    run.says(&[
        "kf: git://127.0.0.1:1",
        "not available offline",
        "`--remote` asks it",
    ]);
    let run = status(&scene, &["--format", "json"]).expect(3);
    let spork = &run.json()["sporks"][0];
    assert!(
        spork["error"]
            .as_str()
            .unwrap()
            .contains("not available offline")
    );
    assert_eq!(
        (&spork["upstream"]["rev"], &spork["overlaps"]),
        (&json!(scene.rev("main")), &Value::Null)
    );
    status(&scene, &["--remote"]).expect(3).says(&["127.0.0.1"]);
    // The remote is asked where both are known.
    scene.file("containers/kf/default.nix", &text);
    scene.git_in(&scene.path(""), &["clone", "-q", "srv/kf.git", "clone"]);
    scene.file("cotter.toml", &format!("{CONFIG}clone = \"../clone\"\n"));
    scene.sync();
    assert_eq!(only(&scene, &[])["upstream"]["behind"], 0);
    assert_eq!(only(&scene, &["--remote"])["upstream"]["behind"], 1);
}

#[test]
fn names_that_mean_no_spork() {
    let scene = scene();
    status(&scene, &["nope"]).expect(2).says(&["nope"]);
    let hash = "0".repeat(52);
    scene.file(
        "containers/other/default.nix",
        &format!("builtins.fetchTarball {{ url = \"https://example.org/{}.tar.gz\"; sha256 = \"{hash}\"; }}\n", "a".repeat(40)),
    );
    status(&scene, &["other"])
        .expect(2)
        .says(&["none of the pins that are meant is part of a spork"]);
    std::fs::remove_file(scene.ops().join("containers/kf/default.nix")).unwrap();
    status(&scene, &[])
        .expect(0)
        .says(&["no spork is pinned here"]);
}
