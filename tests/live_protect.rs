//! `cotter pin protect` on real mirrors on this disk: what a force-push and a garbage collection would lose is
//! kept, and nothing else is touched. Needs git.

mod support;

use support::mirror::{FEATURES, Team, has, pins_ref};

#[test]
fn what_a_mirror_sync_drops_is_kept() {
    let team = Team::new();
    let [upstream, first, second] = team.revs();
    let [a, b] = [&first, &second].map(|rev| pins_ref("kingfisher", rev));
    let before = team.refs();

    // Every feature branch will be rebased; main only moves forward.
    let expected = |word: &str| {
        [
            "held kingfisher:upstreamRev refs/heads/main".to_owned(),
            format!("{word} kingfisher:features.clone-url-base {a}"),
            format!("{word} kingfisher:features.skip {b}"),
        ]
    };
    let dry = team.protect(&[]);
    assert_eq!((dry.code, dry.rows()), (1, expected("create").to_vec()));
    assert_eq!(dry.json()["pushed"], false);
    assert!(dry.stderr.contains("--push"), "{}", dry.stderr);
    assert_eq!(team.refs(), before, "a dry run writes nothing");

    let pushed = team.protect(&["--push"]);
    assert_eq!(
        (pushed.code, pushed.rows()),
        (0, expected("create").to_vec())
    );
    assert_eq!(pushed.json()["pushed"], true);
    let mut after: Vec<String> = before.lines().map(str::to_owned).collect();
    after.extend([format!("{a} {first}"), format!("{b} {second}")]);
    after.sort();
    let now = team.refs();
    assert_eq!(now.lines().collect::<Vec<_>>(), after);

    for args in [&[][..], &["--push"]] {
        let again = team.protect(args);
        assert_eq!((again.code, again.rows()), (0, expected("held").to_vec()));
        assert_eq!(again.json()["pushed"], false);
    }
    assert_eq!(team.refs(), now);

    team.sync();
    team.gc();
    for rev in [&upstream, &first, &second] {
        assert!(team.serves(rev));
    }
    assert_eq!(team.protect(&[]).code, 0);
}

