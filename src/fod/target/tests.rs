use std::fs;
use std::path::Path;

use super::*;
use crate::source::{SourceFile, Workspace};

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

const PACKAGE: &str = "{ lib, buildGoModule }: buildGoModule { }";

/// Which of all targets are left for `wanted`, by the file that they begin with.
fn reached(texts: &[(&str, &str)], wanted: &[&str]) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let overlay = texts
        .iter()
        .map(|(path, text)| SourceFile::from_text(rel(path), (*text).to_owned()));
    let workspace = Workspace::at(home.path()).unwrap().with_overlay(overlay);
    let library = Library::new(&workspace);
    let mut files: Vec<RelPath> = texts.iter().map(|(path, _)| rel(path)).collect();
    files.sort();
    let targets = all(&Config::default(), &files, &library);
    let wanted: Vec<RelPath> = wanted.iter().map(|path| rel(path)).collect();
    reaching(&targets, &wanted, &files, &library)
        .iter()
        .map(|target| target.entry().to_string())
        .collect()
}

#[test]
fn only_what_leads_to_a_file_is_evaluated() {
    let texts = [
        (
            "a/default.nix",
            "{ pkgs ? import <nixpkgs> { } }: pkgs.callPackage ./package.nix { }",
        ),
        ("a/package.nix", PACKAGE),
        ("a/hashes.json", "{ }"),
        ("b/default.nix", "import ../lib { x = ../data/h.json; }"),
        (
            "lib/default.nix",
            "{ x }: (import ../shared/one.nix) (./. + \"/../shared/two.nix\")",
        ),
        ("shared/one.nix", "import ./${\"three\"}.nix"),
        ("shared/two.nix", "../far/h.json"),
        ("shared/cycle.nix", "import ./cycle.nix"),
        ("data/h.json", "{ }"),
        ("far/h.json", "{ }"),
        (
            "c/flake.nix",
            "{ outputs = _: { x = import ../d/x.nix; }; }",
        ),
        ("d/x.nix", "(import ./x.nix)"),
        ("nowhere/x.nix", "1"),
        ("broken/default.nix", "{ a = ; }"),
    ];
    let every = [
        "a/default.nix",
        "b/default.nix",
        "broken/default.nix",
        "c/flake.nix",
    ];
    for (wanted, expected) in [
        (&["a/package.nix"][..], &["a/default.nix"][..]),
        (&["a/hashes.json"], &["a/default.nix"]),
        (&["data/h.json"], &["b/default.nix"]),
        (&["far/h.json"], &["b/default.nix"]),
        (&["lib/default.nix"], &["b/default.nix"]),
        // Below a folder that is named: `./${…}.nix`.
        (&["shared/three.nix"], &["b/default.nix"]),
        (&["d/x.nix"], &["c/flake.nix"]),
        (
            &["d/x.nix", "a/package.nix"],
            &["a/default.nix", "c/flake.nix"],
        ),
        (&["broken/default.nix"], &["broken/default.nix"]),
        (&["nowhere/x.nix"], &every),
    ] {
        assert_eq!(reached(&texts, wanted), expected, "{wanted:?}");
    }
}

#[test]
fn what_lies_at_the_root_may_lead_anywhere() {
    let texts = [
        ("flake.nix", "{ outputs = _: { }; }"),
        ("a/default.nix", "1"),
        ("b/default.nix", "2"),
    ];
    assert_eq!(
        reached(&texts, &["a/default.nix"]),
        ["a/default.nix", "flake.nix"]
    );
}

#[test]
fn the_files_that_the_configuration_names_are_targets_where_they_can_be_built() {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in [
        (
            "cotter.toml",
            "[container.a]\nnix = \"x/image.nix\"\n[container.b]\nnix = \"x/package.nix\"\n\
                         [container.c]\nnix = \"x/default.nix\"\n[container.d]\nnix = \"gone.nix\"\n",
        ),
        ("x/image.nix", "{ a ? 1 }: a"),
        ("x/package.nix", PACKAGE),
        ("x/default.nix", "1"),
        ("x/other.nix", "1"),
    ] {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let workspace = Workspace::at(home.path()).unwrap();
    let config = Config::load(&workspace, None).unwrap();
    let files = workspace.files(&RelPath::root(), &[]);
    let found = all(&config, &files, &Library::new(&workspace));
    let names: Vec<String> = found.iter().map(Target::to_string).collect();
    // One that is not there is told of by whoever reads it.
    assert_eq!(names, ["gone.nix", "x/default.nix", "x/image.nix"]);
}

#[test]
fn what_a_command_line_names_is_taken_or_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    for path in [
        "w/sub/default.nix",
        "w/sub/flake.nix",
        "w/bare/x.nix",
        "out/default.nix",
    ] {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "1").unwrap();
    }
    let workspace = Workspace::at(&home.path().join("w")).unwrap();
    let base = workspace.root().join("bare");
    let by_file = |path: &str| {
        file(
            &workspace,
            &base,
            Path::new(path),
            &["a.b".into(), "c".into()],
        )
        .map(|target| target.to_string())
        .map_err(|error| error.to_string())
    };
    assert_eq!(by_file("x.nix").unwrap(), "bare/x.nix -A a.b -A c");
    assert_eq!(by_file("../sub").unwrap(), "sub/default.nix -A a.b -A c");
    for (path, words) in [
        (".", "no such file"),
        ("y.nix", "no such file"),
        ("../../out", "outside of the workspace"),
    ] {
        let error = by_file(path).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let by_flake = |reference: &str| flake(&workspace, &base, reference);
    assert_eq!(
        by_flake("../sub#a%20b^out,dev").unwrap().to_string(),
        "./sub#a b"
    );
    assert_eq!(by_flake("../sub#").unwrap().to_string(), "./sub");
    let here = flake(&workspace, &workspace.root().join("sub"), "#x");
    assert_eq!(here.unwrap().to_string(), "./sub#x");
    for (reference, words) in [
        ("github:owner/repo#x", "not in this workspace"),
        (
            "git+https://me:secret@example.org/x",
            "not in this workspace",
        ),
        ("nixpkgs#hello", "registry"),
        ("sub", "registry"),
        (".#x", "nor in a folder above"),
        ("path:.#x", "no `flake.nix` there"),
        ("path:../../out", "outside of the workspace"),
        ("git+file:..?rev=0123#x", "names a revision"),
        (".#a%2", "two digits"),
        (".#a%+1", "two digits"),
        ("./%ff", "UTF-8"),
    ] {
        let error = by_flake(reference).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains(words) && !told.contains("secret"),
            "{reference}: {told}"
        );
    }
    let hint = by_flake("sub").unwrap_err().hint();
    assert_eq!(
        hint.as_deref(),
        Some("write `./sub` for the folder of that name")
    );
}
