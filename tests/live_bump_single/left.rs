//! What cannot be known without a build is left as it was, and says why.

use crate::bench::Bench;
use crate::support::repo::Repo;

const HASH: &str = "sha256-admUjzG9krTB6nNkOypU/fduQv0A5i5lwx28cx1znK4=";

fn moved(bench: &Bench, change: impl Fn(&Repo)) -> String {
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    change(&repo);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "new"]);
    old
}

fn github(rev: &str, more: &str) -> String {
    format!(
        "{{\n  src = fetchFromGitHub {{\n    owner = \"o\";\n    repo = \"r\";\n    rev = \"{rev}\";\n    {more}\n  }};\n}}\n"
    )
}

#[test]
fn attributes_that_change_archives() {
    for (line, word) in [
        ("*.c export-subst", "export-subst"),
        ("docs export-ignore", "export-ignore"),
        ("*.bin filter=lfs diff=lfs merge=lfs -text", "filter=lfs"),
    ] {
        let bench = Bench::new();
        let old = moved(&bench, |repo| {
            repo.write("sub/.gitattributes", format!("# x\n{line}\n"));
            repo.git(&["add", "."]);
        });
        let ran = bench.stays(&github(&old, &format!("hash = \"{HASH}\";")), 1);
        let ran = ran.says(&["`p:src` stays as it was", "sub/.gitattributes:2:", word]);
        assert!(ran.err.contains("p/default.nix:5:12"), "{}", ran.err);
    }
}

#[test]
fn submodules_are_fetched_by_fetchgit_unless_told_otherwise() {
    let bench = Bench::new();
    let old = moved(&bench, |repo| {
        let commit = repo.git(&["rev-parse", "HEAD"]);
        repo.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{commit},sub/dep"),
        ]);
    });
    let text = |rev: &str, hash: &str, more: &str| {
        format!(
            "{{ fetchgit, ... }}: {{ src = fetchgit {{ url = \"https://github.com/o/r\"; rev = \"{rev}\"; hash = \"{hash}\";{more} }}; }}"
        )
    };
    for more in ["", " fetchSubmodules = true;"] {
        bench
            .stays(&text(&old, HASH, more), 1)
            .says(&["sub/dep: a submodule"]);
    }
    let off = " fetchSubmodules = false;";
    let after = bench.bumped(&text(&old, HASH, off));
    assert!(!after.contains(HASH) && !after.contains(&old), "{after}");
    bench.builds("src");
    // Forges' archives hold an empty folder.
    let after = bench.bumped(&github(&old, &format!("hash = \"{HASH}\";")));
    assert!(!after.contains(HASH), "{after}");
    bench
        .stays(
            &github(&old, &format!("fetchSubmodules = true; hash = \"{HASH}\";")),
            1,
        )
        .says(&["`fetchSubmodules`"]);
}

#[test]
fn arguments_that_change_what_is_fetched_are_named() {
    let bench = Bench::new();
    let old = moved(&bench, |_| {});
    for (name, value) in [
        ("postFetch", "\"rm -r $out/x\""),
        ("sparseCheckout", "[ \"a\" ]"),
        ("leaveDotGit", "true"),
        ("deepClone", "true"),
        ("fetchLFS", "true"),
    ] {
        bench
            .stays(
                &github(&old, &format!("{name} = {value}; hash = \"{HASH}\";")),
                1,
            )
            .says(&["`p:src` stays as it was", &format!("`{name}`")]);
    }
    bench
        .stays(&github(&old, "hash = hashes.src;"), 1)
        .says(&["no literal"]);
    let zip = format!(
        "fetchzip {{ url = \"https://github.com/o/r/archive/{old}.zip\"; stripRoot = false; hash = \"{HASH}\"; }}"
    );
    bench.stays(&zip, 1).says(&["`stripRoot`"]);
}

#[test]
fn hashes_of_what_is_built_from_a_source_are_named() {
    let bench = Bench::new();
    let old = moved(&bench, |_| {});
    let text = format!(
        "buildGoModule {{\n  vendorHash = \"{HASH}\";\n  src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{old}\"; hash = \"{HASH}\"; }};\n}}\n"
    );
    bench.stays(&text, 1).says(&["`vendorHash`"]);
    // Also where the source itself has no hash.
    let text = format!(
        "buildGoModule {{\n  vendorHash = \"{HASH}\";\n  src = builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{old}\"; }};\n}}\n"
    );
    bench.stays(&text, 1).says(&["`vendorHash`"]);
}

#[test]
fn a_release_asset_is_left_when_there_is_a_newer_release() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    repo.git(&["tag", "v1.2.3"]);
    let text = format!(
        "rec {{ version = \"1.2.3\"; src = fetchurl {{\n url = \"https://github.com/o/r/releases/download/v${{version}}/r-${{version}}.tgz\";\n hash = \"{HASH}\"; }}; }}"
    );
    bench.stays(&text, 0);
    repo.git(&["tag", "v1.3.0"]);
    bench
        .stays(&text, 1)
        .says(&["`p:src` stays as it was", "has to be fetched"]);
}

#[test]
fn a_patch_never_moves() {
    let bench = Bench::new();
    let old = moved(&bench, |_| {});
    let text = format!(
        "{{ p = fetchpatch {{ url = \"https://github.com/o/r/commit/{old}.patch\"; hash = \"{HASH}\"; }}; }}"
    );
    bench.stays(&text, 0);
    assert!(bench.http.requests().is_empty());
}

#[test]
fn releases_of_registries_and_images_move_only_when_told() {
    let bench = Bench::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    let other = format!("sha256:{}", "1".repeat(64));
    for (call, to, wrong) in [
        (
            "fetchCrate { pname = \"x\"; version = \"1.0.0\"; hash = \"HASH\"; }",
            "1.1.0",
            "a b",
        ),
        (
            "fetchPypi { pname = \"x\"; version = \"1.0.0\"; hash = \"HASH\"; }",
            "1.1.0",
            "",
        ),
        (
            "dockerTools.pullImage { imageName = \"x\"; imageDigest = \"DIGEST\"; sha256 = \"HASH\"; }",
            other.as_str(),
            "sha256:short",
        ),
        (
            "fetchurl { url = \"https://h.example/x.tgz\"; hash = \"HASH\"; }",
            "https://h.example/y.tgz",
            "1.2",
        ),
    ] {
        let text = format!("{{ src = {call}; }}")
            .replace("HASH", HASH)
            .replace("DIGEST", &digest);
        bench.stays(&text, 0);
        bench
            .bump(&["p:src", "--to", to])
            .expect(1)
            .says(&["stays as it was"]);
        bench
            .bump(&["p:src", "--to", wrong])
            .expect(2)
            .says(&["is expected"]);
        assert_eq!(bench.read("p/default.nix"), text);
    }
}
