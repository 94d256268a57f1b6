//! Values that several pins share: all of these pins come out right, or none moves.

use crate::bench::Bench;

const HASH: &str = "sha256-admUjzG9krTB6nNkOypU/fduQv0A5i5lwx28cx1znK4=";

#[test]
fn one_rev_for_two_fetchers_of_one_repository() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let new = repo.write("a", "2").commit("new");
    let text = |rev: &str, hash: &str| {
        format!(
            "{{ fetchFromGitHub, fetchgit, ... }}: let rev = \"{rev}\"; in {{\n  a = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; inherit rev; hash = \"{hash}\"; }};\n  b = fetchgit {{ url = \"https://github.com/o/r\"; inherit rev; sha256 = \"{hash}\"; }};\n}}\n"
        )
    };
    let expected = text(&new, &bench.archive(&repo, &new));
    assert_eq!(bench.bumped(&text(&old, HASH)), expected);
    // Asked for by the name of one of them, the hash of the other follows.
    bench.write("p/default.nix", &text(&old, HASH));
    bench.bump(&["p:b"]).expect(0);
    assert_eq!(bench.read("p/default.nix"), expected);
    bench.builds("a");
    bench.builds("b");
}

#[test]
fn one_rev_for_two_repositories_is_a_contradiction() {
    let bench = Bench::new();
    let (one, two) = (
        bench.repo("github.com/o/one"),
        bench.repo("github.com/o/two"),
    );
    let old = one.git(&["rev-parse", "HEAD"]);
    one.write("a", "1").commit("new");
    two.write("a", "2").commit("new");
    let text = format!(
        "let rev = \"{old}\"; in {{\n  a = builtins.fetchGit {{ url = \"https://github.com/o/one\"; inherit rev; }};\n  b = builtins.fetchGit {{ url = \"https://github.com/o/two\"; inherit rev; }};\n}}\n"
    );
    let ran = bench
        .stays(&text, 2)
        .says(&["`p:b`", "`p:a`", "shares the value"]);
    assert!(ran.err.contains("p/default.nix:1:12"), "{}", ran.err);
    // Asked for alone, it would take the other where it has nothing.
    bench
        .bump(&["p:a"])
        .expect(1)
        .says(&["`p:b` stays as it was", "https://github.com/o/two"]);
    assert_eq!(bench.read("p/default.nix"), text);
}

#[test]
fn one_version_for_two_repositories() {
    let bench = Bench::new();
    let (one, two) = (
        bench.repo("github.com/o/one"),
        bench.repo("github.com/o/two"),
    );
    for repo in [&one, &two] {
        repo.git(&["tag", "v1.0"]);
        repo.write("a", "1").commit("new");
    }
    one.git(&["tag", "v1.1"]);
    let text = |version: &str, a: &str, b: &str| {
        format!(
            "{{ fetchFromGitHub, ... }}: rec {{\n  version = \"{version}\";\n  a = fetchFromGitHub {{ owner = \"o\"; repo = \"one\"; tag = \"v${{version}}\"; hash = \"{a}\"; }};\n  b = fetchFromGitHub {{ owner = \"o\"; repo = \"two\"; tag = \"v${{version}}\"; hash = \"{b}\"; }};\n}}\n"
        )
    };
    let before = text("1.0", HASH, HASH);
    // The other has not made its release yet.
    let ran = bench.stays(&before, 1);
    ran.says(&[
        "`p:b` stays as it was",
        "no tag `v1.1`",
        "`p:a` stays as it was",
    ]);
    two.git(&["tag", "v1.1"]);
    let after = text(
        "1.1",
        &bench.archive(&one, "v1.1"),
        &bench.archive(&two, "v1.1"),
    );
    assert_eq!(bench.bumped(&before), after);
    bench.write("p/default.nix", &before);
    bench.bump(&["p:b"]).expect(0);
    assert_eq!(bench.read("p/default.nix"), after);
    bench.builds("a");
    bench.builds("b");
}

#[test]
fn a_version_that_a_file_with_a_hash_reads_too_stays() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    repo.git(&["tag", "v1.0"]);
    repo.commit("new");
    repo.git(&["tag", "v1.1"]);
    for url in [
        "https://h.example/x-${version}.tgz",
        "https://h.example/${version}/x-${version}.tgz",
        "https://github.com/o/r/releases/download/v${version}/x-${version}.tgz",
    ] {
        let text = format!(
            "rec {{\n  version = \"1.0\";\n  src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; tag = \"v${{version}}\"; hash = \"{HASH}\"; }};\n  docs = fetchurl {{ url = \"{url}\"; hash = \"{HASH}\"; }};\n}}\n"
        );
        bench.write("p/default.nix", &text);
        for words in [&["p:src"][..], &[]] {
            let ran = bench.bump(words).expect(1);
            ran.says(&["`p:src` stays as it was", "`p:docs`"]);
            assert_eq!(bench.read("p/default.nix"), text);
        }
    }
}

