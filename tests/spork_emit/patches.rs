//! Changes that a patch does not carry, and those that two features make: told before Nix builds.

use super::{emit, fetch, refuses, scene};
use crate::support::repo::Repo;
use crate::support::spork::Scene;

/// A clone that has one feature more.
fn with(branch: &str, change: impl FnOnce(&Repo)) -> Scene {
    let scene = scene();
    scene.feature(branch, change);
    scene.push("srv/kf.git");
    fetch(&scene);
    scene
}

fn link(work: &Repo, to: &str, name: &str) {
    let path = work.dir().join(name);
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink(to, path).unwrap();
}

#[test]
fn what_no_patch_carries_is_refused_with_its_path() {
    let scene = with("feature/local/odd", |work| {
        work.write("a logo.png", b"\x89PNG\0\n")
            .write("extra/text.txt", "text\n");
        link(work, "README", "src/main.rs");
        std::fs::remove_file(work.dir().join("README")).unwrap();
        work.write("README/x", "a folder now\n");
    });
    let rev = scene.rev("feature/local/odd");
    let says = format!(
        "the feature `odd` at {rev} changes what no patch carries: README (another kind of file), a logo.png (binary), \
         src/main.rs (another kind of file)"
    );
    refuses(
        &scene,
        &["kf"],
        4,
        &[&says, "take these changes out of its branch"],
    );
    let run = emit(&scene, &["kf", "--format", "json"]).expect(4);
    assert_eq!(run.json()["error"]["kind"], "invariant");
    emit(&scene, &["kf", "--feature", "one"]).expect(0);
}

#[test]
fn binary_is_what_diff_takes_for_it() {
    let text = |nul_at: usize| {
        let mut text = vec![b'x'; 4096];
        text.insert(nul_at, 0);
        text
    };
    for (nul_at, is_refused) in [(0, true), (4095, true), (4096, false)] {
        let scene = with("feature/local/odd", |work| {
            work.write("data", text(nul_at));
        });
        match is_refused {
            true => refuses(&scene, &["kf"], 4, &["data (binary)"]),
            false => drop(emit(&scene, &["kf"]).expect(0)),
        }
    }
}

#[test]
fn what_a_patch_carries_is_not_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scene = with("feature/local/odd", |work| {
        work.write("empty", "")
            .write("no newline", "x")
            .write("tab\tand \"quotes\"", "x\n")
            .write(b"latin-\xe9", b"\xe9\n")
            .write("run.sh", "#!/bin/sh\n")
            .write("README", "kf\r\n");
        link(work, "README", "a link");
        let run = work.dir().join("run.sh");
        std::fs::set_permissions(run, std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    emit(&scene, &["kf"]).expect(0);
}

#[test]
fn a_submodule_is_told() {
    let scene = scene();
    let main = scene.rev("main");
    scene.feature("feature/local/sub", |work| {
        work.write(
            ".gitmodules",
            "[submodule \"sub\"]\n\tpath = sub\n\turl = ../sub\n",
        );
        work.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            "160000",
            &main,
            "sub",
        ]);
        work.git(&["add", ".gitmodules"]);
        work.git(&["commit", "-q", "-m", "A submodule"]);
        // Without its folder it would be taken for gone.
        std::fs::create_dir_all(work.dir().join("sub")).unwrap();
    });
    scene.push("srv/kf.git");
    fetch(&scene);
    refuses(&scene, &["kf"], 4, &["sub (submodule)"]);
}

/// `two` stands on `one`, and both are pinned.
#[test]
fn a_feature_that_holds_another_is_refused() {
    let scene = scene();
    let work = &scene.work;
    work.git(&[
        "checkout",
        "-q",
        "-b",
        "feature/local/more",
        "feature/upstream/one",
    ]);
    work.write("extra/more.txt", "more\n");
    work.commit("More");
    work.git(&["checkout", "-q", "main"]);
    scene.push("srv/kf.git");
    fetch(&scene);
    let (one, more) = (
        scene.rev("feature/upstream/one"),
        scene.rev("feature/local/more"),
    );
    let says = format!(
        "the feature `more` at {more} makes the same change as `one` at {one} in src/main.rs: a patch does not apply twice"
    );
    let hint = "`more` stands on `one` and has all of it: leave `one` out";
    refuses(&scene, &["kf"], 4, &[&says, hint]);
    emit(&scene, &["kf", "--feature", "two", "--feature", "more"]).expect(0);
}

#[test]
fn the_same_change_in_two_features_is_refused() {
    // A new file, one that is gone, and one change among others.
    let changes: [fn(&Repo, &str); 3] = [
        |work, _| {
            work.write("new.txt", "new\n");
        },
        |work, _| {
            work.git(&["rm", "-q", "README"]);
        },
        |work, own| {
            let text =
                format!("fn main() {{\n    one();\n\n\n    new();\n\n\n\n    two();\n{own}}}\n");
            work.write("src/main.rs", text);
        },
    ];
    for change in changes {
        let scene = scene();
        scene.work.git(&[
            "branch",
            "-q",
            "-D",
            "feature/upstream/one",
            "feature/local/two",
        ]);
        for (branch, own) in [("a", "    // a\n"), ("b", "")] {
            scene.feature(&format!("feature/local/{branch}"), |work| {
                change(work, own);
                work.write(format!("extra/{branch}.txt"), "own\n");
            });
        }
        scene.push("srv/kf.git");
        fetch(&scene);
        refuses(
            &scene,
            &["kf"],
            4,
            &[
                "the feature `b`",
                "makes the same change as `a`",
                "take the change out of one of the features",
            ],
        );
    }
}
