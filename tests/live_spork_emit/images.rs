//! Images of a project of each kind: built, read back, and their program run.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::project::{Project, executable};

/// The files of an archive in memory.
fn unpacked(reader: impl Read) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(reader).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(path.trim_start_matches("./").to_owned(), bytes);
    }
    files
}

/// The image's config, and its files as the layers give them.
fn image(path: &Path) -> (Value, BTreeMap<String, Vec<u8>>) {
    let archive = unpacked(GzDecoder::new(std::fs::File::open(path).unwrap()));
    let manifest: Value = serde_json::from_slice(&archive["manifest.json"]).unwrap();
    let config: Value =
        serde_json::from_slice(&archive[manifest[0]["Config"].as_str().unwrap()]).unwrap();
    let mut files = BTreeMap::new();
    for layer in manifest[0]["Layers"].as_array().unwrap() {
        files.extend(unpacked(archive[layer.as_str().unwrap()].as_slice()));
    }
    (config["config"].clone(), files)
}

/// What the entrypoint of the image prints; it is in a layer, as it is in the store.
fn said(path: &Path) -> String {
    let (config, files) = image(path);
    let program = config["Entrypoint"][0].as_str().unwrap();
    let in_image = &files[program.trim_start_matches('/')];
    assert_eq!(in_image, &std::fs::read(program).unwrap());
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A project of these files, whose `path` says `one` and `two` on lines of their own that each feature changes, is
/// emitted and built, and says what both make of it. Checked, and bumped to what it is.
fn both_features_are_in(files: &[(&str, &str)], path: &str, before_build: impl Fn(&Project)) {
    let project = Project::new(files);
    let text = files.iter().find(|(name, _)| *name == path).unwrap().1;
    let is_program = text.starts_with("#!");
    let mark = |project: &Project| {
        if is_program {
            executable(&project.work.dir().join(path));
        }
    };
    mark(&project);
    project.work.commit("With its modes");
    for word in ["one", "two"] {
        project.feature(word, |work| {
            work.write(path, text.replace(word, &format!("{word}, ours")));
            if is_program {
                executable(&work.dir().join(path));
            }
        });
    }
    project.emit(&[]).expect(0);
    before_build(&project);
    let built = project.build();
    assert_eq!(said(&built), "one, ours\ntwo, ours\n");
    project.cotter(&["check", "--all-files"]).expect(0);
    let before = project.tree();
    project
        .cotter(&["pin", "bump", "--offline", "--no-build"])
        .expect(0);
    project.emit(&[]).expect(0);
    assert_eq!(project.tree(), before);
    // The library makes the same of it, with the hashes that are there.
    let library = project.library();
    project.emit(&["--lib", &library]).expect(0);
    let text = project.read();
    assert!(!text.contains("diff -ruN") && !text.contains("fakeHash"));
    assert_eq!(said(&project.build()), "one, ours\ntwo, ours\n");
    project.cotter(&["check", "--all-files"]).expect(0);
}

#[test]
fn make() {
    let makefile = "all:\n\ninstall:\n\tinstall -D -m 0755 kf.sh $(PREFIX)/bin/kf\n";
    let script = "#!/bin/sh\necho one\n# 1\n# 2\n# 3\n# 4\n# 5\n# 6\n# 7\necho two\n";
    both_features_are_in(
        &[("Makefile", makefile), ("kf.sh", script)],
        "kf.sh",
        |_| {},
    );
}

#[test]
fn rust() {
    let manifest = "[package]\nname = \"kf\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"kf\"\nversion = \"0.1.0\"\n";
    let main = "fn main() {\n    println!(\"one\");\n\n\n\n\n\n\n\n    println!(\"two\");\n}\n";
    let files = [
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock),
        ("src/main.rs", main),
    ];
    both_features_are_in(&files, "src/main.rs", |_| {});
}

#[test]
fn go() {
    let main = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"one\")\n\n\n\n\n\n\n\n\tfmt.Println(\"two\")\n}\n";
    let files = [
        ("go.mod", "module example.org/kf\n\ngo 1.21\n"),
        ("main.go", main),
    ];
    both_features_are_in(&files, "main.go", |_| {});
}

#[test]
fn npm() {
    let package = r#"{ "name": "kf", "version": "0.1.0", "bin": { "kf": "index.js" } }"#;
    let lock = r#"{
  "name": "kf",
  "version": "0.1.0",
  "lockfileVersion": 3,
  "requires": true,
  "packages": { "": { "name": "kf", "version": "0.1.0", "bin": { "kf": "index.js" } } }
}
"#;
    let main = "console.log(\"one\");\n\n\n\n\n\n\n\nconsole.log(\"two\");\n";
    let files = [
        ("package.json", package),
        ("package-lock.json", lock),
        ("index.js", main),
    ];
    both_features_are_in(&files, "index.js", |project| {
        assert!(project.read().contains("npmDepsHash = lib.fakeHash;"));
        project.cotter(&["fod-rehash"]).expect(0);
        assert!(project.read().contains("npmDepsHash = \"sha256-"));
    });
}
