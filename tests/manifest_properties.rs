//! What holds for any text and any value of YAML, JSON and TOML.

use std::fs;
use std::path::Path;

use cotter::edit::apply;
use cotter::manifest::{
    AttrPath, Format, Located, ManifestError, Style, cargo_lock, kustomization, nixbuild, parse_as,
    service_versions,
};
use cotter::source::{RelPath, SourceFile};
use proptest::prelude::*;

/// The texts of all fixtures.
fn corpus() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifest")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Some(ending @ ("yaml" | "json" | "toml")) =
                path.extension().and_then(|e| e.to_str())
            {
                found.push((format!("f.{ending}"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50);
    found
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile::from_text(RelPath::new(name).unwrap(), text.to_owned())
}

/// Changes each scalar of a file to `new` and checks all that an edit promises. Returns how many could be changed.
fn change_each(file: &SourceFile, new: &str) -> usize {
    let tree = cotter::manifest::parse(file).unwrap();
    let mut changed = 0;
    for scalar in tree.scalars() {
        let token = &file.text()[scalar.span.clone()];
        match scalar.style {
            Style::Single => assert!(
                token.len() >= 2 && token.starts_with('\'') && token.ends_with('\''),
                "{token}"
            ),
            Style::Double => assert!(
                token.len() >= 2 && token.starts_with('"') && token.ends_with('"'),
                "{token}"
            ),
            Style::Plain if !token.contains('\n') => assert_eq!(token, scalar.value),
            _ => assert_eq!(token, token.trim_end_matches('\n')),
        }
        let located = Located::new(scalar, tree.format, AttrPath::default());
        let edit = match located.replace(file, new) {
            Ok(edit) => edit,
            // A block of several lines, a number of JSON.
            Err(ManifestError::Unsupported { .. }) => continue,
            Err(ManifestError::NotProven { reason, .. })
                if reason.contains("comes twice") || reason.contains("duplicate key") =>
            {
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(edit.range, scalar.span);
        let next = apply(file.text(), std::slice::from_ref(&edit)).unwrap();
        assert_eq!(
            &next[..scalar.span.start],
            &file.text()[..scalar.span.start]
        );
        assert_eq!(
            &next[scalar.span.start + edit.text.len()..],
            &file.text()[scalar.span.end..]
        );
        let again = parse_as(&file.with_text(next), tree.format).unwrap();
        let (before, after) = (tree.scalars(), again.scalars());
        assert_eq!(before.len(), after.len());
        for (old, now) in before.iter().zip(after) {
            match old.span == scalar.span {
                true => assert_eq!(now.text(), new),
                false => assert_eq!((&old.value, old.style), (&now.value, now.style)),
            }
        }
        changed += 1;
    }
    changed
}

#[test]
fn nearly_every_value_of_the_corpus_can_be_changed() {
    let (mut all, mut changed) = (0, 0);
    for (name, text) in corpus() {
        let file = file(&name, &text);
        all += cotter::manifest::parse(&file).unwrap().scalars().len();
        changed += change_each(&file, "fresh-1d37d29");
    }
    assert!(changed * 10 > all * 9, "{changed} of {all}");
}

#[test]
fn numbers_stay_strings_for_another_reader() {
    // toml and serde_json type what they read: a string must stay one.
    let json = file("f.json", "{\"a\": \"x\"}");
    let toml = file("f.toml", "a = 'x'\n");
    for new in [
        "1.10",
        "true",
        "null",
        "2024-01-01",
        "0x1f",
        "\u{7f}\u{0}\u{1f}\"\\'",
        "😀\u{2028}",
        "",
    ] {
        for file in [&json, &toml] {
            let tree = cotter::manifest::parse(file).unwrap();
            let scalar = tree.documents[0].get("a").unwrap().as_scalar().unwrap();
            let edit = Located::new(scalar, tree.format, AttrPath::default())
                .replace(file, new)
                .unwrap();
            let text = apply(file.text(), &[edit]).unwrap();
            let read = match tree.format {
                Format::Json => serde_json::from_str::<serde_json::Value>(&text).unwrap()["a"]
                    .as_str()
                    .map(str::to_owned),
                _ => toml::from_str::<toml::Value>(&text).unwrap()["a"]
                    .as_str()
                    .map(str::to_owned),
            };
            assert_eq!(read.as_deref(), Some(new));
        }
    }
}

/// Whatever the text, each reader gives an answer.
fn read_all(text: &str) {
    for name in ["f.yaml", "f.json", "f.toml"] {
        let file = file(name, text);
        if let Ok(tree) = cotter::manifest::parse(&file) {
            for scalar in tree.scalars() {
                assert!(file.text().get(scalar.span.clone()).is_some());
                let _ =
                    Located::new(scalar, tree.format, AttrPath::default()).replace(&file, "1.10");
            }
        }
        let _ = nixbuild::find(&file);
        let _ = kustomization::find(&file);
        let _ = service_versions::find(&file, "kingfisher");
        let _ = cargo_lock::read(&file).map(|lock| lock.fit(&file, None));
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "a",
            ": ",
            "- ",
            "\n",
            "\r\n",
            "  ",
            "\t",
            "'",
            "\"",
            "{",
            "}",
            "[",
            "]",
            ",",
            "#",
            " #",
            "&x ",
            "*x",
            "!!str ",
            "!",
            "|\n",
            ">-\n",
            "---\n",
            "...\n",
            "? ",
            "%",
            "\\",
            "é",
            "😀",
            "{{ ",
            " }}",
            "key: v\n",
            "<<: *x\n",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\0",
            "enbi.hrzn.ee/",
            "=",
            "\"\"\"",
            "'''",
            "flakeUrl",
            "\r",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec(piece(), 0..40)) {
        read_all(&pieces.concat());
    }

    #[test]
    fn no_mutation_of_a_fixture_makes_it_panic(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), len in 0usize..6, new in piece(),
    ) {
        let corpus = corpus();
        let (_, text) = which.get(&corpus);
        let chars: Vec<char> = text.chars().collect();
        let from = at.index(chars.len() + 1);
        let to = (from + len).min(chars.len());
        let mutated: String = chars[..from].iter().chain(new.chars().collect::<Vec<_>>().iter()).chain(&chars[to..]).collect();
        read_all(&mutated);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_replaces_any_other_and_nothing_else(which in any::<prop::sample::Index>(), new in prop_oneof!["\\PC{0,12}", "[-+0-9a-fxe_.:~ #'\"\\\\]{0,8}", any::<String>()]) {
        let corpus = corpus();
        let (name, text) = which.get(&corpus);
        change_each(&file(name, text), &new);
    }
}
