//! Sporks: what is made of their lock file, and of their source.

use crate::scene::{STALE, Scene, of};
use crate::support::repo::Repo;
use crate::support::spork::cargo_lock;

const LOCK: &str = "kf/Cargo.lock";
const NIX: &str = "kf/default.nix";

/// A crate in a repository of its own, and what a lock file says of its newest commit.
fn crate_in_git(scene: &Scene, name: &str) -> (Repo, String) {
    let repo = Repo::init(scene.path(name));
    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let commit = repo
        .write("Cargo.toml", format!("[package]\nname = \"{name}\"\n"))
        .commit("first");
    let source = source(scene, name, &commit);
    (repo, source)
}

fn source(scene: &Scene, name: &str, commit: &str) -> String {
    format!("git+{}?branch=main#{commit}", scene.url(name))
}

fn upstream(scene: &Scene, lock: &str) -> (Repo, String) {
    let repo = scene.repo("kf", "a\n");
    let commit = repo.write("Cargo.lock", lock).commit("with a lock");
    scene.bench.write(LOCK, lock);
    (repo, commit)
}

fn spork(scene: &Scene, rev: &str, entries: &str) -> String {
    format!(
        "let\n  upstreamRev = \"{rev}\"; # main\n  url = \"{}\";\n  \
         src = pkgs.fetchgit {{ inherit url; rev = upstreamRev; hash = \"{STALE}\"; }};\n  \
         cargoLock = {{\n    lockFile = ./Cargo.lock;{entries}\n  }};\n\
         in {{ inherit src; vendor = pkgs.importCargoLock cargoLock; }}\n",
        scene.url("kf")
    )
}

#[test]
fn the_hashes_of_git_dependencies_come_go_and_move() {
    let scene = Scene::new();
    let (one, at_one) = crate_in_git(&scene, "one");
    let (_, at_two) = crate_in_git(&scene, "two");
    let (_, at_three) = crate_in_git(&scene, "three");
    let lock = cargo_lock(
        "0.4.0",
        &[("one", "0.1.0", &at_one), ("two", "0.2.0", &at_two)],
    );
    let (kf, old) = upstream(&scene, &lock);
    let entries = format!(
        "\n    outputHashes = {{\n      \"one-0.1.0\" = \"{STALE}\"; # ours\n      \"two-0.2.0\" = \"{STALE}\";\n    }};"
    );
    let before = scene.put(NIX, &spork(&scene, &old, &entries));
    let moved = one.write("src/lib.rs", "// 1\n").commit("second");
    let at_one = source(&scene, "one", &moved);
    let new_lock = cargo_lock(
        "0.5.0",
        &[("one", "0.1.0", &at_one), ("three", "0.3.0", &at_three)],
    );
    let new = kf.write("Cargo.lock", &new_lock).commit("0.5");
    scene.bump(&["--dry-run"]).expect(1);
    assert_eq!(scene.read(NIX), before);
    let changes = scene.bumped(&[]);
    assert_eq!(
        changes
            .iter()
            .filter(|(_, field)| field == "outputHashes")
            .count(),
        3,
        "{changes:?}"
    );
    let after = scene.read(NIX);
    assert_eq!(scene.read(LOCK), new_lock);
    assert!(
        after.contains(&new) && after.contains("# ours") && after.contains("\"three-0.3.0\" ="),
        "{after}"
    );
    assert!(
        !after.contains("two-0.2.0") && !after.contains(STALE) && !after.contains("AAAA"),
        "{after}"
    );
    scene.builds(NIX);
}

#[test]
fn a_first_git_dependency_makes_the_set() {
    let scene = Scene::new();
    let (_, at_one) = crate_in_git(&scene, "one");
    let (kf, old) = upstream(&scene, &cargo_lock("0.4.0", &[]));
    // Somewhere in the file `outputHashes` is spoken of.
    scene.put(NIX, &spork(&scene, &old, " # no outputHashes yet"));
    kf.write(
        "Cargo.lock",
        cargo_lock("0.5.0", &[("one", "0.1.0", &at_one)]),
    )
    .commit("0.5");
    scene.bumped(&[]);
    assert!(scene.read(NIX).contains("\"one-0.1.0\" = \"sha256-"));
    scene.builds(NIX);
}

#[test]
fn all_stays_when_the_hash_of_one_cannot_be_had() {
    let scene = Scene::new();
    let (_, at_one) = crate_in_git(&scene, "one");
    let (kf, old) = upstream(&scene, &cargo_lock("0.4.0", &[("one", "0.1.0", &at_one)]));
    let entries = format!("\n    outputHashes.\"one-0.1.0\" = \"{STALE}\";");
    let before = scene.put(NIX, &spork(&scene, &old, &entries));
    let lock = scene.read(LOCK);
    let gone = source(&scene, "gone", &"c".repeat(40));
    kf.write(
        "Cargo.lock",
        cargo_lock(
            "0.5.0",
            &[("one", "0.1.0", &at_one), ("gone", "1.0.0", &gone)],
        ),
    )
    .commit("0.5");
    scene.bump(&[]).expect(1).says(&[
        "`kf:upstreamRev` stays as it was",
        "the git dependencies of kf/Cargo.lock change",
    ]);
    assert_eq!((scene.read(NIX), scene.read(LOCK)), (before, lock));
}

#[test]
fn what_is_built_from_a_spork_moves_with_it() {
    let scene = Scene::new();
    let repo = scene.repo("kf", "a\n");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let text = format!(
        "let\n  upstreamRev = \"{old}\"; # main\n  \
         src = pkgs.fetchgit {{ url = \"{}\"; rev = upstreamRev; hash = \"{STALE}\"; }};\n\
         in pkgs.buildGoModule {{ pname = \"kf\"; version = \"1\"; inherit src; vendorHash = \"{STALE}\"; }}\n",
        scene.url("kf")
    );
    let before = scene.put(NIX, &text);
    repo.write("go.sum", "a\nb\n").commit("more");
    scene
        .bump(&["--no-build"])
        .expect(1)
        .says(&["`vendorHash`"]);
    assert_eq!(scene.read(NIX), before);
    let mut changes = scene.bumped(&[]);
    changes.sort();
    let name = "kf:upstreamRev";
    let expected = [(name, "hash"), (name, "rev"), (name, "vendorHash")];
    assert_eq!(changes, of(&expected));
    assert!(!scene.read(NIX).contains(STALE));
    scene.builds(NIX);
}
