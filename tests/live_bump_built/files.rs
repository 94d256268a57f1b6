//! Hashes of files, and of what is read in ways that cannot be followed.

use crate::scene::{STALE, Scene, of};

fn release(scene: &Scene, version: &str) {
    std::fs::create_dir_all(scene.path("releases")).unwrap();
    let path = scene.path(&format!("releases/x-{version}.tgz"));
    std::fs::write(path, format!("release {version}\n")).unwrap();
}

#[test]
fn a_file_is_hashed_as_it_is_fetched_without_any_nix() {
    let scene = Scene::new();
    release(&scene, "1.1");
    let url = scene.url("releases");
    let before = scene.put(
        "x/default.nix",
        &format!("{{ src = rec {{ version = \"1.0\"; file = pkgs.fetchurl {{ url = \"{url}/x-${{version}}.tgz\"; hash = \"{STALE}\"; }}; }}.file; }}\n"),
    );
    let changes = scene.bumped(&["x", "--to", "1.1", "--no-build"]);
    assert_eq!(changes.len(), 2, "{changes:?}");
    scene.builds("x/default.nix");
    // What is not there has no hash.
    scene.bench.write("x/default.nix", &before);
    scene.bump(&["x", "--to", "1.2"]).expect(1).says(&[
        "stays as it was",
        "has to be fetched",
        "x-1.2.tgz",
    ]);
    assert_eq!(scene.read("x/default.nix"), before);
    scene.bump(&["x", "--to", "1.1", "--offline"]).expect(0);
    scene.builds("x/default.nix");
}

#[test]
fn all_that_reads_a_version_gets_its_hash() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    repo.commit("1.1");
    repo.git(&["tag", "v1.1"]);
    release(&scene, "1.1");
    let (url, releases) = (scene.url("tool"), scene.url("releases"));
    scene.put(
        "x/default.nix",
        &format!(
            "let\n  version = \"1.0\";\n  urlOf = v: \"{releases}/x-${{v}}.tgz\";\nin {{\n  \
             src = pkgs.fetchgit {{ url = \"{url}\"; tag = \"v${{version}}\"; hash = \"{STALE}\"; }};\n  \
             plain = pkgs.fetchurl {{ url = \"{releases}/x-${{version}}.tgz\"; hash = \"{STALE}\"; }};\n  \
             made = pkgs.fetchurl {{ url = urlOf version; hash = \"{STALE}\"; postFetch = \"echo 1 >> $out\"; }};\n}}\n"
        ),
    );
    let mut changes = scene.bumped(&["x:src"]);
    changes.sort();
    assert_eq!(
        changes,
        of(&[
            ("x:plain", "hash"),
            ("x:src", "fetchurl.hash"),
            ("x:src", "hash"),
            ("x:src", "version"),
        ])
    );
    assert!(!scene.read("x/default.nix").contains(STALE));
    scene.builds("x/default.nix");
}

#[test]
fn nothing_is_built_when_that_is_not_wished_or_cannot_be() {
    let scene = Scene::new();
    let repo = scene.repo("tool", "a\n");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("new");
    let url = scene.url("tool");
    let text = |more: &str| {
        format!(
            "pkgs.fetchgit {{ url = \"{url}\"; rev = \"{old}\"; hash = \"{STALE}\"; {more} }}\n"
        )
    };
    let before = scene.put("x/default.nix", &text("postFetch = \"touch $out/x\";"));
    let says = "`postFetch` changes what `fetchgit` yields, so its hash needs a build";
    let left = scene.bump(&["--no-build"]).expect(1).says(&[says]);
    assert!(
        !left.err.contains("so its hash needs a build:"),
        "{}",
        left.err
    );
    // What was fetched before is there, what is built from it is not.
    scene.bump(&["--offline"]).expect(1).says(&[says]);
    let broken = scene.put("x/default.nix", &text("postFetch = throw \"not today\";"));
    scene
        .bump(&[])
        .expect(1)
        .says(&["Nix cannot evaluate x/default.nix", "not today"]);
    assert_eq!(scene.read("x/default.nix"), broken);
    scene.bench.write("x/default.nix", &before);
    let mut command = scene.command(&[]);
    command.env("PATH", scene.path("nowhere"));
    crate::support::cotter::ran(&mut command)
        .expect(1)
        .says(&[says, "`nix` is not installed"]);
    assert_eq!(scene.read("x/default.nix"), before);
    scene.bumped(&["--jobs", "2", "--build-timeout", "60"]);
    scene.builds("x/default.nix");
}

#[test]
fn what_a_registry_has_is_built_when_it_is_told_where_to_go() {
    let scene = Scene::new();
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    std::fs::create_dir(scene.path("pkgs/srv")).unwrap();
    let serve = |name: &str| std::fs::write(scene.path("pkgs/srv").join(name), name).unwrap();
    serve("x-1.1.tar.gz");
    serve(&digest("1").replace(':', "-"));
    scene.put(
        "x/default.nix",
        &format!(
            "{{\n  pypi = pkgs.fetchPypi {{ pname = \"x\"; version = \"1.0\"; hash = \"{STALE}\"; }};\n  \
             image = pkgs.dockerTools.pullImage {{ imageName = \"x\"; imageDigest = \"{}\"; sha256 = \"{STALE}\"; }};\n}}\n",
            digest("0")
        ),
    );
    assert_eq!(
        scene.bumped(&["x:pypi", "--to", "1.1"]),
        of(&[("x:pypi", "version"), ("x:pypi", "hash")])
    );
    assert_eq!(scene.bumped(&["x:image", "--to", &digest("1")]).len(), 2);
    assert!(!scene.read("x/default.nix").contains(STALE));
    scene.builds("x/default.nix");
    let before = scene.read("x/default.nix");
    scene
        .bump(&["x:pypi", "--to", "1.2"])
        .expect(1)
        .says(&["`x:pypi` stays as it was", "x-1.2.tar.gz"]);
    assert_eq!(scene.read("x/default.nix"), before);
}
