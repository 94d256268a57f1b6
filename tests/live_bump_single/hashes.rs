//! The spelling of a hash stays; the value is what Nix computes.

use crate::bench::Bench;
use crate::support::repo::Repo;

fn two_commits(bench: &Bench) -> (Repo, String, String) {
    let repo = bench.repo("github.com/o/r");
    let old = repo.write("a", "1\n").commit("old");
    let new = repo
        .write("a", "2\n")
        .write("bin/x", "#!/bin/sh\n")
        .commit("new");
    (repo, old, new)
}

/// `hash`, an SRI of `algo`, as Nix spells it otherwise.
fn spelled(bench: &Bench, hash: &str, to: &str) -> String {
    bench.store.run("nix", &["hash", to, hash])
}

/// The SRI of the NAR of a commit by another algorithm, as Nix computes it.
fn nix_hash(bench: &Bench, repo: &Repo, commit: &str, algo: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join("t.tar");
    repo.git(&["archive", "-o", tar.to_str().unwrap(), commit]);
    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut unpack = crate::support::command("tar", dir.path());
    unpack.arg("-C").arg(&out).arg("-xf").arg(&tar);
    crate::support::run_ok(&mut unpack, "tar");
    bench.store.run(
        "nix",
        &["hash", "path", "--type", algo, out.to_str().unwrap()],
    )
}

#[track_caller]
fn keeps(attr: &str, algo: &str, spell: impl Fn(&Bench, &str) -> String) {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    let text = |rev: &str| {
        let hash = spell(&bench, &nix_hash(&bench, &repo, rev, algo));
        format!(
            "{{ fetchFromGitHub, ... }}: {{ src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; {attr} = \"{hash}\"; }}; }}"
        )
    };
    assert_eq!(bench.bumped(&text(&old)), text(&new));
    bench.builds("src");
}

#[test]
fn sri_stays_sri_under_any_name() {
    keeps("hash", "sha256", |_, sri| sri.to_owned());
    keeps("sha256", "sha256", |_, sri| sri.to_owned());
}

#[test]
fn base16_and_nix32_stay_with_and_without_their_prefix() {
    for to in ["to-base16", "to-base32"] {
        keeps("sha256", "sha256", |bench, sri| spelled(bench, sri, to));
        keeps("sha256", "sha256", |bench, sri| {
            format!("sha256:{}", spelled(bench, sri, to))
        });
        keeps("hash", "sha256", |bench, sri| {
            format!("sha256:{}", spelled(bench, sri, to))
        });
    }
}

#[test]
fn other_algorithms_stay() {
    keeps("hash", "sha512", |_, sri| sri.to_owned());
    keeps("sha512", "sha512", |bench, sri| {
        spelled(bench, sri, "to-base16")
    });
    keeps("sha1", "sha1", |bench, sri| {
        spelled(bench, sri, "to-base32")
    });
}

#[test]
fn an_empty_placeholder_becomes_sri() {
    for attr in ["hash", "sha256"] {
        let bench = Bench::new();
        let (repo, old, new) = two_commits(&bench);
        let text = |rev: &str, hash: &str| {
            format!(
                "{{ fetchFromGitHub, ... }}: {{ src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; {attr} = \"{hash}\"; }}; }}"
            )
        };
        let expected = text(&new, &bench.archive(&repo, &new));
        assert_eq!(bench.bumped(&text(&old, "")), expected);
        bench.builds("src");
    }
}

#[test]
fn a_placeholder_by_name_becomes_a_string() {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    let text = |rev: &str, hash: &str| {
        format!(
            "{{ fetchFromGitHub, lib, ... }}: {{ src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; hash = {hash}; }}; }}"
        )
    };
    let expected = text(&new, &format!("\"{}\"", bench.archive(&repo, &new)));
    for fake in ["lib.fakeHash", "(lib.fakeSha256)"] {
        let after = bench.bumped(&text(&old, fake)).replace(['(', ')'], "");
        assert_eq!(after, expected.replace(['(', ')'], ""));
    }
}

#[test]
fn another_commit_of_the_same_tree_keeps_its_hash() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let hash = bench.archive(&repo, &old);
    let new = repo.commit("nothing changed");
    let text = |rev: &str| {
        format!(
            "{{ fetchFromGitHub, ... }}: {{ src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; hash = \"{hash}\"; }}; }}"
        )
    };
    assert_eq!(bench.bumped(&text(&old)), text(&new));
    bench.builds("src");
}

#[test]
fn equal_hashes_of_several_pins_are_told_apart() {
    let bench = Bench::new();
    let (one, two) = (
        bench.repo("github.com/o/one"),
        bench.repo("github.com/o/two"),
    );
    one.write("README", "same");
    two.write("README", "same");
    let (old_one, old_two) = (one.commit("same tree"), two.commit("same tree"));
    let hash = bench.archive(&one, &old_one);
    assert_eq!(bench.archive(&two, &old_two), hash);
    let new = one.write("README", "other").commit("other tree");
    let text = |rev: &str, new_hash: &str| {
        format!(
            "{{ fetchFromGitHub, ... }}: {{\n  one = fetchFromGitHub {{ owner = \"o\"; repo = \"one\"; rev = \"{rev}\"; hash = \"{new_hash}\"; }};\n  two = fetchFromGitHub {{ owner = \"o\"; repo = \"two\"; rev = \"{old_two}\"; hash = \"{hash}\"; }};\n}}\n"
        )
    };
    let after = bench.bumped(&text(&old_one, &hash));
    assert_eq!(after, text(&new, &bench.archive(&one, &new)));
    for name in ["one", "two"] {
        bench.builds(name);
    }
}