#[test]
fn a_version_in_another_file_shared_by_two_containers() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    repo.git(&["tag", "v1.0"]);
    repo.write("a", "1").commit("new");
    repo.git(&["tag", "v1.1"]);
    let file = |hash: &str| {
        format!(
            "{{ fetchFromGitHub, ... }}: let versions = import ../versions.nix; in {{\n  src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; tag = \"v${{versions.r}}\"; hash = \"{hash}\"; }};\n}}\n"
        )
    };
    let names = ["p/default.nix", "q/default.nix"];
    for words in [&["p"][..], &["q"], &[]] {
        bench.write("versions.nix", "{ other = \"1.0\"; r = \"1.0\"; }\n");
        for name in names {
            bench.write(name, &file(HASH));
        }
        bench.bump(words).expect(0);
        assert_eq!(
            bench.read("versions.nix"),
            "{ other = \"1.0\"; r = \"1.1\"; }\n"
        );
        let hash = bench.archive(&repo, "v1.1");
        for name in names {
            assert_eq!(bench.read(name), file(&hash), "{words:?}");
        }
    }
    bench.builds("src");
    // One of them cannot know its hash: nothing moves, in any file.
    let blocked = file(HASH).replace("hash =", "postFetch = \"\"; hash =");
    bench.write("versions.nix", "{ other = \"1.0\"; r = \"1.0\"; }\n");
    bench.write(names[0], &file(HASH)).write(names[1], &blocked);
    for words in [&["p"][..], &[]] {
        bench
            .bump(words)
            .expect(1)
            .says(&["`q:src` stays as it was", "`postFetch`"]);
        assert!(bench.read("versions.nix").contains("r = \"1.0\""));
        assert_eq!(bench.read(names[0]), file(HASH));
        assert_eq!(bench.read(names[1]), blocked);
    }
}

#[test]
fn a_package_that_reads_a_shared_rev_is_not_left_stale() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("new");
    let text = format!(
        "let rev = \"{old}\"; in {{\n  a = builtins.fetchGit {{ url = \"https://github.com/o/r\"; inherit rev; }};\n  b = buildGoModule {{ src = builtins.fetchGit {{ url = \"https://github.com/o/r\"; inherit rev; }}; vendorHash = \"{HASH}\"; }};\n}}\n"
    );
    bench.write("p/default.nix", &text);
    for words in [&["p:a"][..], &[]] {
        bench.bump(words).expect(1).says(&["`vendorHash`"]);
        assert_eq!(bench.read("p/default.nix"), text);
    }
}

#[test]
fn equal_revs_of_different_pins_are_told_apart() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let new = repo.commit("new");
    let text = |rev: &str| {
        format!(
            "{{\n  a = builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{rev}\"; }};\n  b = builtins.fetchGit {{\n    url = \"https://github.com/o/r\";\n    rev = \"{old}\"; # pin\n  }};\n  note = \"{old}\";\n}}\n"
        )
    };
    assert_eq!(bench.bumped(&text(&old)), text(&new));
}

#[test]
fn only_what_would_leave_a_hash_stale_is_held_back() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["tag", "v1.0"]);
    let new = repo.write("a", "1").commit("new");
    repo.git(&["tag", "v1.1"]);
    let text = |rev: &str| {
        format!(
            "rec {{\n  version = \"1.0\";\n  src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; tag = \"v${{version}}\"; hash = \"{HASH}\"; }};\n  docs = fetchurl {{ url = \"https://github.com/o/r/releases/download/docs/x-${{version}}.tgz\"; hash = \"{HASH}\"; }};\n  other = builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{rev}\"; }};\n}}\n"
        )
    };
    bench.write("p/default.nix", &text(&old));
    let ran = bench.bump(&[]).expect(1);
    ran.says(&[
        "`p:src` stays as it was",
        "the hash of `p:docs` would be stale",
    ]);
    assert_eq!(bench.read("p/default.nix"), text(&new));
}

#[test]
fn a_fetcher_that_cannot_be_read_holds_back_what_it_reads() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    repo.git(&["tag", "v1.0"]);
    repo.write("a", "1").commit("new");
    repo.git(&["tag", "v1.1"]);
    let text = |other: &str| {
        format!(
            "rec {{\n  version = \"1.0\";\n  src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; tag = \"v${{version}}\"; hash = \"{HASH}\"; }};\n  other = {other};\n}}\n"
        )
    };
    for other in [
        "fetchurl { url = \"https://h/${version}/x-${system}.tgz\"; hash = hashes.${system}; }",
        "fetchzip { url = mkUrl version; hash = \"HASH\"; }",
        "fetchurl ({ url = \"https://h/${version}\"; } // hashes.${system})",
        "fetchFromGitHub { owner = \"o\"; repo = \"x\"; rev = \"v${dashed version}\"; hash = \"HASH\"; }",
    ] {
        let text = text(&other.replace("HASH", HASH));
        bench
            .stays(&text, 1)
            .says(&["`p:src` stays as it was", "p/default.nix:4:11", "`version`"]);
    }
    // What takes nothing of it is in nobody's way.
    for other in [
        "fetchurl { url = \"https://h/x-${system}.tgz\"; hash = hashes.${system}; }",
        "fetchurl { url = mkUrl versions; hash = hashes.${system}; }",
    ] {
        bench.write("p/default.nix", &text(other));
        bench.bump(&[]).expect(0);
        assert!(bench.read("p/default.nix").contains("version = \"1.1\""));
    }
}
