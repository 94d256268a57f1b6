//! What must hold of a spork before anything is written.

use crate::support::spork::{BINDINGS, CONFIG, LOCK, NIX, Scene, let_in};

#[test]
fn features_that_were_not_rebased() {
    let scene = Scene::usual();
    let (one, two) = (
        scene.rev("feature/upstream/one"),
        scene.rev("feature/local/two"),
    );
    scene.work.write("README", "kf 0.5\n");
    scene.work.commit("Without the features");
    scene.push("srv/kf.git");
    let up = scene.rev("main");
    let both = [
        format!("the feature `one` at {one} does not descend from upstream {up}"),
        format!("the feature `two` at {two} does not descend from upstream {up}"),
    ];
    let said = scene.refuses(&["--format", "json"], 4, &[&both[0], &both[1]]);
    let error = &said.json()["error"];
    assert_eq!(
        (&error["kind"], &error["message"]),
        (&"invariant".into(), &both[0].clone().into())
    );
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&NIX.into(), &8.into(), &28.into())
    );
    assert!(error["hint"].as_str().unwrap().contains("rebase"));
    scene.refuses(&["--dry-run"], 4, &[&both[0], &both[1]]);
}

#[test]
fn a_feature_that_upstream_has_merged() {
    let scene = Scene::usual();
    scene.advance(|work| {
        work.git(&[
            "merge",
            "-q",
            "--no-ff",
            "-m",
            "Take one",
            "feature/upstream/one",
        ]);
    });
    // The rebase took its branch to the tip of main; this one still is at its own commit.
    scene
        .work
        .git(&["branch", "-f", "feature/upstream/one", "main~1^2"]);
    scene.push("srv/kf.git");
    let (one, up) = (scene.rev("feature/upstream/one"), scene.rev("main"));
    let says = format!("the feature `one` at {one} is part of upstream {up} already");
    scene.refuses(&[], 4, &[&says, "remove the feature `one`"]);
}

#[test]
fn a_feature_without_commits_is_told() {
    let scene = Scene::usual();
    scene.sync();
    scene
        .work
        .git(&["branch", "-f", "feature/upstream/one", "main"]);
    scene.push("srv/kf.git");
    let before = scene.tree();
    let up = &scene.rev("main")[..12];
    let says = format!("warning: the feature `one` has no commits of its own: it is upstream {up}");
    scene.bump(&[]).expect(0).says(&[&says]);
    scene.assert_bumped(&before);
}

#[test]
fn what_only_a_force_pushed_branch_holds() {
    let scene = Scene::usual();
    scene.sync();
    let deploy = scene.rev("deploy");
    let holds = format!(
        "only refs/heads/deploy of {}, which is force-pushed, holds {deploy}",
        url(&scene)
    );
    scene.refuses(
        &["kf:upstreamRev", "--to", "deploy"],
        4,
        &[
            &holds,
            "the rev of `kf:upstreamRev`",
            "`one` at",
            "`two` at",
            "never force-pushed",
        ],
    );
    scene.refuses(
        &["kf:features.one", "--to", &deploy],
        4,
        &[&holds, "the rev of `kf:features.one`"],
    );

    scene.put(
        NIX,
        &let_in(&BINDINGS.replace("\"@TWO@\";", "\"@TWO@\"; # deploy")),
    );
    scene.refuses(&[], 4, &[&holds, "the rev of `kf:features.two`"]);

    // The list is the workspace's to make.
    scene.put(NIX, &let_in(BINDINGS));
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}unstable = [\"feature/upstream/one\", \"deploy\"]\n"),
    );
    scene.advance(|work| {
        work.write("README", "kf 0.6\n");
    });
    scene.push("srv/kf.git");
    let one = scene.rev("feature/upstream/one");
    scene.refuses(
        &[],
        4,
        &[
            "only refs/heads/deploy, refs/heads/feature/upstream/one of",
            &one,
        ],
    );
    scene.file("cotter.toml", &format!("{CONFIG}unstable = []\n"));
    // Now it is a branch as any other; that it has all features in it is another matter.
    let run = scene.refuses(
        &["kf:features.two", "--to", "deploy"],
        4,
        &["makes the same change as `one`", "in src/main.rs"],
    );
    assert!(!run.err.contains("force-pushed"), "{}", run.err);
}

