//! What builds a project.

use super::{CONFIG, clone, emit, refuses};
use crate::support::spork::{LOCK, NIX, Scene, cargo_lock};

/// Upstream with these files, and one feature.
fn project(files: &[(&str, &str)]) -> Scene {
    let scene = Scene::new();
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs", "README"] {
        std::fs::remove_file(scene.work.dir().join(name)).unwrap();
    }
    scene.work.write("README", "x\n");
    for (path, text) in files {
        scene.work.write(path, text);
    }
    scene.work.commit("Another project");
    for branch in ["feature/upstream/one", "feature/local/two"] {
        scene.work.git(&["branch", "-q", "-D", branch]);
    }
    scene.feature("feature/local/readme", |work| {
        work.write("README", "y\n");
    });
    scene.push("srv/kf.git");
    clone(&scene);
    scene.file("cotter.toml", CONFIG);
    scene
}

#[test]
fn what_builds_a_project_is_read_off_its_files() {
    let go = project(&[
        ("go.mod", "module example.org/team/answer/v2\n"),
        ("main.go", "package main\n"),
    ]);
    emit(&go, &["kf"]).expect(0);
    let text = go.read(NIX);
    for part in [
        "buildGoModule",
        "pname = \"answer\";",
        "vendorHash = null;",
        "/bin/answer\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!go.ops().join(LOCK).exists());

    let sums = project(&[
        ("go.mod", "module example.org/x\n"),
        ("go.sum", "a v1 h1:x\n"),
        ("cmd/a/main.go", "package main\n"),
        ("cmd/b/main.go", "package main\n"),
    ]);
    refuses(
        &sums,
        &["kf"],
        2,
        &["`kf` has several programs: a, b", "--program"],
    );
    emit(&sums, &["kf", "--program", "b"]).expect(0);
    assert!(sums.read(NIX).contains("vendorHash = lib.fakeHash;"));

    let package = r#"{"name":"@team/answer","version":"1.0.0","bin":{"answer":"index.js"}}"#;
    let lock =
        r#"{"name":"@team/answer","lockfileVersion":3,"packages":{"":{"name":"@team/answer"}}}"#;
    let npm = project(&[("package.json", package), ("package-lock.json", lock)]);
    emit(&npm, &["kf"]).expect(0);
    let text = npm.read(NIX);
    for part in [
        "buildNpmPackage",
        "pname = \"answer\";",
        "forceEmptyCache = true;",
        "dontNpmBuild = true;",
        "/bin/answer\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let make = project(&[("Makefile", "all:\n")]);
    emit(&make, &["kf", "--program", "run"]).expect(0);
    let text = make.read(NIX);
    assert!(
        text.contains("pname = \"kf\";") && text.contains("/bin/run\""),
        "{text}"
    );
    emit(
        &make,
        &[
            "kf",
            "--build",
            "go",
            "--program",
            "run",
            "--pname",
            "kf",
            "--force",
        ],
    )
    .expect(0);
    assert!(make.read(NIX).contains("buildGoModule"));

    let manifest =
        "[package]\nname = \"kf\"\nversion = \"1.0.0\"\n[[bin]]\nname = \"a\"\npath = \"a.rs\"\n";
    let rust = project(&[
        ("Cargo.toml", manifest),
        ("Cargo.lock", &cargo_lock("1.0.0", &[])),
        ("src/bin/b.rs", "fn main() {}\n"),
    ]);
    refuses(&rust, &["kf"], 2, &["`kf` has several programs: a, b"]);
    emit(&rust, &["kf", "--program", "a"]).expect(0);
    assert!(rust.read(NIX).contains("/bin/a\""));
}
