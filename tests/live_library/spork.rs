//! `sporkSource`: its pins are known to cotter, and what a patch cannot carry is refused.

use std::path::PathBuf;

use crate::support::repo::Repo;
use crate::support::spork::{LOCK, NIX, Scene};
use crate::support::store::Store;
use crate::support::{roots, run, run_ok};

/// The library, as a folder of the workspace: inside of another root directory there is nothing else.
const LIBRARY: [(&str, &str); 3] = [
    ("source.nix", include_str!("../../nix/spork/source.nix")),
    (
        "make-patch.sh",
        include_str!("../../nix/spork/make-patch.sh"),
    ),
    (
        "apply-patches.sh",
        include_str!("../../nix/spork/apply-patches.sh"),
    ),
];

fn with_library() -> Scene {
    let scene = Scene::new();
    for (name, text) in LIBRARY {
        scene.file(&format!("nix/spork/{name}"), text);
    }
    scene
}

/// A container whose source is a call of the library with `features`.
fn container(features: &str) -> String {
    format!(
        r#"{{ pkgs ? import ../../nix/pkgs.nix {{ }} }}:
let
  src = import ../../nix/spork/source.nix {{
    inherit pkgs;
    url = "@URL@";
    version = "@UP:7@";
    upstreamRev = "@UP@"; # main
    features = {features};
  }};
in
{{
  inherit src;
  package = pkgs.rustPlatform.buildRustPackage {{
    pname = "kf";
    inherit (src) version;
    inherit src;
    cargoLock.lockFile = ./Cargo.lock;
  }};
}}
"#
    )
}

const LIST: &str = r#"[
      { name = "one"; rev = "@ONE@"; }
      { name = "two"; branch = "feature/local/two"; rev = "@TWO@"; }
    ]"#;

#[track_caller]
fn bumps_and_builds(features: &str) -> Scene {
    let scene = with_library();
    scene.file(
        "cotter.toml",
        "[container.kf]\nnix = \"containers/kf/default.nix\"\n",
    );
    scene.put(NIX, &container(features)).put(LOCK, "@LOCK@");
    scene.assert_builds(NIX);
    let list = scene.cotter(&["pin", "list"]).expect(0);
    for name in [
        "kf:src.upstreamRev",
        "kf:src.features.one",
        "kf:src.features.two",
    ] {
        assert!(list.out.contains(name), "{name}: {}", list.out);
    }
    scene.sync();
    let before = scene.tree();
    scene.bump(&["kf"]).expect(0);
    scene.assert_bumped(&before);
    scene.assert_builds(NIX);
    scene
}

#[test]
fn a_list_of_features_is_bumped_and_builds() {
    let scene = bumps_and_builds(LIST);
    // What is beside the tree.
    let store = Store::new_in(&scene.path(""));
    let file = scene.ops().join(NIX);
    let expression = format!(
        "let src = (import {} {{ }}).src; in [ src.version (builtins.length src.patches) (src.upstream ? outPath) ]",
        file.display()
    );
    let said = store.run(
        "nix-instantiate",
        &["--eval", "--strict", "-E", &expression],
    );
    assert_eq!(said, format!("[ \"{}\" 2 true ]", &scene.rev("main")[..7]));
}

#[test]
fn a_set_of_features_is_bumped_and_builds() {
    bumps_and_builds(r#"{ one = "@ONE@"; two = { rev = "@TWO@"; }; }"#);
}

/// Every Nix there is: how the build of a file's `src` ended, and what it said.
fn built(scene: &Scene) -> Vec<(bool, String)> {
    let file = scene.ops().join(NIX);
    let args = ["--no-out-link", file.to_str().unwrap(), "-A", "src"];
    let store = Store::new_in(&scene.path(""));
    let mut outputs = vec![run(store.nix("nix-build").args(args), "nix-bin")];
    for root in roots::all() {
        let mut inside = roots::inside(&root, &scene.path(""));
        outputs.push(run(inside.arg("nix-build").args(args), "debootstrap"));
    }
    outputs
        .into_iter()
        .map(|output| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success(), said)
        })
        .collect()
}

/// The build of upstream with these features, each a branch, fails with `words`.
#[track_caller]
fn refuses(scene: &Scene, branches: &[&str], words: &[&str]) {
    let features: String = branches
        .iter()
        .map(|branch| {
            format!(
                "{{ name = \"{branch}\"; rev = \"{}\"; }} ",
                scene.rev(branch)
            )
        })
        .collect();
    scene.put(NIX, &container(&format!("[ {features} ]")));
    for (ok, said) in built(scene) {
        assert!(!ok, "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in:\n{said}");
        }
    }
}

/// A scene with one feature more, served.
fn with_feature(change: impl FnOnce(&Repo)) -> Scene {
    let scene = with_library();
    scene.feature("odd", change);
    scene.push("srv/kf.git");
    scene
}

fn link(work: &Repo, to: &str, name: &str) {
    let path = work.dir().join(name);
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink(to, path).unwrap();
}

