//! Every shape of a value in YAML, JSON and TOML, changed in place: `fixtures/manifest/<case>/in.*` becomes `expected.*`
//! byte by byte.

use std::fs;
use std::path::{Path, PathBuf};

use cotter::edit::apply;
use cotter::manifest::{AttrPath, Kind, Located, ManifestError, Node, parse};
use cotter::source::{Position, RelPath, SourceFile};

/// Case, way to the value (document, then keys and indices), new value.
const EDITS: &[(&str, &str, &str)] = &[
    ("plain", "0/tag", "677c7a5"),
    ("plain-comment", "0/tag", "677c7a5"),
    ("single-comment", "0/tag", "677c7a5"),
    ("double-comment", "0/tag", "677c7a5"),
    ("unicode-before", "0/größe/tag", "677c7a5"),
    ("unicode-quoted", "0/b", "677c7a5"),
    ("crlf", "0/spec/tag", "677c7a5"),
    ("crlf-quoted", "0/b", "677c7a5"),
    ("anchor", "0/tag", "677c7a5"),
    ("anchor-quoted-tag", "0/tag", "677c7a5"),
    ("tag-str", "0/tag", "677c7a5"),
    ("tag-anchor-next-line", "0/tag", "677c7a5"),
    ("through-alias", "0/images/0/newTag", "677c7a5"),
    ("flow-map", "0/images/0/newTag", "677c7a5"),
    ("flow-quoted", "0/a/1", "677c7a5"),
    ("flow-multiline", "0/a/tag", "677c7a5"),
    ("json-in-yaml", "0/spec/tag", "677c7a5"),
    ("multi-doc", "1/tag", "677c7a5"),
    ("directives", "0/tag", "677c7a5"),
    ("bare-scalar-doc", "1", "677c7a5"),
    ("seq-of-maps", "0/services/1/current-version", "677c7a5"),
    ("nested-seq", "0/1/0", "677c7a5"),
    ("literal", "0/tag", "677c7a5"),
    ("literal-strip", "0/tag", "677c7a5"),
    ("folded", "0/a/tag", "677c7a5"),
    ("literal-crlf", "0/tag", "677c7a5"),
    ("number-like-sha", "0/tag", "12345678"),
    ("exponent-like-sha", "0/tag", "1234e56"),
    ("octal-like", "0/tag", "0123456"),
    ("float-like", "0/version", "1.10"),
    ("bool-like", "0/version", "true"),
    ("needs-double", "0/a", "tab\there"),
    ("escapes", "0/a", "q\"b\\s é\n"),
    ("single-apostrophe", "0/a", "they're"),
    ("plain-multiline", "0/a", "three"),
    ("value-on-next-line", "0/a", "677c7a5"),
    ("explicit-key", "0/ck", "677c7a5"),
    ("duplicates-of-text", "0/b/tag", "677c7a5"),
    ("no-final-newline", "0/tag", "677c7a5"),
    ("merge-keys", "0/k/tag", "677c7a5"),
    (
        "flake-url",
        "0/spec/flakeUrl",
        "git+https://h/r.git?ref=main&rev=677c7a5d5fc42b655d38fbf95dc8b814d89ceabb",
    ),
    ("json", "0/a/tag", "677c7a5"),
    ("json-escapes", "0/a/0", "a\"\\/\n😀"),
    ("toml", "0/package/version", "677c7a5"),
    ("toml-literal", "0/pin/0/rev", "677c7a5"),
    ("toml-dotted", "0/a/b/c", "677c7a5"),
    ("toml-switches", "0/a", "it's"),
    ("toml-multiline", "0/a", "x\"y"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifest")
}

fn load(case: &str, stem: &str) -> SourceFile {
    let (name, bytes) = ["yaml", "json", "toml"]
        .iter()
        .find_map(|ending| {
            let name = format!("{stem}.{ending}");
            Some((name.clone(), fs::read(folder().join(case).join(name)).ok()?))
        })
        .unwrap_or_else(|| panic!("fixtures/manifest/{case}/{stem}.* is missing"));
    SourceFile::from_bytes(RelPath::new(name).unwrap(), bytes).unwrap()
}

fn step<'a>(node: &'a Node, step: &str) -> &'a Node {
    match &node.kind {
        Kind::Sequence(items) => &items[step.parse::<usize>().unwrap()],
        _ => node.get(step).unwrap_or_else(|| panic!("no key {step}")),
    }
}

fn locate(file: &SourceFile, way: &str) -> Located {
    let tree = parse(file).unwrap_or_else(|error| panic!("{error}"));
    let mut steps = way.split('/');
    let document = &tree.documents[steps.next().unwrap().parse::<usize>().unwrap()];
    let node = steps.fold(document, step);
    Located::new(node.as_scalar().unwrap(), tree.format, AttrPath::default())
}

