//! Fetchers that Nix runs while it evaluates.

use crate::bench::Bench;
use crate::support::repo::Repo;
use crate::support::run_ok;

fn two_commits(bench: &Bench) -> (Repo, String, String) {
    let repo = bench.repo("github.com/o/r");
    let old = repo.write("a", "1\n").commit("old");
    let new = repo.write("a", "2\n").commit("new");
    (repo, old, new)
}

/// What `p/default.nix` evaluates to, with the user's git configuration.
fn evaluated(bench: &Bench) -> String {
    let mut nix = bench.store.nix("nix-instantiate");
    let config = bench.srv().parent().unwrap().join("home/.gitconfig");
    nix.env("GIT_CONFIG_GLOBAL", config);
    nix.env("NIX_CONFIG", "experimental-features = nix-command flakes\nsandbox = false\nsubstituters =\nbuild-users-group =\n");
    nix.args(["--eval", "--strict"])
        .arg(bench.ws("p/default.nix"));
    run_ok(&mut nix, "nix-bin").trim_matches('"').to_owned()
}

#[test]
fn a_fetched_git_tree_moves_by_its_ref_and_by_head() {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    repo.git(&["branch", "stable", &old]);
    let kept = format!(
        r#"builtins.readFile "${{builtins.fetchGit {{ url = "https://github.com/o/r"; ref = "stable"; rev = "{old}"; }}}}/a""#
    );
    assert_eq!(bench.bumped(&kept), kept);
    for attrs in ["allRefs = true; ", "ref = \"main\"; "] {
        let text = |rev: &str| {
            format!(
                r#"builtins.readFile "${{builtins.fetchGit {{ url = "https://github.com/o/r"; {attrs}rev = "{rev}"; }}}}/a""#
            )
        };
        assert_eq!(bench.bumped(&text(&old)), text(&new));
        assert_eq!(evaluated(&bench), "2\\n");
    }
}

#[test]
fn the_nar_hash_of_a_fetched_tree_moves_along() {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    let (old_hash, new_hash) = (bench.archive(&repo, &old), bench.archive(&repo, &new));
    for call in [
        "builtins.fetchGit { ",
        "builtins.fetchTree { type = \"git\"; ",
    ] {
        let text = |rev: &str, hash: &str| {
            format!(
                "{{ a = builtins.readFile \"${{{call}url = \"https://github.com/o/r\"; ref = \"main\";\n rev = \"{rev}\";\n narHash = \"{hash}\"; }}}}/a\"; }}.a\n"
            )
        };
        assert_eq!(bench.bumped(&text(&old, &old_hash)), text(&new, &new_hash));
        assert_eq!(evaluated(&bench), "2\\n");
    }
}

#[test]
fn a_hash_within_a_url_is_not_left_behind() {
    let bench = Bench::new();
    let (_, old, _) = two_commits(&bench);
    let hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
    let text =
        format!(r#"builtins.getFlake "git+https://github.com/o/r?rev={old}&narHash={hash}""#);
    bench.stays(&text, 1).says(&["`narHash`"]);
}

#[test]
fn a_fetched_tree_of_a_forge_moves() {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    let (old_hash, new_hash) = (bench.archive(&repo, &old), bench.archive(&repo, &new));
    let text = |rev: &str, hash: &str| {
        format!(
            "builtins.fetchTree {{ type = \"github\"; owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; narHash = \"{hash}\"; }}"
        )
    };
    assert_eq!(bench.bumped(&text(&old, &old_hash)), text(&new, &new_hash));
    let text = |rev: &str| format!("builtins.getFlake \"github:o/r/{rev}\"");
    assert_eq!(bench.bumped(&text(&old)), text(&new));
}

#[test]
fn tarballs_of_a_forge_move_with_and_without_a_hash() {
    let bench = Bench::new();
    let (repo, old, new) = two_commits(&bench);
    let (old_hash, new_hash) = (bench.archive(&repo, &old), bench.archive(&repo, &new));
    let text = |rev: &str, hash: &str| {
        format!(
            "{{ src = builtins.fetchTarball {{\n url = \"https://github.com/o/r/archive/{rev}.tar.gz\";\n sha256 = \"{hash}\"; }}; }}"
        )
    };
    assert_eq!(bench.bumped(&text(&old, &old_hash)), text(&new, &new_hash));
    let text = |rev: &str| {
        format!("import (fetchTarball \"https://codeload.github.com/o/r/tar.gz/{rev}\")")
    };
    assert_eq!(bench.bumped(&text(&old)), text(&new));
}