fn set_executable(work: &Repo, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = work.dir().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_no_patch_carries_is_refused_and_named() {
    type Change = fn(&Repo);
    let cases: [(Change, &str); 5] = [
        (|work| link(work, "Cargo.toml", "README"), "README"),
        (
            |work| {
                std::fs::remove_file(work.dir().join("README")).unwrap();
                work.write("README/x", "a folder now\n");
            },
            "README",
        ),
        (
            |work| {
                work.write("logo.bin", b"a\0b");
            },
            "logo.bin",
        ),
        (
            |work| {
                work.write("src/main.rs", b"a\0b");
            },
            "main.rs",
        ),
        (
            |work| {
                work.write("README", "text too\n").write("logo.bin", b"\0");
            },
            "logo.bin",
        ),
    ];
    for (change, named) in cases {
        let scene = with_feature(change);
        let words = [
            "sporkSource: the feature `odd`",
            "a patch cannot carry",
            named,
            "postPatch",
        ];
        refuses(&scene, &["odd"], &words);
    }
}

#[test]
fn what_a_patch_carries_arrives() {
    let scene = with_feature(|work| {
        work.write("a name/with spaces", "1\n")
            .write("no newline", "no newline")
            .write("-dash", "--- a/README\n+++ b/README\n")
            .write("tab\tand \"quotes\"", "2\n")
            .write("latin", b"\xe9\n")
            .write("src/main.rs", "")
            .write("extra/empty", "")
            .write("run it.sh", "#!/bin/sh\n");
        link(work, "Cargo.toml", "a \"link\"");
        set_executable(work, "run it.sh");
        set_executable(work, "Cargo.toml");
        work.git(&["rm", "-q", "README"]);
    });
    scene.put(
        NIX,
        &container(&format!(
            "[ {{ name = \"odd\"; rev = \"{}\"; }} ]",
            scene.rev("odd")
        )),
    );
    let file = scene.ops().join(NIX);
    let args = ["--no-out-link", file.to_str().unwrap(), "-A", "src"];
    let store = Store::new_in(&scene.path(""));
    let mut trees = vec![PathBuf::from(store.run("nix-build", &args))];
    for root in roots::all() {
        let mut inside = roots::inside(&root, &scene.path(""));
        trees.push(run_ok(inside.arg("nix-build").args(args), "debootstrap").into());
    }
    scene.work.git(&["checkout", "-q", "odd"]);
    let wanted = crate::support::tree::Tree::of(scene.work.dir());
    for tree in trees {
        let found = crate::support::tree::Tree::of(&tree);
        let contents = |tree: &crate::support::tree::Tree| {
            let entries = tree.0.iter().filter(|(path, _)| !path.starts_with(".git"));
            entries
                .map(|(path, entry)| {
                    let is_program = entry.mode & 0o100 != 0;
                    (
                        path.clone(),
                        entry.bytes.clone(),
                        entry.link.clone(),
                        is_program,
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(contents(&found), contents(&wanted));
    }
}

#[test]
fn features_that_change_the_same_lines_are_named() {
    let scene = with_feature(|work| {
        work.write(
            "src/main.rs",
            "fn main() {\n    other(1);\n\n\n\n\n\n    two();\n}\n",
        );
    });
    let words = [
        "the patch of the feature `odd`",
        "does not apply",
        "with one@",
        "base one on the other",
        "cotter pin bump",
    ];
    let list = format!(
        "[ {{ name = \"one\"; rev = \"@ONE@\"; }} {{ name = \"odd\"; rev = \"{}\"; }} ]",
        scene.rev("odd")
    );
    scene.put(NIX, &container(&list));
    for (ok, said) in built(&scene) {
        assert!(!ok);
        for word in words {
            assert!(said.contains(word), "`{word}` is not in:\n{said}");
        }
    }
}

#[test]
fn a_feature_that_upstream_has_is_told() {
    let scene = with_library();
    refuses(
        &scene,
        &["main"],
        &[
            "the feature `main`",
            "changes nothing",
            "remove it from the list",
        ],
    );
}

#[test]
fn what_is_no_pin_is_refused_before_anything_is_fetched() {
    let scene = with_library();
    for (features, words) in [
        (
            r#"[ { name = "x"; rev = "main"; } ]"#,
            "the revision of the feature `x` has to be a full one",
        ),
        (r#"[ { name = "x"; } ]"#, "the feature `x` has no `rev`"),
        (r#"[ { rev = "@ONE@"; } ]"#, "a feature needs a `name`"),
        (
            r#"[ { name = "a/b"; rev = "@ONE@"; } ]"#,
            "a feature needs a `name`",
        ),
        (
            r#"[ { name = "x"; rev = "@ONE@"; } { name = "x"; rev = "@TWO@"; } ]"#,
            "two features are called `x`",
        ),
    ] {
        scene.put(NIX, &container(features));
        for (ok, said) in built(&scene) {
            assert!(!ok && said.contains(words), "{words}: {said}");
        }
    }
}
