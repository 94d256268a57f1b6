//! Every fetcher: the rev, the version and the hash change together, and Nix builds what was written.

use crate::bench::Bench;
use crate::support::repo::Repo;

/// A repository with `v1.2.3` behind and `v1.10.0` at its HEAD; both commits.
fn released(bench: &Bench, name: &str) -> (Repo, String, String) {
    let repo = bench.repo(name);
    let old = repo.write("tool.sh", "echo 1\n").commit("old");
    repo.git(&["tag", "v1.2.3"]);
    repo.git(&["tag", "-a", "-m", "x", "v1.9.0"]);
    let new = repo.write("dir/ä b", "2\n").commit("new");
    repo.git(&["tag", "-a", "-m", "x", "v1.10.0"]);
    repo.git(&["tag", "v2.0.0-rc1"]);
    (repo, old, new)
}

/// Bumps `{ …, ... }: { src = CALL; }`, in which `@REV@` is the old commit and `@HASH@` its hash; checks that nothing
/// but these and the version changed, and that Nix builds the result.
#[track_caller]
fn moves(name: &str, formals: &str, call: &str) {
    let bench = Bench::new();
    let (repo, old, new) = released(&bench, name);
    let (old_hash, new_hash) = (bench.archive(&repo, &old), bench.archive(&repo, &new));
    let text = |rev: &str, hash: &str, version: &str| {
        let call = call
            .replace("@REV@", rev)
            .replace("@SHORT@", &rev[..7])
            .replace("@HASH@", hash)
            .replace("@VERSION@", version);
        format!("# Näme\n{{ {formals}, ... }}:\n{call}\n")
    };
    let before = text(&old, &old_hash, "1.2.3");
    bench.write("p/default.nix", &before);
    bench.builds("src");
    assert_eq!(bench.bumped(&before), text(&new, &new_hash, "1.10.0"));
    bench.builds("src");
}

#[test]
fn github_by_head() {
    moves(
        "github.com/o/r",
        "fetchFromGitHub",
        r#"{ version = "@SHORT@"; src = fetchFromGitHub { owner = "o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
}

#[test]
fn github_by_branch_and_by_tags_in_a_comment() {
    moves(
        "github.com/o/r",
        "fetchFromGitHub",
        r#"rec { src = fetchFromGitHub { owner = "o"; repo = "r";
            rev = "@REV@"; # main
            sha256 = "@HASH@"; }; }"#,
    );
    moves(
        "github.com/o/r",
        "fetchFromGitHub",
        r#"rec { version = "@VERSION@"; src = fetchFromGitHub { owner = "o"; repo = "r";
            rev = "@REV@"; # tags/v*
            hash = "@HASH@"; }; }"#,
    );
}

#[test]
fn github_by_release() {
    for rev in [
        r#"tag = "v${version}""#,
        r#"rev = "v${version}""#,
        r#"rev = "refs/tags/v${version}""#,
        r#"tag = "v@VERSION@""#,
        r#"rev = "refs/tags/v@VERSION@""#,
    ] {
        let call = format!(
            r#"rec {{ version = "@VERSION@"; src = fetchFromGitHub {{ owner = "o"; repo = "r"; {rev}; hash = "@HASH@"; }}; }}"#
        );
        moves("github.com/o/r", "fetchFromGitHub", &call);
    }
}

#[test]
fn github_in_a_finished_package() {
    moves(
        "ghe.example.org/o/r",
        "fetchFromGitHub",
        r#"let fix = f: let x = f x; in x; in fix (finalAttrs: {
            version = "@VERSION@";
            src = fetchFromGitHub { githubBase = "ghe.example.org"; owner = "o"; repo = "r";
              tag = "v${finalAttrs.version}"; hash = "@HASH@"; };
          })"#,
    );
}

#[test]
fn gitlab_with_group_and_domain() {
    moves(
        "gitlab.com/o/r",
        "fetchFromGitLab",
        r#"{ src = fetchFromGitLab { owner = "o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
    moves(
        "gitlab.example.org/g/o/r",
        "fetchFromGitLab",
        r#"{ src = fetchFromGitLab { domain = "gitlab.example.org"; group = "g"; owner = "o"; repo = "r";
            rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
}

#[test]
fn gitea_and_codeberg() {
    moves(
        "gitea.example.org/o/r",
        "fetchFromGitea",
        r#"{ src = fetchFromGitea { domain = "gitea.example.org"; owner = "o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
    moves(
        "codeberg.org/o/r",
        "fetchFromCodeberg",
        r#"{ src = fetchFromCodeberg { owner = "o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
}

#[test]
fn sourcehut_bitbucket_and_gitiles() {
    moves(
        "git.sr.ht/~o/r",
        "fetchFromSourcehut",
        r#"{ src = fetchFromSourcehut { owner = "~o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
    moves(
        "bitbucket.org/o/r",
        "fetchFromBitbucket",
        r#"{ src = fetchFromBitbucket { owner = "o"; repo = "r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
    moves(
        "gerrit.example.org/o/r",
        "fetchFromGitiles",
        r#"{ src = fetchFromGitiles { url = "https://gerrit.example.org/o/r"; rev = "@REV@"; hash = "@HASH@"; }; }"#,
    );
}

#[test]
fn fetchgit() {
    moves(
        "github.com/o/r",
        "fetchgit",
        r#"{ src = fetchgit { url = "https://github.com/o/r"; rev = "@REV@"; sha256 = "@HASH@"; }; }"#,
    );
}

#[test]
fn archives_by_url() {
    moves(
        "github.com/o/r",
        "fetchzip",
        r#"{ src = fetchzip { url = "https://github.com/o/r/archive/@REV@.tar.gz"; hash = "@HASH@"; }; }"#,
    );
    moves(
        "github.com/o/r",
        "fetchzip",
        r#"rec { version = "@VERSION@"; src = fetchzip {
            url = "https://github.com/o/r/archive/refs/tags/v${version}.tar.gz"; hash = "@HASH@"; }; }"#,
    );
}
