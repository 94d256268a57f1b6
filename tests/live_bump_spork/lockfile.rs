//! Which `Cargo.lock` a spork gets.

use crate::support::spork::{BINDINGS, CONFIG, LOCK, NIX, Scene, cargo_lock, cargo_toml, let_in};
use crate::support::store::Store;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
type Locked = (&'static str, &'static str, &'static str);
const SERDE: Locked = ("serde", "1.0.200", REGISTRY);
const ANYHOW: Locked = ("anyhow", "1.0.80", REGISTRY);

/// What `kf` depends on without the features: enough to keep what they add apart.
fn base() -> Vec<Locked> {
    let names = [
        "bytes", "cfg-if", "either", "fnv", "itoa", "libc", "log", "memchr",
    ];
    names.map(|name| (name, "1.0.0", REGISTRY)).to_vec()
}

fn with(extra: &[Locked]) -> Vec<Locked> {
    let mut packages = base();
    packages.extend(extra);
    packages.sort();
    packages
}

fn manifest(packages: &[Locked]) -> String {
    let lines: String = packages
        .iter()
        .map(|(name, ..)| format!("{name} = \"1\"\n"))
        .collect();
    cargo_toml("0.5.0", &lines)
}

/// Upstream with its dependencies, pinned; then moved on, and the features made anew: with these dependencies more,
/// and what they lock.
fn scene(one: (&[Locked], &[Locked]), two: (&[Locked], &[Locked])) -> Scene {
    let scene = Scene::usual();
    scene.advance(|work| {
        work.write("README", "kf 0.5\n")
            .write("Cargo.toml", manifest(&base()))
            .write("Cargo.lock", cargo_lock("0.5.0", &base()));
    });
    for (branch, (needs, locks)) in [("feature/upstream/one", one), ("feature/local/two", two)] {
        scene.feature(branch, |work| {
            work.write(branch, branch);
            if !needs.is_empty() {
                work.write("Cargo.toml", manifest(&with(needs)));
            }
            if !locks.is_empty() {
                work.write("Cargo.lock", cargo_lock("0.5.0", &with(locks)));
            }
        });
    }
    scene.push("srv/kf.git");
    scene
}

#[test]
fn that_of_a_feature_with_a_new_dependency() {
    let scene = scene((&[SERDE], &[SERDE]), (&[], &[]));
    let taken = format!("note: {LOCK} is the one of the feature `one`: `serde`");
    scene.bump(&["--dry-run"]).expect(1).says(&[&taken]);
    scene.bump(&[]).expect(0).says(&[&taken]);
    assert_eq!(scene.read(LOCK), cargo_lock("0.5.0", &with(&[SERDE])));
    scene.bump(&["--dry-run"]).expect(0);
}

#[test]
fn none_when_two_features_need_each_its_own() {
    let scene = scene((&[SERDE], &[SERDE]), (&[ANYHOW], &[ANYHOW]));
    let says = "the features `one` and `two` have each a Cargo.lock of their own";
    let said = scene.refuses(
        &["--format", "json"],
        1,
        &[says, "`kf:upstreamRev` stays as it was"],
    );
    let json = said.json();
    assert_eq!(
        (&json["written"], json["changes"].as_array().unwrap().len()),
        (&false.into(), 0)
    );
    let left = json["left"].as_array().unwrap();
    let left: Vec<_> = left
        .iter()
        .map(|left| left["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        left,
        ["kf:upstreamRev", "kf:features.one", "kf:features.two"]
    );
}

#[test]
fn that_of_a_feature_that_only_updates_it() {
    // The patched source has this lock file, and nixpkgs refuses any other one for it.
    let scene = scene((&[], &[SERDE]), (&[], &[]));
    scene
        .bump(&[])
        .expect(0)
        .says(&["is the one of the feature `one`", "it changes Cargo.lock"]);
    assert_eq!(scene.read(LOCK), cargo_lock("0.5.0", &with(&[SERDE])));
    let store = Store::new_in(&scene.path("home"));
    let file = scene.ops().join(NIX);
    store.run(
        "nix-build",
        &["--no-out-link", file.to_str().unwrap(), "-A", "package"],
    );
}

#[test]
fn none_when_a_feature_has_no_lock_for_what_it_needs() {
    let scene = scene((&[SERDE], &[]), (&[], &[]));
    scene.refuses(
        &[],
        1,
        &[
            "no Cargo.lock of upstream or of a feature fits `one`",
            "`serde`",
        ],
    );
}

#[test]
fn features_that_lock_different_things_in_one_place() {
    let other = ("serde", "1.0.99", REGISTRY);
    let scene = scene((&[SERDE], &[SERDE]), (&[other], &[other]));
    scene.refuses(&[], 4, &["conflicts with `one`", "in Cargo.lock"]);
}

#[test]
fn git_dependencies_with_output_hashes_need_a_build() {
    let git = |rev: &str| format!("git+https://example.org/regex?branch=main#{rev}{rev}");
    let (old, new) = (git(&"a".repeat(20)), git(&"b".repeat(20)));
    let scene = Scene::new();
    let locked = |source: &str| cargo_lock("0.4.0", &[("regex", "1.0.0", source)]);
    let needs = cargo_toml(
        "0.4.0",
        "regex = { git = \"https://example.org/regex\", branch = \"main\" }\n",
    );
    scene.advance(|work| {
        work.write("Cargo.toml", &needs)
            .write("Cargo.lock", locked(&old));
    });
    scene.push("srv/kf.git");
    let hashes = format!(
        "{BINDINGS}  cargoLock.outputHashes.\"regex-1.0.0\" = \"sha256-{}=\";\n",
        "A".repeat(43)
    );
    let scene = scene.filled_in();
    scene.put(NIX, &let_in(&hashes));
    scene.bump(&["--dry-run"]).expect(0);
    scene.advance(|work| {
        work.write("Cargo.lock", locked(&new));
    });
    scene.push("srv/kf.git");
    scene.refuses(&["--no-build"], 1, &["the git dependencies of containers/kf/Cargo.lock change, so `outputHashes` needs a build"]);

    // Without such hashes there is nothing to build.
    scene.put(NIX, &let_in(BINDINGS));
    scene.file(
        NIX,
        &scene
            .read(NIX)
            .replace(&scene.rev("main"), &scene.rev("main~1")),
    );
    scene.bump(&[]).expect(0);
    assert_eq!(scene.read(LOCK), locked(&new));
}

#[test]
fn one_that_is_configured_but_absent_is_told() {
    let scene = Scene::usual();
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}lockfile = \"Cargo.lock\"\n"),
    );
    std::fs::remove_file(scene.ops().join(LOCK)).unwrap();
    scene.sync();
    scene.bump(&[]).expect(0).says(&[
        "warning: containers/kf/Cargo.lock, the lock file that cotter.toml names, is not there",
    ]);
    assert!(!scene.ops().join(LOCK).exists());
    assert!(scene.read(NIX).contains(&scene.rev("main")));
}