fn url(scene: &Scene) -> String {
    format!("file://{}", scene.path("srv/kf.git").display())
}

#[test]
fn a_rev_that_no_ref_holds() {
    let scene = Scene::usual();
    let pinned = BINDINGS.replace(
        "{ name = \"one\"; rev = \"@ONE@\"; } #",
        "{ name = \"one\";\n rev = \"@ONE@\"; # pin\n} #",
    );
    scene.put(NIX, &let_in(&pinned));
    let one = scene.rev("feature/upstream/one");
    scene.sync();
    let holds = format!(
        "no branch or tag of {} holds {one}, the rev of `kf:features.one`",
        url(&scene)
    );
    scene.refuses(&[], 4, &[&holds, "does not descend"]);

    // The same where the commit itself is gone, as it is for all who fetch.
    scene.git_in(&scene.path("srv/kf.git"), &["gc", "-q", "--prune=now"]);
    scene.refuses(&[], 4, &[&holds]);
    // A ref for it makes it last; it still is no feature of the new upstream.
    scene.work.git(&["tag", "keep", &one]);
    scene.push("srv/kf.git");
    let said = scene.refuses(&[], 4, &["does not descend"]);
    assert!(!said.err.contains("no branch or tag"), "{}", said.err);
}

#[test]
fn features_that_conflict() {
    let scene = Scene::usual();
    scene.advance(|work| {
        work.write("README", "kf 0.5\n");
    });
    let own = |value: &str| format!("fn main() {{\n    one({value});\n\n\n\n\n\n    two();\n}}\n");
    scene.feature("feature/local/two", |work| {
        work.write("src/main.rs", own("2"))
            .write("extra/two.txt", "two\n");
    });
    scene.push("srv/kf.git");
    let (one, two) = (
        scene.rev("feature/upstream/one"),
        scene.rev("feature/local/two"),
    );
    let says = format!("the feature `two` at {two} conflicts with `one` at {one} in src/main.rs");
    scene.refuses(
        &[],
        4,
        &[
            &says,
            "rebase one of the features onto the other and pin that one alone, or leave one out",
        ],
    );

    // The same change in both is merged, but a patch does not apply twice.
    scene.feature("feature/local/two", |work| {
        work.write("src/main.rs", own("1"))
            .write("extra/two.txt", "two\n");
    });
    scene.push("srv/kf.git");
    let says = format!(
        "the feature `two` at {} makes the same change as `one` at {one} in src/main.rs",
        scene.rev("feature/local/two")
    );
    scene.refuses(
        &[],
        4,
        &[&says, "take the change out of one of the features"],
    );
}

#[test]
fn what_is_wrong_with_two_sporks_is_told_at_once() {
    let scene = Scene::usual();
    scene
        .put("containers/other/default.nix", &let_in(BINDINGS))
        .put("containers/other/Cargo.lock", "@LOCK@");
    let before = scene.read(LOCK);
    scene.work.write("README", "kf 0.5\n");
    scene.work.commit("Without the features");
    scene.push("srv/kf.git");
    let said = scene.refuses(
        &[],
        4,
        &[
            "containers/kf/default.nix:8:28",
            "containers/other/default.nix:8:28",
        ],
    );
    assert_eq!(
        said.err.matches("does not descend").count(),
        4,
        "{}",
        said.err
    );
    assert_eq!(scene.read(LOCK), before);
}

#[test]
fn a_clone_that_is_behind_is_told() {
    let scene = Scene::usual();
    scene.file(
        "cotter.toml",
        &format!("{CONFIG}clone = \"../mirror.git\"\n"),
    );
    scene.bare("mirror.git");
    let old = scene.rev("main");
    scene.sync();
    scene.put(NIX, &let_in(BINDINGS)).put(LOCK, "@LOCK@");
    let says = format!(
        "warning: upstream {} of {} does not have the pinned {} in its past",
        &old[..12],
        scene.path("mirror.git").display(),
        &scene.rev("main")[..12]
    );
    scene
        .bump(&["--dry-run"])
        .expect(1)
        .says(&[&says, "`git fetch`"]);
    // Going back on purpose is nothing to tell of.
    let run = scene.bump(&["kf", "--to", &old, "--dry-run"]).expect(1);
    assert!(!run.err.contains("in its past"), "{}", run.err);
}
