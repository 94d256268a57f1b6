//! `cotter image emit` over the specs of `fixtures/image_emit/CASE`.
//!
//! A case is a folder with
//! - `in/`: the workspace, with `image.toml` and what it is of;
//! - `arguments`: more arguments, a line each;
//! - `expected/`: the files that are emitted; or `error`: what is said, where nothing is.
//!
//! `SNAPSHOTS=overwrite cargo test --test image_emit` writes them anew.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cotter::source::{RelPath, SourceFile};
use cotter::syntax::NixFile;
use snapbox::{Assert, Data};
use support::cotter::Run;
use support::repo::Repo;
use tempfile::TempDir;

const COTTER: &str = env!("CARGO_BIN_EXE_cotter");

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/image_emit")
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(fixtures()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A copy of a case's workspace.
struct Scene {
    dir: TempDir,
}

impl Scene {
    fn of(case: &str) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("in"));
        support::folder::copy(&fixtures().join(case).join("in"), repo.dir());
        Scene { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("in").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{old} in {text}");
        self.write(name, &text.replacen(old, new, 1));
    }

    fn cotter(&self, arguments: &[&str]) -> Run {
        let mut command = support::command(COTTER, self.dir.path());
        command.current_dir(self.path("")).args(arguments);
        support::cotter::ran(&mut command)
    }

    fn emit(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["image", "emit", "image.toml"];
        all.extend(arguments);
        self.cotter(&all)
    }

    /// The names and texts of the files that are not of the case.
    fn emitted(&self, case: &str) -> Vec<(String, String)> {
        let given = support::folder::files(&fixtures().join(case).join("in"));
        let there = support::folder::files(&self.path(""));
        there
            .into_iter()
            .filter(|path| !given.contains(path) && !path.starts_with(".git"))
            // The same for every image: `a_flake_brings_what_publishes_it`.
            .filter(|path| {
                !path
                    .iter()
                    .any(|part| part == "publish" || part == "publish.nix")
            })
            .map(|path| {
                let name = path.to_str().unwrap().to_owned();
                let text = self.read(&name);
                (name, text)
            })
            .collect()
    }
}

