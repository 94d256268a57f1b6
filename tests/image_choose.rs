//! `cotter image choose` over the folders of `fixtures/image_choose`.
//!
//! A case is a folder with `in/` and `expected.txt`, what is printed. `SNAPSHOTS=overwrite cargo test --test
//! image_choose` writes that anew.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cotter::image::spec;
use cotter::source::{RelPath, SourceFile};
use snapbox::{Assert, Data};
use support::command;
use support::cotter::{Run, ran};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/image_choose")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// `image choose` in a git work tree with the files of `case`, in the folder `hello`.
fn choose(case: &Path, arguments: &[&str]) -> Run {
    let made = tempfile::tempdir().unwrap();
    let folder = made.path().join("hello");
    copy(&case.join("in"), &folder);
    fs::create_dir(folder.join(".git")).unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_cotter"), made.path());
    command.current_dir(&folder).args(["image", "choose"]);
    ran(command.args(arguments))
}

#[test]
fn every_folder_gets_its_method() {
    for case in cases() {
        let run = choose(&case, &[]).expect(0);
        assert_eq!(run.err, "", "{}", case.display());
        let expected = Data::read_from(&case.join("expected.txt"), None);
        Assert::new().action_env("SNAPSHOTS").eq(run.out, expected);
    }
}

#[test]
fn json_says_the_same_and_every_spec_is_one() {
    let mut with_spec = 0;
    for case in cases() {
        let json = choose(&case, &["--format", "json"]).expect(0).json();
        let human = choose(&case, &[]).expect(0).out;
        assert_eq!(json["schema"], 1);
        let method = json["method"].as_str().unwrap();
        assert!(human.starts_with(&format!(".: {method}\n")), "{human}");
        for reason in json["reasons"].as_array().unwrap() {
            assert!(human.contains(reason["text"].as_str().unwrap()));
        }
        if let Some(text) = json["spec"].as_str() {
            let path = RelPath::new(spec::FILE).unwrap();
            let source = SourceFile::from_text(path, text.to_owned());
            let read = spec::of_file(&source).unwrap();
            assert_eq!(read.name, "hello");
            assert_eq!(read.builder.map(spec::Method::name), Some(method));
            assert_eq!(json["source"]["kind"], read.source.kind());
            with_spec += 1;
        }
    }
    assert!(with_spec > 10, "{with_spec}");
}

#[test]
fn what_is_no_folder_is_refused() {
    let case = fixtures().join("script");
    choose(&case, &["run.sh"]).expect(2).says(&["not a folder"]);
    choose(&case, &["missing"])
        .expect(2)
        .says(&["no such file or folder"]);
}
