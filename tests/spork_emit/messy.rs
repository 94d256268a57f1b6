//! Clones as people have them, and names as they come.

use super::{clone, emit, fetch, pin, pins, refuses, scene};
use crate::support::spork::{NIX, Scene};

/// The names of the pins.
fn names(scene: &Scene) -> Vec<String> {
    pins(scene).into_keys().collect()
}

#[test]
fn what_a_clone_has_checked_out_does_not_matter() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let expected = scene.tree();
    let dir = scene.path("clone");
    for args in [
        &["checkout", "-q", "--detach", "origin/feature/local/two"][..],
        &["checkout", "-q", "--orphan", "empty"],
        // A branch of one's own that was never pushed.
        &["checkout", "-q", "-b", "feature/local/mine", "origin/main"],
    ] {
        scene.git_in(&dir, args);
        std::fs::remove_file(scene.ops().join(NIX)).unwrap();
        emit(&scene, &["kf"]).expect(0);
        assert_eq!(scene.tree(), expected, "{args:?}");
    }
    // In the middle of a merge that failed, with a dirty tree.
    std::fs::write(dir.join("README"), "mine\n").unwrap();
    std::fs::write(dir.join(".git/MERGE_HEAD"), "broken\n").unwrap();
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), expected);
    // Another work tree of the same clone.
    scene.git_in(&dir, &["worktree", "add", "-q", "../tree", "origin/main"]);
    emit(&scene, &["kf", "--clone", "../tree"]).expect(0);
    assert_eq!(scene.tree(), expected);
}

#[test]
fn a_mirror_and_a_repository_without_remotes_are_read() {
    let scene = scene();
    emit(&scene, &["kf"]).expect(0);
    let expected = scene.tree();
    let root = scene.path("");
    scene.git_in(&root, &["clone", "-q", "--mirror", "srv/kf.git", "mirror"]);
    emit(&scene, &["kf", "--clone", "../mirror"]).expect(0);
    assert_eq!(scene.tree(), expected);
    // Upstream's own repository: where others fetch it from has to be said.
    std::fs::remove_file(scene.ops().join(NIX)).unwrap();
    refuses(
        &scene,
        &["kf", "--clone", "../srv/kf.git"],
        2,
        &["it has no remote `origin`", "--url"],
    );
    let url = format!("file://{}", scene.path("srv/kf.git").display());
    emit(&scene, &["kf", "--clone", "../srv/kf.git", "--url", &url]).expect(0);
    assert_eq!(scene.tree(), expected);
}

#[test]
fn what_is_no_clone_is_refused() {
    let scene = scene();
    let args = |dir: &'static str| ["kf", "--clone", dir];
    refuses(&scene, &args("../nothing"), 3, &["nothing"]);
    refuses(&scene, &args("../srv"), 3, &["srv"]);
    let empty = scene.path("empty");
    std::fs::create_dir(&empty).unwrap();
    scene.git_in(&empty, &["init", "-q"]);
    refuses(
        &scene,
        &args("../empty"),
        2,
        &["has no branch `main`", "--main"],
    );
}

#[test]
fn a_repository_of_sha256_is_told() {
    let scene = scene();
    let dir = scene.path("sha256");
    std::fs::create_dir(&dir).unwrap();
    scene.git_in(
        &dir,
        &["init", "-q", "--object-format=sha256", "-b", "main"],
    );
    let run = emit(&scene, &["kf", "--clone", "../sha256"]).expect(3);
    run.says(&["sha256"]);
}

#[test]
fn branches_of_all_names() {
    let scene = scene();
    let branches = [
        "feature/a/b/c/deep",
        "feature/plain",
        "feature/local/plain",
        "feature/local/gr\u{fc}n",
        "feature/local/it's",
        "feature/local/${x}",
        "feature/local/a''b",
        "feature/local/-dash",
        "feature/local/#hash",
        "feature/local/a=b",
        "feature/local/@",
    ];
    for (at, branch) in branches.iter().enumerate() {
        scene.feature(branch, |work| {
            work.write(format!("extra/{at}.txt"), "x\n");
        });
    }
    // A tag of the same name is no branch.
    scene.work.git(&["tag", "feature/plain", "main"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    emit(&scene, &["kf"]).expect(0);
    let found = pins(&scene);
    for branch in branches {
        let of_branch = |(_, (name, rev)): (&String, &(String, String))| {
            name == branch && *rev == scene.rev(&format!("refs/heads/{branch}"))
        };
        assert!(found.iter().any(of_branch), "{branch}: {found:?}");
    }
    let before = scene.tree();
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), before);
    scene.cotter(&["spork", "status"]).expect(0);
    // Those that are named are taken by name.
    let args = ["kf", "--prune", "--feature", "x=feature/local/a=b"];
    emit(&scene, &args).expect(0);
    assert_eq!(names(&scene), ["kf:features.\"a=b\"", "kf:upstreamRev"]);
    std::fs::remove_file(scene.ops().join(NIX)).unwrap();
    emit(&scene, &args).expect(0);
    assert_eq!(names(&scene), ["kf:features.x", "kf:upstreamRev"]);
}

#[test]
fn upstreams_branch_has_a_name_of_its_own() {
    let scene = Scene::new();
    let odd = "release/${v}\"''";
    scene.work.git(&["branch", "-q", odd, "main"]);
    scene.push("srv/kf.git");
    clone(&scene);
    scene.file("cotter.toml", super::CONFIG);
    emit(&scene, &["kf", "--main", odd]).expect(0);
    let found = pins(&scene);
    let (name, expected) = pin("kf:upstreamRev", odd, scene.rev("main"));
    assert_eq!(found[&name], expected);
    let before = scene.tree();
    emit(&scene, &["kf"]).expect(0);
    assert_eq!(scene.tree(), before);
}

/// Nix fetches no submodules unless it is told to: a project that has some is built without them.
#[test]
fn submodules_of_upstream_are_told() {
    let scene = scene();
    let main = scene.rev("main");
    scene.advance(|work| {
        work.write(
            ".gitmodules",
            "[submodule \"x\"]\n\tpath = lib/sub\n\turl = ../x\n",
        );
        work.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            "160000",
            &main,
            "lib/sub",
        ]);
        std::fs::create_dir_all(work.dir().join("lib/sub")).unwrap();
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    emit(&scene, &["kf"]).expect(0).says(&[
        "warning: kf: lib/sub is a submodule of upstream",
        "an empty folder",
    ]);
}
