//! What is built from a source, and sources that only a build can hash.

use crate::scene::{STALE, Scene, of};

fn go(scene: &Scene, version: &str, hash: &str, vendor: &str) -> String {
    format!(
        "pkgs.buildGoModule rec {{\n  pname = \"tool\";\n  version = \"{version}\"; # the newest\n  \
         src = pkgs.fetchgit {{\n    url = \"{}\";\n    rev = \"v${{version}}\";\n    hash = \"{hash}\";\n  }};\n  \
         vendorHash = \"{vendor}\";\n}}\n",
        scene.url("tool")
    )
}

#[test]
fn a_source_and_the_modules_made_of_it_move_together() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    repo.write("go.sum", "a\nb\n").commit("1.1");
    repo.git(&["tag", "v1.1"]);
    let before = scene.put("tool/default.nix", &go(&scene, "1.0", STALE, STALE));
    // What is shown is what is done.
    let dry = scene.bump(&["--dry-run", "--diff"]).expect(1);
    assert_eq!(scene.read("tool/default.nix"), before);
    let changes = scene.bumped(&[]);
    assert_eq!(
        changes,
        of(&[
            ("tool:src", "version"),
            ("tool:src", "hash"),
            ("tool:src", "vendorHash")
        ])
    );
    let after = scene.read("tool/default.nix");
    assert!(after.contains("version = \"1.1\"; # the newest"), "{after}");
    assert!(!after.contains(STALE), "{after}");
    for line in after.lines().filter(|line| !before.contains(*line)) {
        assert!(dry.out.contains(&format!("+{line}\n")), "{}", dry.out);
    }
    scene.builds("tool/default.nix");
}

#[test]
fn sources_that_only_a_build_can_hash() {
    let scene = Scene::new();
    let dep = scene.repo("dep", "x\n");
    let old = dep.git(&["rev-parse", "HEAD"]);
    let repo = scene.repo("tool", "a\n");
    let url = scene.url("dep");
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &url,
        "sub",
    ]);
    let new = repo.commit("with a submodule");
    let one = |more: &str, hash: &str| {
        format!(
            "pkgs.fetchgit {{ url = \"{}\"; rev = \"REV\"; {more} hash = {hash}; }}",
            scene.url("tool")
        )
    };
    let stale = format!("\"{STALE}\"");
    let text = format!(
        "{{\n  submodules = {};\n  post = {};\n  fake = {};\n  both = {};\n}}\n",
        one("", &stale),
        one(
            "fetchSubmodules = false; postFetch = \"rm go.sum\";",
            &stale
        ),
        one("fetchSubmodules = false;", "pkgs.lib.fakeHash"),
        one("postFetch = \"echo 1 > new\";", "pkgs.lib.fakeHash"),
    );
    let first = repo.git(&["rev-parse", "HEAD~1"]);
    let before = scene.put("p/default.nix", &text.replace("REV", &first));
    scene
        .bump(&["--no-build", "p:both"])
        .expect(1)
        .says(&["`p:both` stays as it was"]);
    assert_eq!(scene.read("p/default.nix"), before);
    scene.bumped(&[]);
    let after = scene.read("p/default.nix");
    assert!(after.contains(&new) && !after.contains(&first) && !after.contains(&old));
    assert!(
        !after.contains(STALE) && !after.contains("fakeHash"),
        "{after}"
    );
    scene.builds("p/default.nix");
}

#[test]
fn what_fails_stays_with_its_old_hash_and_the_others_land() {
    let scene = Scene::new();
    let bad = scene.repo("tool", "a\n");
    bad.write("go.sum", "a\nbroken\n").commit("1.1");
    bad.git(&["tag", "v1.1"]);
    let good = scene.repo("other", "a\n");
    good.write("go.sum", "c\n").commit("1.1");
    good.git(&["tag", "v1.1"]);
    let before = scene.put("tool/default.nix", &go(&scene, "1.0", STALE, STALE));
    let other = go(&scene, "1.0", STALE, STALE).replace(&scene.url("tool"), &scene.url("other"));
    scene.put("other/default.nix", &other);
    let run = scene.bump(&[]).expect(1);
    let run = run.says(&[
        "`tool:src` stays as it was",
        "`vendorHash` is taken over what is built from it",
        "exit code 3",
        "no such module: broken",
        "nix-store --read-log",
    ]);
    assert!(run.err.contains("tool/default.nix:4:14"), "{}", run.err);
    assert_eq!(scene.read("tool/default.nix"), before);
    let after = scene.read("other/default.nix");
    assert!(
        after.contains("\"1.1\"") && !after.contains(STALE),
        "{after}"
    );
    scene.builds("other/default.nix");
    // The same again, and nothing else is to do.
    let json = scene.bump(&["--format", "json"]).expect(1).json();
    assert_eq!(
        (&json["written"], &json["changes"]),
        (&false.into(), &serde_json::json!([]))
    );
    let log = json["left"][0]["log"].as_array().unwrap();
    assert!(
        log.iter().any(|line| line == "no such module: broken"),
        "{json:#}"
    );
}

/// `b` is built with what `a` has; that `a` cannot move is known only when `b` was computed.
#[test]
fn what_lands_is_right_without_what_is_left() {
    let scene = Scene::new();
    let bad = scene.repo("tool", "a\n");
    bad.write("go.sum", "broken\n")
        .write("main.go", "modules\n")
        .commit("1.1");
    bad.git(&["tag", "v1.1"]);
    let good = scene.repo("other", "z\n");
    good.commit("1.1");
    good.git(&["tag", "v1.1"]);
    let package = go(&scene, "1.0", STALE, STALE).replace("pkgs.buildGoModule rec {", "rec {");
    // No hash around the source tells that something is made of it.
    scene.put(
        "tool/default.nix",
        &format!("let a = {}; in pkgs.buildGoModule a\n", package.trim_end()),
    );
    scene.put(
        "tool/source.nix",
        "(import ./default.nix { inherit pkgs; }).src\n",
    );
    let other = go(&scene, "1.0", STALE, STALE)
        .replace(&scene.url("tool"), &scene.url("other"))
        .replace(
            "  vendorHash",
            "  modSrc = import ../tool/source.nix { inherit pkgs; };\n  modFile = \"main.go\";\n  vendorHash",
        );
    scene.put("other/default.nix", &other);
    let run = scene.bench.cotter(&[]).expect(0);
    assert!(run.out.contains("changed"), "{}", run.out);
    scene.builds("other/default.nix");
    let (tool, old) = (
        scene.read("tool/default.nix"),
        scene.read("other/default.nix"),
    );
    scene
        .bump(&[])
        .expect(1)
        .says(&["`tool:a.src` stays as it was"]);
    assert_eq!(scene.read("tool/default.nix"), tool);
    assert_ne!(scene.read("other/default.nix"), old);
    assert!(scene.read("other/default.nix").contains("\"1.1\""));
    scene.builds("other/default.nix");
}
