//! What is asked of whom, and what an answer means.

use crate::bench::Bench;

fn git(url: &str, rev: &str, comment: &str) -> String {
    format!("builtins.fetchGit {{\n  url = \"{url}\";\n  rev = \"{rev}\";{comment}\n}}\n")
}

const URL: &str = "https://github.com/o/r";

#[test]
fn a_comment_keeps_a_pin_and_nobody_is_asked() {
    let bench = Bench::new();
    let old = "0123456789012345678901234567890123456789";
    bench.stays(&git("https://gone.invalid/o/r", old, " # pin"), 0);
    bench.stays(
        &git(
            "https://gone.invalid/o/r",
            old,
            " # pin: until they release",
        ),
        0,
    );
}

#[test]
fn a_branch_that_is_not_there_is_a_mistake_of_the_file() {
    let bench = Bench::new();
    let old = bench.repo("github.com/o/r").git(&["rev-parse", "HEAD"]);
    let ran = bench.stays(&git(URL, &old, " # maim"), 2);
    let ran = ran.says(&[
        "`maim`",
        "no branch or tag of https://github.com/o/r",
        "# pin",
    ]);
    assert!(ran.err.contains("p/default.nix:3:10"), "{}", ran.err);
}

#[test]
fn all_dead_remotes_are_told_and_nothing_is_written() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("new");
    let text = format!(
        "[ ({}) ({}) ({}) ]",
        git(URL, &old, ""),
        git("https://github.com/o/gone", &old, ""),
        git("https://gitlab.com/o/gone", &old, "")
    );
    bench
        .stays(&text, 3)
        .says(&["https://github.com/o/gone", "https://gitlab.com/o/gone"]);
}

#[test]
fn a_remote_is_asked_once_for_all_its_pins() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let hash = bench.archive(&repo, &old);
    let new = repo.write("a", "1").commit("new");
    let pins = |rev: &str, hash: &str| -> String {
        (0..5)
            .map(|n| {
                format!("  p{n} = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{rev}\"; hash = \"{hash}\"; }};\n")
            })
            .collect()
    };
    let text = |rev: &str, hash: &str| format!("{{\n{}}}\n", pins(rev, hash));
    bench.write("p/default.nix", &text(&old, &hash));
    bench.bump(&[]).expect(0);
    let expected = text(&new, &bench.archive(&repo, &new));
    assert_eq!(bench.read("p/default.nix"), expected);
    let requests = bench.http.requests();
    let asked = |word: &str| requests.iter().filter(|line| line.contains(word)).count();
    // A question for the refs, a fetch of one commit: a handshake each, and what it is about.
    assert!(
        asked("info/refs") <= 2 && asked("git-upload-pack") <= 6,
        "{requests:?}"
    );
    let before = requests.len();
    bench.bump(&[]).expect(0);
    let requests = bench.http.requests();
    assert_eq!(
        requests[before..]
            .iter()
            .filter(|l| l.starts_with("GET"))
            .count(),
        1,
        "{requests:?}"
    );
}

#[test]
fn offline_takes_what_was_fetched_before() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let new = repo.commit("new");
    let text = git(URL, &old, "");
    bench.write("p/default.nix", &text);
    bench
        .bump(&["--offline"])
        .expect(3)
        .says(&["not available offline"]);
    assert_eq!(bench.read("p/default.nix"), text);
    // An abbreviation needs the whole history.
    bench.bump(&["p", "--to", &new[..9]]).expect(0);
    assert_eq!(bench.read("p/default.nix"), git(URL, &new, ""));
    let asked = bench.http.requests().len();
    bench.write("p/default.nix", &text);
    bench.bump(&["--offline"]).expect(0);
    assert_eq!(bench.read("p/default.nix"), git(URL, &new, ""));
    assert_eq!(bench.http.requests().len(), asked);
}

#[test]
fn to_takes_revisions_branches_tags_and_refs() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["tag", "-a", "-m", "x", "v1"]);
    let middle = repo.commit("middle");
    repo.git(&["branch", "side/x"]);
    let new = repo.commit("new");
    let text = git(URL, &old, "");
    for (to, expected) in [
        (&middle[..], &middle),
        (&middle[..8], &middle),
        ("side/x", &middle),
        ("refs/heads/side/x", &middle),
        ("main", &new),
        ("v1", &old),
        ("refs/tags/v1", &old),
    ] {
        bench.write("p/default.nix", &text);
        bench.bump(&["p", "--to", to]).expect(0);
        assert_eq!(bench.read("p/default.nix"), git(URL, expected, ""), "{to}");
    }
    bench.write("p/default.nix", &text);
    for to in ["nowhere", "0123456", "--upload-pack=x", "main~1", ""] {
        bench.bump(&["p", &format!("--to={to}")]).expect(2);
    }
    bench
        .bump(&["--to", "main"])
        .expect(2)
        .says(&["needs the name"]);
    assert_eq!(bench.read("p/default.nix"), text);
}

#[test]
fn to_takes_tags_and_versions_where_a_tag_stands() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    for tag in ["v1.0", "v1.1", "v1.2"] {
        repo.commit(tag);
        repo.git(&["tag", tag]);
    }
    let hash = |tag: &str| bench.archive(&repo, tag);
    let text = |version: &str| {
        format!(
            "rec {{ version = \"{version}\"; src = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; tag = \"v${{version}}\"; hash = \"{}\"; }}; }}",
            hash(&format!("v{version}"))
        )
    };
    for to in ["1.1", "v1.1", "refs/tags/v1.1"] {
        for from in ["1.0", "1.2"] {
            bench.write("p/default.nix", &text(from));
            bench.bump(&["p:src", "--to", to]).expect(0);
            assert_eq!(bench.read("p/default.nix"), text("1.1"), "{to}");
        }
    }
    bench
        .bump(&["p:src", "--to", "9.9"])
        .expect(2)
        .says(&["no tag `v9.9`"]);
    // By itself it never goes back, also when its own tag is gone.
    repo.git(&["tag", "-d", "v1.2"]);
    let newest = text("1.1").replace("1.1", "1.2");
    bench.stays(&newest, 0);
}

#[test]
fn a_pattern_that_matches_nothing_is_a_mistake_of_the_file() {
    let bench = Bench::new();
    let old = bench.repo("github.com/o/r").git(&["rev-parse", "HEAD"]);
    bench
        .stays(&git(URL, &old, " # tags/v*"), 2)
        .says(&["no release tag", "`v*`"]);
}

#[test]
fn the_configuration_says_what_is_followed() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let side = repo.commit("side");
    repo.git(&["branch", "side"]);
    let new = repo.commit("new");
    bench.write("cotter.toml", "[pin.\"p:fetchGit\"]\nfollow = \"side\"\n");
    assert_eq!(bench.bumped(&git(URL, &old, "")), git(URL, &side, ""));
    // What stands beside the value wins.
    assert_eq!(
        bench.bumped(&git(URL, &old, " # main")),
        git(URL, &new, " # main")
    );
}