#[test]
fn without_it_they_are_gone() {
    let team = Team::new();
    let [upstream, first, second] = team.revs();
    team.sync();
    team.gc();
    assert!(team.serves(&upstream) && !team.serves(&first) && !team.serves(&second));
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 1);
    assert_eq!(
        said.rows()[1..],
        [
            "gone kingfisher:features.clone-url-base -",
            "gone kingfisher:features.skip -"
        ]
    );
    assert_eq!(said.json()["pushed"], false);
    for part in [
        "containers/kingfisher/default.nix:4:",
        "kingfisher:features.clone-url-base",
        &first,
        &team.url,
        "--clone",
        "cotter pin bump kingfisher",
    ] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }

    // Somebody still has them: a clone, by the command line or by cotter.toml.
    let work = team.work.dir().display().to_string();
    team.work.git(&["branch", "old-1", &first]);
    team.work.git(&["branch", "old-2", &second]);
    let named = team.protect(&["--clone", &work]);
    assert_eq!(named.code, 1, "{}", named.stderr);
    assert!(named.rows()[1].starts_with("create "));
    team.write(
        "cotter.toml",
        "[container.kingfisher]\nclone = \"../work\"\n",
    );
    let said = team.protect(&["--push"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    team.gc();
    assert!(team.serves(&first) && team.serves(&second));
}

#[test]
fn between_force_push_and_garbage_collection_it_is_not_too_late() {
    let team = Team::new();
    let [_, first, second] = team.revs();
    team.sync();
    assert!(!team.serves(&first) && has(&team.mirror(), &first));
    assert_eq!(team.protect(&["--push"]).code, 0);
    team.gc();
    assert!(team.serves(&first) && team.serves(&second));
}

#[test]
fn refs_go_when_no_pin_names_them_any_more() {
    let team = Team::new();
    let [_, first, second] = team.revs();
    // Another container pins one of them too, and made no ref: that of kingfisher holds it.
    assert_eq!(team.protect(&["--push"]).code, 0);
    team.pin_as("heron", &[team.rev("main"), first.clone(), first.clone()]);
    let held = team.protect(&["heron"]);
    assert_eq!(held.code, 0, "{}", held.stdout);
    assert!(held.rows()[1].ends_with(&pins_ref("kingfisher", &first)));
    // Refs that are not cotter's own: of another team, moved since, made by hand, of a container not here.
    let other = team.rev("main~1");
    let foreign = [
        "refs/heads/team/pins/kingfisher/0123456789ab".to_owned(),
        format!("refs/heads/pins/kingfisher/{}", "0".repeat(12)),
        "refs/heads/pins/kingfisher/keep".to_owned(),
        pins_ref("osprey", &other),
    ];
    for name in &foreign {
        team.bare(&["update-ref", name, &other]);
    }

    team.sync();
    team.pin();
    let [_, new_first, new_second] = team.revs();
    // Not all of the container is meant: nothing of it goes.
    let part = team.protect(&["kingfisher:features.clone-url-base"]);
    assert_eq!(
        part.rows(),
        [format!(
            "create kingfisher:features.clone-url-base {}",
            pins_ref("kingfisher", &new_first)
        )]
    );
    // A file that cannot be read may hold the pin that still names it.
    team.write("containers/broken/default.nix", "{ upstreamRev = ");
    for words in [&[][..], &["kingfisher"]] {
        let said = team.protect(words);
        assert_ne!(said.code, 0);
        assert!(said.stdout.contains("\"create\""), "{}", said.stdout);
        assert!(!said.stdout.contains("\"delete\""), "{}", said.stdout);
    }
    std::fs::remove_dir_all(team.ops().join("containers/broken")).unwrap();

    let gone = format!("delete - {}", pins_ref("kingfisher", &second));
    let dry = team.protect(&["kingfisher"]);
    assert_eq!(dry.rows().last(), Some(&gone));
    assert_eq!(dry.rows().len(), 4, "what heron pins stays: {}", dry.stdout);
    let before = team.refs();
    assert_eq!(team.protect(&["kingfisher", "--push"]).code, 0);
    let mut expected: Vec<String> = before
        .lines()
        .filter(|line| !line.starts_with(&pins_ref("kingfisher", &second)))
        .map(str::to_owned)
        .collect();
    for rev in [&new_first, &new_second] {
        expected.push(format!("{} {rev}", pins_ref("kingfisher", rev)));
    }
    expected.sort();
    assert_eq!(team.refs().lines().collect::<Vec<_>>(), expected);
    team.gc();
    assert!(team.serves(&first) && !team.serves(&second));
}

#[test]
fn only_refs_that_are_not_rebased_hold_a_pin() {
    let team = Team::new();
    let [_, first, _] = team.revs();
    let state = || {
        team.protect(&["kingfisher:features.clone-url-base"]).rows()[0]
            .replace(&pins_ref("kingfisher", &first), "REF")
    };
    let create = "create kingfisher:features.clone-url-base REF";
    assert_eq!(state(), create);
    // Its own branch, any feature branch, one that a feature follows, a deploy branch: all are force-pushed.
    for branch in ["feature/other", "deploy", FEATURES[1]] {
        team.bare(&["update-ref", &format!("refs/heads/{branch}"), &first]);
        assert_eq!(state(), create, "{branch}");
    }
    team.write(
        "cotter.toml",
        "[container.kingfisher]\nunstable = [\"live\"]\n",
    );
    team.bare(&["update-ref", "refs/heads/live", &first]);
    let held = |by: &str| format!("held kingfisher:features.clone-url-base {by}");
    assert_eq!(state(), held("refs/heads/deploy"), "no longer in the list");
    team.bare(&["update-ref", "-d", "refs/heads/deploy"]);
    assert_eq!(state(), create);
    // A tag, a branch further on, and above all main.
    team.bare(&["tag", "v1", &first]);
    assert_eq!(state(), held("refs/tags/v1"));
    team.bare(&["tag", "-d", "v1"]);
    team.work.git(&["checkout", "-q", "--detach", &first]);
    team.work.write("file", "on top\n");
    let top = team.work.commit("on top");
    let to = team.mirror().display().to_string();
    team.work
        .git(&["push", "-q", &to, &format!("{top}:refs/heads/archive")]);
    assert_eq!(state(), held("refs/heads/archive"));
    team.work
        .git(&["push", "-q", &to, &format!("{top}:refs/heads/main")]);
    assert_eq!(state(), held("refs/heads/main"));
    assert_eq!(team.protect(&[]).code, 1, "the other feature is not held");
}

#[test]
fn the_clone_may_lag_behind_and_may_be_shallow() {
    let team = Team::new();
    let [_, first, _] = team.revs();
    let clone = team.home.join("clone");
    let clone = clone.display().to_string();
    team.work.git(&["clone", "-q", &team.url, &clone]);
    // The mirror's main goes on and takes the feature in: only the mirror knows.
    team.work
        .git(&["merge", "-q", "--no-ff", "-m", "merge", FEATURES[0]]);
    let to = team.mirror().display().to_string();
    team.work.git(&["push", "-q", &to, "main"]);
    let name = "kingfisher:features.clone-url-base";
    let held = format!("held {name} refs/heads/main");
    assert_eq!(
        team.protect(&[name, "--clone", &clone]).rows(),
        [held.as_str()]
    );
    let shallow = team.home.join("shallow");
    let shallow = shallow.display().to_string();
    team.work.git(&[
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        &team.url,
        &shallow,
    ]);
    assert_eq!(
        team.protect(&[name, "--clone", &shallow]).rows(),
        [held.as_str()]
    );
    assert!(has(team.home.join("shallow").as_path(), &first));
    // And it is not what is pushed from.
    let said = team.protect(&["--push", "--clone", &shallow]);
    assert_eq!(said.code, 0, "{}", said.stderr);
}

#[test]
fn a_mirror_may_be_its_own_clone() {
    let team = Team::new();
    team.write(
        "cotter.toml",
        "[container.kingfisher]\nclone = \"../srv/kingfisher.git\"\n",
    );
    let [_, first, _] = team.revs();
    team.sync();
    assert_eq!(team.protect(&["--push"]).code, 0);
    team.gc();
    assert!(team.serves(&first));
}