#[test]
fn every_shape_is_edited_in_place() {
    for (case, way, new) in EDITS {
        let file = load(case, "in");
        let located = locate(&file, way);
        let edit = located
            .replace(&file, new)
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        let changed = file.with_text(apply(file.text(), &[edit]).unwrap());
        assert_eq!(changed.text(), load(case, "expected").text(), "{case}");
        let again = locate(&changed, way);
        assert_eq!(again.value, *new, "{case}");
        let edit = again.replace(&changed, new).unwrap();
        assert_eq!(
            apply(changed.text(), &[edit]).unwrap(),
            changed.text(),
            "{case}: a second time"
        );
    }
}

#[test]
fn every_case_is_in_the_table() {
    let mut folders: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut cases: Vec<String> = EDITS.iter().map(|(case, ..)| (*case).to_owned()).collect();
    folders.sort();
    cases.sort();
    assert_eq!(folders, cases);
}

fn yaml(text: &str) -> SourceFile {
    SourceFile::from_text(RelPath::new("f.yaml").unwrap(), text.to_owned())
}

fn refused(text: &str, way: &str, new: &str) -> String {
    let file = yaml(text);
    locate(&file, way)
        .replace(&file, new)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_cannot_be_replaced_in_place_is_said() {
    assert_eq!(
        refused("a: |\n  one\n  two\n", "0/a", "x"),
        "f.yaml:2:3: `one\ntwo` cannot be replaced in place: a block of several lines"
    );
    assert_eq!(
        refused("a: |\n  one\n", "0/a", "x\ny"),
        "f.yaml:2:3: `one` cannot be replaced in place: the new value does not fit into a block of one line"
    );
    assert_eq!(
        refused("a:\n", "0/a", "x"),
        "f.yaml:1:2: `` cannot be replaced in place: nothing stands there yet"
    );
    let json = SourceFile::from_text(RelPath::new("f.json").unwrap(), "{\"a\": 1}".into());
    let error = locate(&json, "0/a").replace(&json, "2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "f.json:1:7: `1` cannot be replaced in place: it is not a string"
    );
}

#[test]
fn a_value_of_another_text_is_not_written_over() {
    let located = locate(&yaml("a: one\nb: two\n"), "0/b");
    for text in [
        "a: ones\nb: two\n",
        "a: one\nb: too\n",
        "",
        "b: two\na: one\n",
    ] {
        let error = located.replace(&yaml(text), "x").unwrap_err();
        assert!(
            matches!(
                error,
                ManifestError::NotProven { .. } | ManifestError::Unsupported { .. }
            ),
            "{error}"
        );
    }
}

fn fault(name: &str, text: &str) -> (Position, String) {
    let file = SourceFile::from_text(RelPath::new(name).unwrap(), text.to_owned());
    match parse(&file).unwrap_err() {
        ManifestError::Syntax {
            at, message, hint, ..
        } => (at, format!("{message}{}", hint.map_or("", |_| " (hint)"))),
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_not_read_is_a_value_with_its_place() {
    let at = |line, column| Position { line, column };
    for (name, text, place, message) in [
        (
            "f.yaml",
            "ä: {{ .Values.x }}\n",
            at(1, 5),
            "a template, `{{ … }}` (hint)",
        ),
        (
            "f.yaml",
            "a:\n  {{- if .x }}\n",
            at(2, 5),
            "\"-\" is only valid inside a block (hint)",
        ),
        (
            "f.yaml",
            "a: 1\nb: 2\na: 3\n",
            at(3, 1),
            "the key `a` comes twice in one mapping",
        ),
        (
            "f.yaml",
            "a: &x 1\n---\nb: *x\n",
            at(3, 4),
            "an alias for an anchor that this document does not have",
        ),
        (
            "f.json",
            "{\"a\": 1, \"a\": 2}",
            at(1, 10),
            "the key `a` comes twice in one object",
        ),
        ("f.json", "", at(1, 1), "the file is empty"),
        ("f.toml", "a = 1\na = 2\n", at(2, 1), "duplicate key"),
    ] {
        assert_eq!(fault(name, text), (place, message.to_owned()), "{text}");
    }
    assert_eq!(fault("f.json", "{\"a\": \"\\ud83d\"}").0.line, 1);
    let deep = "[".repeat(100_000);
    for name in ["f.yaml", "f.json", "f.toml"] {
        let text = if name == "f.toml" {
            format!("a = {deep}")
        } else {
            deep.clone()
        };
        let (at, message) = fault(name, &text);
        assert!(at.column <= 1300, "{name}: {at:?} {message}");
    }
    let (_, message) = fault("f.yaml", &"- ".repeat(100_000));
    assert_eq!(message, "nested more than 200 levels deep");
}

#[test]
fn aliases_are_not_expanded() {
    let mut text = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let before = level - 1;
        text += &format!("a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}]\n");
    }
    // 4^59 values, were they expanded; and one long scalar with many names.
    text += &format!(
        "s: &s {}\nmany: [{}]\ntag: old\n",
        "x".repeat(100_000),
        "*s, ".repeat(50_000)
    );
    let file = yaml(&text);
    let edit = locate(&file, "0/tag").replace(&file, "new").unwrap();
    assert_eq!(
        apply(file.text(), &[edit]).unwrap(),
        text.replace("tag: old", "tag: new")
    );
}