#[test]
fn no_lock_at_all() {
    let scene = Scene::usual();
    std::fs::remove_file(scene.ops().join(LOCK)).unwrap();
    scene.sync();
    let run = scene.bump(&[]).expect(0);
    assert_eq!(run.err, "");
    assert!(!scene.ops().join(LOCK).exists());

    // Upstream that has none leaves the workspace's alone.
    let scene = Scene::usual();
    scene.advance(|work| std::fs::remove_file(work.dir().join("Cargo.lock")).unwrap());
    scene.push("srv/kf.git");
    let lock = scene.read(LOCK);
    scene
        .bump(&[])
        .expect(0)
        .says(&["warning: upstream has no Cargo.lock at"]);
    assert_eq!(scene.read(LOCK), lock);
}

#[test]
fn under_another_name() {
    let scene = Scene::usual();
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}lockfile = \"locks/kf.lock\"\n"),
    );
    scene.put("containers/kf/locks/kf.lock", "@LOCK@");
    scene.sync();
    let lock = scene.read(LOCK);
    scene.bump(&[]).expect(0);
    assert_eq!(
        scene.read("containers/kf/locks/kf.lock"),
        cargo_lock("0.5.0", &[])
    );
    assert_eq!(scene.read(LOCK), lock);
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}lockfile = \"../../../x.lock\"\n"),
    );
    scene.refuses(&[], 2, &["cotter.toml:4:12", "inside of the workspace"]);
}
