//! A `version` that says what the pin says goes on doing so.

use crate::bench::Bench;
use crate::support::repo::Repo;

/// Two commits; the second on 2024-05-31 where it was made, which was 2024-05-30 in UTC.
fn two_days(bench: &Bench) -> (String, String) {
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let date = "1717106400 +1400";
    let mut git = repo.command();
    git.args(["commit", "-q", "--allow-empty", "-m", "new"])
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_COMMITTER_DATE", date);
    crate::support::run_ok(&mut git, "git");
    (old, repo.git(&["rev-parse", "HEAD"]))
}

fn package(version: &str, rev: &str) -> String {
    format!(
        "{{\n  version = \"{version}\";\n  src = builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{rev}\"; }};\n}}\n"
    )
}

#[test]
fn short_revs_of_every_length() {
    let bench = Bench::new();
    let (old, new) = two_days(&bench);
    for length in [7, 8, 12, 40] {
        let after = bench.bumped(&package(&old[..length], &old));
        assert_eq!(after, package(&new[..length], &new));
    }
}

#[test]
fn dates_are_days_in_utc() {
    let bench = Bench::new();
    let (old, new) = two_days(&bench);
    for prefix in [
        "unstable-",
        "0-unstable-",
        "1.2.3-unstable-",
        "0.4+unstable-",
        "",
    ] {
        let after = bench.bumped(&package(&format!("{prefix}2024-01-01"), &old));
        assert_eq!(after, package(&format!("{prefix}2024-05-30"), &new));
    }
}

#[test]
fn what_says_something_else_stays() {
    let bench = Bench::new();
    let (old, new) = two_days(&bench);
    for version in ["1.2.3", "latest", "", "2024-1-1", "abcdef1", "x2024-01-01"] {
        let after = bench.bumped(&package(version, &old));
        assert_eq!(after, package(version, &new), "{version}");
    }
}

#[test]
fn a_version_out_of_reach_of_the_release_is_kept_in_form() {
    let bench = Bench::new();
    let repo: Repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["tag", "curl-8_5_0"]);
    let new = repo.commit("new");
    repo.git(&["tag", "curl-8_6_0"]);
    let text = |rev: &str, version: &str| {
        package(version, rev).replace("\"; };\n}", "\"; # tags/curl-*\n };\n}")
    };
    assert_eq!(bench.bumped(&text(&old, "8_5_0")), text(&new, "8_6_0"));
    assert_eq!(bench.bumped(&text(&old, "8.5.0")), text(&new, "8.5.0"));
}

#[test]
fn of_two_sources_with_one_date_the_later_counts() {
    let bench = Bench::new();
    let (old, new) = two_days(&bench);
    let other = bench.repo("github.com/o/other");
    let before = other.git(&["rev-parse", "HEAD"]);
    let after = other.commit("new");
    let text = |date: &str, rev: &str, other: &str| {
        format!(
            "{{\n  version = \"unstable-{date}\";\n  src = builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{rev}\"; }};\n  data = builtins.fetchGit {{ url = \"https://github.com/o/other\"; rev = \"{other}\"; }};\n}}\n"
        )
    };
    assert_eq!(
        bench.bumped(&text("2023-12-01", &old, &before)),
        text("2024-05-30", &new, &after)
    );
}
