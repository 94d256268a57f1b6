//! `cotter.lock` goes along: what a bump computed is verified, and `fod-rehash` has nothing to do.

use crate::scene::{STALE, Scene};

#[test]
fn what_was_computed_is_recorded() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    let (url, old) = (scene.url("tool"), repo.git(&["rev-parse", "HEAD"]));
    let source = |more: &str| {
        format!("pkgs.fetchgit {{ url = \"{url}\"; rev = \"{old}\"; hash = \"{STALE}\"; {more} }}")
    };
    let text = format!(
        "{{\n  plain = {};\n  post = {};\n  go = pkgs.buildGoModule {{ pname = \"go\"; version = \"1\"; src = {}; vendorHash = \"{STALE}\"; }};\n  still = pkgs.fetchurl {{ url = \"{url}/main.go\"; hash = \"{STALE}\"; }};\n}}\n",
        source(""),
        source("postFetch = \"rm go.sum\";"),
        source("")
    );
    scene.put("x/default.nix", &text);
    // Without such a file none is made.
    scene.bump(&["--dry-run"]).expect(0);
    scene.bench.cotter(&[]).expect(0);
    assert!(scene.bench.workspace().join("cotter.lock").exists());
    scene.bench.cotter(&["--dry-run"]).expect(0);
    repo.write("go.sum", "b\n").commit("new");
    scene.bumped(&[]);
    let lock = scene.read("cotter.lock");
    // Nothing is built to know that all of it is right.
    let rows = scene.bench.rows(0, &[]);
    assert_eq!(
        (rows.counts(), rows.rounds(), rows.written()),
        ([0, 5, 0, 0], 0, false)
    );
    assert_eq!(scene.read("cotter.lock"), lock);
    scene.builds("x/default.nix");
}

#[test]
fn what_it_was_computed_of_is_recorded_too() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    let (url, old) = (scene.url("tool"), repo.git(&["rev-parse", "HEAD"]));
    scene.bench.write("x/mods/go.sum", "a\n");
    scene.put(
        "x/default.nix",
        &format!(
            "pkgs.buildGoModule {{ pname = \"go\"; version = \"1\"; vendorHash = \"{STALE}\"; modSrc = ./mods;\n  \
             src = pkgs.fetchgit {{ url = \"{url}\"; rev = \"{old}\"; hash = \"{STALE}\"; }}; }}\n"
        ),
    );
    scene.bench.cotter(&[]).expect(0);
    let recorded = || {
        let lock: serde_json::Value = serde_json::from_str(&scene.read("cotter.lock")).unwrap();
        let files = lock["fods"]["x/default.nix"]["vendorHash"]["files"].clone();
        assert_eq!(
            files.as_object().map(|files| files.len()),
            Some(1),
            "{lock:#}"
        );
        files["x/mods/go.sum"].as_str().unwrap().to_owned()
    };
    let digest = || cotter::fod::lock::digest(scene.read("x/mods/go.sum").as_bytes()).to_string();
    assert_eq!(recorded(), digest());
    scene.bench.write("x/mods/go.sum", "b\n");
    assert_ne!(recorded(), digest());
    repo.write("main.go", "package new\n").commit("new");
    scene.bumped(&[]);
    assert_eq!(recorded(), digest());
    assert!(!scene.bench.rows(0, &[]).written());
    scene.builds("x/default.nix");
}

#[test]
fn no_lock_is_made_where_there_is_none() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    let (url, old) = (scene.url("tool"), repo.git(&["rev-parse", "HEAD"]));
    repo.commit("new");
    scene.put(
        "x/default.nix",
        &format!("pkgs.fetchgit {{ url = \"{url}\"; rev = \"{old}\"; hash = \"{STALE}\"; postFetch = \"\"; }}\n"),
    );
    scene.bumped(&[]);
    assert!(!scene.bench.workspace().join("cotter.lock").exists());
}
