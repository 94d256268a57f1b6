//! `cotter pin protect`: names, prefixes, other pins and what is printed. Needs git.

mod support;

use support::mirror::{Team, pins_ref};

#[test]
fn a_line_per_pin() {
    let team = Team::new();
    let [_, first, second] = team.revs();
    let said = team.run(&["pin", "protect"]);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].contains("protected by refs/heads/main"),
        "{}",
        lines[0]
    );
    let a = pins_ref("kingfisher", &first);
    assert!(
        lines[1].contains(&format!("would create {a}")),
        "{}",
        lines[1]
    );
    let said = team.run(&["pin", "protect", "--push"]);
    assert!(
        said.stdout.contains(&format!("created {a}")),
        "{}",
        said.stdout
    );
    team.sync();
    team.pin();
    let said = team.run(&["pin", "protect"]);
    let b = pins_ref("kingfisher", &second);
    assert!(
        said.stdout.contains(&format!("would delete {b}")),
        "{}",
        said.stdout
    );
    let said = team.run(&["pin", "protect", "--push"]);
    assert!(
        said.stdout.contains(&format!("deleted {b}")),
        "{}",
        said.stdout
    );
    assert!(said.stderr.is_empty(), "{}", said.stderr);
}

#[test]
fn the_prefix_can_be_chosen_and_must_be_a_branch() {
    let team = Team::new();
    let [_, first, _] = team.revs();
    let config = |prefix: &str| {
        team.write(
            "cotter.toml",
            &format!("[policy]\npins-prefix = \"{prefix}\"\n"),
        );
    };
    let before = team.refs();
    for prefix in [
        "-x",
        "a/../b",
        "a//b",
        "refs/tags/pins",
        "",
        "--exec=x",
        "a b",
    ] {
        config(prefix);
        let said = team.run(&["pin", "protect", "--push"]);
        assert_eq!(said.code, 2, "{prefix}: {}", said.stderr);
        assert!(said.stderr.contains("cotter.toml:2:15"), "{}", said.stderr);
        assert!(said.stderr.contains("pins-prefix"), "{}", said.stderr);
    }
    // A branch is where the folder should be.
    config("main");
    let said = team.run(&["pin", "protect", "--push"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("`refs/heads/main`"), "{}", said.stderr);
    assert_eq!(team.refs(), before);
    config("keep/ours");
    assert_eq!(team.run(&["pin", "protect", "--push"]).code, 0);
    let name = format!("refs/heads/keep/ours/kingfisher/{}", &first[..12]);
    assert!(team.refs().contains(&format!("{name} {first}")));
}

#[test]
fn a_container_whose_name_is_no_ref_is_told() {
    let team = Team::new();
    std::fs::rename(
        team.ops().join("containers/kingfisher"),
        team.ops().join("containers/king..fisher"),
    )
    .unwrap();
    let said = team.run(&["pin", "protect", "--push"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("`king..fisher`"), "{}", said.stderr);
}

#[test]
fn other_pins_are_meant_only_by_name() {
    let team = Team::new();
    let [_, first, _] = team.revs();
    team.write(
        "containers/heron/default.nix",
        &format!(
            "{{\n  src = builtins.fetchGit {{ url = \"{}\"; rev = \"{first}\"; allRefs = true; }};\n  \
             tagged = fetchgit {{ url = \"{}\"; rev = \"v1\"; hash = \"\"; }};\n}}\n",
            team.url, team.url
        ),
    );
    assert_eq!(team.protect(&[]).rows().len(), 3);
    let named = team.protect(&["heron:src"]);
    let name = pins_ref("heron", &first);
    assert_eq!(named.rows(), [format!("create heron:src {name}")]);
    assert_eq!(team.protect(&["heron:*"]).rows().len(), 1);
    for (word, part) in [
        ("heron:tagged", "heron:tagged"),
        ("heron", "spork"),
        ("herin:src", "did you mean `heron:src`"),
    ] {
        let said = team.run(&["pin", "protect", word]);
        assert_eq!(said.code, 2, "{word}: {}{}", said.stdout, said.stderr);
        assert!(said.stderr.contains(part), "{word}: {}", said.stderr);
    }
}

#[test]
fn a_spork_that_cannot_be_protected_is_told_with_its_place() {
    let team = Team::new();
    let [upstream, first, _] = team.revs();
    team.pin_as(
        "kingfisher",
        &[upstream, first[..12].to_owned(), first.clone()],
    );
    let said = team.protect(&[]);
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("containers/kingfisher/default.nix:4:"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("names no full commit"),
        "{}",
        said.stderr
    );
    assert_eq!(said.rows().len(), 2, "the others are still seen to");
}

#[test]
fn nothing_pinned_is_nothing_to_do() {
    let team = Team::new();
    std::fs::remove_dir_all(team.ops().join("containers")).unwrap();
    let said = team.protect(&["--push"]);
    assert_eq!((said.code, said.rows().len()), (0, 0));
    assert!(said.stderr.contains("no spork"), "{}", said.stderr);
}