fn arguments(case: &str) -> Vec<String> {
    let text = fs::read_to_string(fixtures().join(case).join("arguments")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_case_gives_what_it_expects() {
    for case in cases() {
        let scene = Scene::of(&case);
        let arguments = arguments(&case);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = scene.emit(&arguments);
        let expected = fixtures().join(&case);
        let assert = Assert::new().action_env("SNAPSHOTS");
        let emitted = scene.emitted(&case);
        if case.starts_with("refused") || case.starts_with("wrong") {
            assert_eq!(run.code, Some(2), "{case}: {}", run.err);
            assert!(emitted.is_empty(), "{case}: {emitted:?}");
            let said = run.err.replace(scene.path("").to_str().unwrap(), "");
            assert.eq(said, Data::read_from(&expected.join("error"), None).raw());
            continue;
        }
        let run = run.expect(0);
        assert_eq!(run.err, "", "{case}");
        let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
        let known = support::folder::files(&expected.join("expected"));
        if !known.is_empty() {
            let known: Vec<&str> = known.iter().map(|path| path.to_str().unwrap()).collect();
            assert_eq!(names, known, "{case}");
        }
        for (name, text) in &emitted {
            assert.eq(
                text.as_str(),
                Data::read_from(&expected.join("expected").join(name), None).raw(),
            );
            if name.ends_with(".nix") {
                let source = SourceFile::from_text(RelPath::new(name).unwrap(), text.clone());
                NixFile::parse(source.into()).unwrap();
                assert_eq!(nixfmt_rs::format(text).unwrap(), *text, "{case}: {name}");
            }
        }
        // Again changes nothing, and says so.
        let again = scene.emit(&[&arguments[..], &["--dry-run"]].concat());
        assert!(again.expect(0).out.contains("unchanged"), "{case}");
    }
}

#[test]
fn a_text_that_fits_on_no_line_of_a_dockerfile_is_refused() {
    let scene = Scene::of("dockerfile-script");
    let long = "\"".repeat(40_000);
    scene.edit(
        "image.toml",
        "[image.files]",
        &format!("[image.files]\n\"/etc/long\" = {{ text = '{long}' }}"),
    );
    scene.emit(&[]).expect(2).says(&["65535"]);
}

#[test]
fn where_it_is_emitted_does_not_matter() {
    let (one, two) = (Scene::of("rust"), Scene::of("rust"));
    one.emit(&[]).expect(0);
    two.emit(&[]).expect(0);
    assert_eq!(one.read("default.nix"), two.read("default.nix"));
}

#[test]
fn hashes_and_pins_are_kept() {
    let scene = Scene::of("spork-rust");
    scene.emit(&[]).expect(0);
    let bumped = "89abcdef0123456789abcdef0123456789abcdef";
    scene.edit(
        "default.nix",
        "upstreamRev = \"0123456789abcdef0123456789abcdef01234567\"",
        &format!("upstreamRev = \"{bumped}\""),
    );
    scene.edit(
        "default.nix",
        "version = \"0123456\"",
        "version = \"89abcde\"",
    );
    let text = scene.read("default.nix");
    scene.emit(&[]).expect(0);
    assert_eq!(scene.read("default.nix"), text);
    // A key that has nothing to do with them.
    scene.edit(
        "image.toml",
        "[image.source]",
        "[image.config]\nworkdir = \"/srv\"\n[image.source]",
    );
    scene.emit(&[]).expect(0);
    let after = scene.read("default.nix");
    assert!(
        after.contains(bumped) && after.contains("89abcde") && after.contains("/srv"),
        "{after}"
    );
    // A pin that the spec says anew is no longer the old one.
    scene.edit(
        "image.toml",
        "0123456789abcdef0123456789abcdef01234567",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    );
    scene.emit(&[]).expect(0);
    assert!(
        scene
            .read("default.nix")
            .contains("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    );
}

#[test]
fn a_hash_is_kept_for_what_it_is_of() {
    let scene = Scene::of("binary");
    scene.emit(&[]).expect(0);
    let hash = "sha256-//////////////////////////////////////////8=";
    scene.edit("default.nix", "lib.fakeHash", &format!("\"{hash}\""));
    scene.emit(&[]).expect(0);
    assert!(scene.read("default.nix").contains(hash));
    scene.edit("image.toml", "tool-1.4.2-arm64", "other-1.4.2-arm64");
    scene.emit(&[]).expect(0);
    assert!(!scene.read("default.nix").contains(hash));
}

#[test]
fn what_was_edited_by_hand_is_not_lost() {
    let scene = Scene::of("script-layered");
    scene.emit(&[]).expect(0);
    scene.edit("default.nix", "maxLayers = 100", "maxLayers = 90");
    let edited = scene.read("default.nix");
    let run = scene.emit(&[]).expect(2);
    let run = run.says(&[
        "edited by hand",
        "--force",
        "-  maxLayers = 90;",
        "+  maxLayers = 100;",
    ]);
    assert_eq!((scene.read("default.nix"), run.out.as_str()), (edited, ""));
    scene.emit(&["--force"]).expect(0);
    assert!(scene.read("default.nix").contains("maxLayers = 100"));

    scene.write("default.nix", "{ }\n");
    scene
        .emit(&[])
        .expect(2)
        .says(&["cotter did not make this file"]);
    scene.emit(&["--force"]).expect(0);
}

#[test]
fn a_dry_run_writes_nothing() {
    let scene = Scene::of("script-layered");
    let run = scene.emit(&["--dry-run"]).expect(1);
    assert_eq!(run.out, "would create default.nix\n");
    assert!(!scene.path("default.nix").exists());
    let run = scene.emit(&["--dry-run", "--diff"]).expect(1);
    assert!(
        run.out.contains("+pkgs.dockerTools.buildLayeredImage {"),
        "{}",
        run.out
    );
    let printed = scene.emit(&["--stdout"]).expect(0).out;
    let json = scene.emit(&["--format", "json"]).expect(0).json();
    assert_eq!(json["files"][0]["status"], "created");
    assert_eq!(json["written"], true);
    assert_eq!(scene.read("default.nix"), printed);
}

#[test]
fn templates_may_be_replaced() {
    let scene = Scene::of("script-layered");
    fs::create_dir_all(scene.path("mine/nix/builder")).unwrap();
    let own = "pkgs.ourTools.buildImage { inherit config; {{> naming}} }\n";
    scene.write("mine/nix/builder/layered.nix.hbs", own);
    scene.emit(&["--templates", "mine"]).expect(0);
    assert!(
        scene
            .read("default.nix")
            .contains("pkgs.ourTools.buildImage")
    );
    scene.write("mine/nix/builder/layered.nix.hbs", "{{nix_str nothing}}\n");
    scene
        .emit(&["--templates", "mine"])
        .expect(2)
        .says(&["layered", "not found"]);
    scene.write("mine/nix/builder/layerd.nix.hbs", "");
    scene
        .emit(&["--templates", "mine"])
        .expect(2)
        .says(&["no template has this path"]);
}

#[test]
fn a_flake_brings_what_publishes_it() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
    let scene = Scene::of("flake-alone");
    scene.emit(&["--flake=alone"]).expect(0);
    let mut parts = support::folder::files(&library.join("publish"));
    for part in &mut parts {
        *part = Path::new("publish").join(&*part);
    }
    parts.push("publish.nix".into());
    assert!(parts.len() > 5);
    for part in parts {
        let emitted = scene.read(part.to_str().unwrap());
        let kept = |line: &&str| {
            let is_header = line.starts_with("# Part of what publishes")
                || line.starts_with("# cotter image emit")
                || line.starts_with("# cotter: text");
            !is_header
        };
        let without_header: Vec<&str> = emitted.lines().filter(kept).collect();
        let original = fs::read_to_string(library.join(&part)).unwrap();
        assert_eq!(
            without_header,
            original.lines().collect::<Vec<_>>(),
            "{}",
            part.display()
        );
    }
    // With the library as an input nothing of it is there.
    let scene = Scene::of("flake-alone");
    scene
        .emit(&[
            "--flake=alone",
            "--lib",
            "git+https://git.example.org/cotter",
        ])
        .expect(0);
    assert!(!scene.path("publish.nix").exists());
    assert!(scene.read("flake.nix").contains("cotter.lib.mkPublishApps"));
}

#[test]
fn the_schema_is_one() {
    let scene = Scene::of("rust");
    let schema: serde_json::Value = scene.cotter(&["image", "schema"]).expect(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in cases().iter().filter(|case| !case.starts_with("wrong")) {
        let text = fs::read_to_string(fixtures().join(case).join("in/image.toml")).unwrap();
        let value = serde_json::to_value(toml::from_str::<toml::Value>(&text).unwrap()).unwrap();
        assert!(validator.is_valid(&value), "{case}");
    }
}

#[test]
fn a_spec_may_stand_in_the_workspaces_own_file() {
    let scene = Scene::of("script-layered");
    let spec = scene.read("image.toml").replace("[image", "[image.hello");
    fs::remove_file(scene.path("image.toml")).unwrap();
    scene.write(
        "cotter.toml",
        &format!("[container.hello]\nnix = \"containers/hello/default.nix\"\n{spec}"),
    );
    scene.cotter(&["image", "emit", "hello"]).expect(0);
    let text = scene.read("containers/hello/default.nix");
    assert!(
        text.contains("from [image.hello] of cotter.toml") && text.contains("${../../run.sh}"),
        "{text}"
    );
    scene
        .cotter(&["image", "emit", "other"])
        .expect(2)
        .says(&["no spec is named `other`", "hello"]);
}
