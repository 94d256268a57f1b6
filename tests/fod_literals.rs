//! The hash literals of the trees of `fixtures/fod_literals`, and the same trees with fakes in their places.
//!
//! A case is a folder with `in/` and `expected.json`. `SNAPSHOTS=overwrite cargo test --test fod_literals` writes the
//! latter anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cotter::config::Config;
use cotter::fod::{Kind, Literal, Literals, apply, fake, find};
use cotter::source::{RelPath, Workspace};
use serde_json::{Value, json};
use snapbox::{Assert, Data};

fn look(workspace: &Workspace) -> Literals {
    let files = workspace.files(&RelPath::root(), &[]);
    find(workspace, &Config::default(), &files)
}

fn row(literal: &Literal) -> Value {
    let position = literal.position().unwrap();
    let says = match &literal.kind {
        Kind::Hash(text) => {
            json!({ "hash": text.hash.to_string(), "spelling": format!("{:?}", text.spelling) })
        }
        Kind::Placeholder => json!({ "placeholder": literal.spot.value }),
    };
    json!({
        "name": literal.name.to_string(),
        "at": format!("{}:{}:{}", literal.path(), position.line, position.column),
        "algo": literal.algo.name(),
        "says": says,
        "named": literal.is_named_like_hash,
        "system": literal.system,
        "role": format!("{:?}", literal.role),
    })
}

/// One line for each literal.
fn listing(found: &Literals) -> String {
    let rows = found.literals.iter().map(row);
    let problems = found.problems.iter().map(|problem| {
        let at = problem.position;
        json!(format!(
            "{}:{}:{}: {}",
            problem.file, at.line, at.column, problem.message
        ))
    });
    let lines: Vec<String> = rows.chain(problems).map(|row| row.to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fod_literals");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 9, "{cases:?}");
    cases
}

#[test]
fn every_case_lists_what_is_expected() {
    let assert = Assert::new().action_env("SNAPSHOTS");
    for case in cases() {
        let workspace = Workspace::at(&case.join("in")).unwrap();
        assert.eq(
            Data::text(listing(&look(&workspace))),
            Data::read_from(&case.join("expected.json"), None).raw(),
        );
    }
}

#[test]
fn every_literal_takes_its_fake_and_its_value_again() {
    for case in cases() {
        let workspace = Workspace::at(&case.join("in")).unwrap();
        let found = look(&workspace).literals;
        let fakes: Vec<_> = found.iter().map(fake).collect();
        let distinct: BTreeSet<_> = fakes.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{}", case.display());

        let changed = apply(&workspace, found.iter().zip(&fakes)).unwrap();
        let faked = workspace.with_overlay(changed);
        let again = look(&faked).literals;
        let names = |literals: &[Literal]| -> Vec<_> {
            let name = |l: &Literal| (l.path().clone(), l.name.clone(), l.algo);
            literals.iter().map(name).collect()
        };
        assert_eq!(names(&again), names(&found), "{}", case.display());
        for (literal, expected) in again.iter().zip(&fakes) {
            assert_eq!(literal.hash(), Some(expected), "{}", literal.name);
            assert_eq!(fake(literal), *expected, "{}", literal.name);
        }
        // What held a hash gets it back: then the text is as it was but for places of placeholders.
        let known = found
            .iter()
            .zip(&again)
            .filter_map(|(before, now)| Some((now, before.hash()?)));
        for file in apply(&faked, known).unwrap() {
            let before = workspace.read(file.path()).unwrap();
            let is_whole = found
                .iter()
                .filter(|literal| literal.path() == file.path())
                .all(|literal| matches!(&literal.kind, Kind::Hash(text) if literal.spot.value == text.hash.spell(text.spelling)));
            if is_whole {
                assert_eq!(file.text(), before.text());
            }
        }
    }
}
