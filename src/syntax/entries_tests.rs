//! Entries among odd neighbours: only the lines of what changes change.

use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::edit;
use crate::source::{RelPath, SourceFile, Workspace};

/// The set `hashes` of `text` without the entries `remove` and with `add`, each of the value "v".
fn changed(
    text: &str,
    add: &[&str],
    remove: &[&str],
    after: Option<&str>,
) -> Result<String, EntryError> {
    let source = SourceFile::from_text(RelPath::new("x.nix").unwrap(), text.to_owned());
    let workspace = Workspace::at(&std::env::temp_dir()).unwrap();
    let library = Library::new(&workspace);
    let file = Rc::new(NixFile::parse(source.into()).unwrap());
    library.add(file.clone());
    let set = library
        .value(&file)
        .attrs()
        .and_then(|set| set.get(&library, "hashes").attrs())
        .expect("a set `hashes`");
    let edits = set.change(&EntryChange {
        add: add
            .iter()
            .map(|name| NewEntry {
                name: (*name).to_owned(),
                value: NewValue::Text("v".to_owned()),
            })
            .collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        after,
    })?;
    let edits: Vec<edit::Edit> = edits.into_iter().map(|(_, edit)| edit).collect();
    Ok(edit::apply(text, &edits).unwrap())
}

#[test]
fn an_entry_comes_where_it_belongs() {
    for (text, add, expected) in [
        // On one line.
        (
            "{ hashes = { }; x = 1; }",
            "b",
            "{ hashes = { b = \"v\"; }; x = 1; }",
        ),
        (
            "{ hashes = {}; x = 1; }",
            "b",
            "{ hashes = { b = \"v\"; }; x = 1; }",
        ),
        (
            "{ hashes = { a = 1; c = 2; }; }",
            "b",
            "{ hashes = { a = 1; b = \"v\"; c = 2; }; }",
        ),
        (
            "{ hashes = {c=2;}; }",
            "b",
            "{ hashes = {b = \"v\"; c=2;}; }",
        ),
        (
            "{ hashes = {a=2;}; }",
            "b",
            "{ hashes = {a=2; b = \"v\";}; }",
        ),
        (
            "{ hashes = { /* none */ }; }",
            "b",
            "{ hashes = { /* none */ b = \"v\"; }; }",
        ),
        // Half on one line.
        (
            "{ hashes = { a = 1; # x\n}; }",
            "b",
            "{ hashes = { a = 1; b = \"v\"; # x\n}; }",
        ),
        // On lines.
        (
            "{\n  hashes = { };\n}",
            "b",
            "{\n  hashes = {\n    b = \"v\";\n  };\n}",
        ),
        (
            "{\n  hashes = {\n    # none\n  };\n}",
            "b",
            "{\n  hashes = {\n    # none\n    b = \"v\";\n  };\n}",
        ),
        (
            "{\n\thashes = {\n\t\ta = 1; # x\n\t\tc = 2;\n\t};\n}",
            "b",
            "{\n\thashes = {\n\t\ta = 1; # x\n\t\tb = \"v\";\n\t\tc = 2;\n\t};\n}",
        ),
        (
            "{\n  hashes = {\n    # of c\n    c = 2;\n  };\n}",
            "b",
            "{\n  hashes = {\n    b = \"v\";\n    # of c\n    c = 2;\n  };\n}",
        ),
        (
            "{\n  hashes = {\n    a = ''\n      x\n    '';\n  };\n}",
            "b",
            "{\n  hashes = {\n    a = ''\n      x\n    '';\n    b = \"v\";\n  };\n}",
        ),
        (
            "{\r\n  hashes = {\r\n    a = 1; # x\r\n  };\r\n}",
            "b",
            "{\r\n  hashes = {\r\n    a = 1; # x\r\n    b = \"v\";\r\n  };\r\n}",
        ),
        // By its whole path.
        (
            "{\n  hashes.a = 1;\n  x = 2;\n}",
            "b-1.0",
            "{\n  hashes.a = 1;\n  hashes.\"b-1.0\" = \"v\";\n  x = 2;\n}",
        ),
        (
            "rec { x = { \"hashes\".c = 1; }; inherit (x) hashes; }",
            "${b}\"",
            "rec { x = { \"hashes\".\"\\${b}\\\"\" = \"v\"; \"hashes\".c = 1; }; inherit (x) hashes; }",
        ),
        (
            "{ hashes = rec { inherit a; c = a; }; }",
            "b",
            "{ hashes = rec { inherit a; b = \"v\"; c = a; }; }",
        ),
        (
            "{ hashes = { if' = 1; }; }",
            "in",
            "{ hashes = { if' = 1; \"in\" = \"v\"; }; }",
        ),
    ] {
        assert_eq!(
            changed(text, &[add], &[], None).unwrap(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn an_entry_goes_with_its_line() {
    for (text, remove, expected) in [
        (
            "{ hashes = { a = 1; b = 2; }; }",
            &["a"][..],
            "{ hashes = { b = 2; }; }",
        ),
        (
            "{ hashes = { a = 1; b = 2; }; }",
            &["b"],
            "{ hashes = { a = 1; }; }",
        ),
        (
            "{ hashes = { a = 1; b = 2; }; }",
            &["a", "b"],
            "{ hashes = { }; }",
        ),
        (
            "{\n  hashes = {\n    # of all\n    a = 1; /* one */ # two\n    b = 2;\n  };\n}",
            &["a"],
            "{\n  hashes = {\n    # of all\n    b = 2;\n  };\n}",
        ),
        (
            "{\r\n  hashes = {\r\n    a = 1; # x\r\n\r\n    b = 2;\r\n  };\r\n}",
            &["a", "b"],
            "{\r\n  hashes = {\r\n\r\n  };\r\n}",
        ),
        (
            "{\n  hashes = {\n    a = 1; b = 2; # both\n  };\n}",
            &["b"],
            "{\n  hashes = {\n    a = 1; # both\n  };\n}",
        ),
        (
            "{\n  hashes.a = 1;\n  hashes.b = 2;\n}",
            &["a"],
            "{\n  hashes.b = 2;\n}",
        ),
        (
            "{\n  hashes = {\n    a =\n      1;\n  };\n}",
            &["a"],
            "{\n  hashes = {\n  };\n}",
        ),
        (
            "{ hashes = { a = 1; } // { b = 2; }; }",
            &["a"],
            "{ hashes = { } // { b = 2; }; }",
        ),
    ] {
        assert_eq!(
            changed(text, &[], remove, None).unwrap(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn an_entry_takes_the_place_of_another() {
    for (text, expected) in [
        ("{ hashes = { a = 1; }; }", "{ hashes = { b = \"v\"; }; }"),
        (
            "{\n  hashes = {\n    a = 1; # old\n  }; # kept\n}",
            "{\n  hashes = {\n    b = \"v\";\n  }; # kept\n}",
        ),
        ("{\n  hashes.a = 1;\n}", "{\n  hashes.b = \"v\";\n}"),
    ] {
        assert_eq!(changed(text, &["b"], &["a"], None).unwrap(), expected);
    }
    assert_eq!(
        changed(
            "{\n  hashes = {\n    c = 1;\n    a = 1;\n  };\n}",
            &["b", "d"],
            &["a"],
            Some("c")
        )
        .unwrap(),
        "{\n  hashes = {\n    c = 1;\n    b = \"v\";\n    d = \"v\";\n  };\n}"
    );
}

#[test]
fn what_is_no_entry_is_refused() {
    for (text, add, remove, after) in [
        ("{ hashes = { a = 1; }; }", &["a"][..], &[][..], None),
        ("{ hashes = { a = 1; }; }", &[], &["b"], None),
        ("{ hashes = { inherit a; }; }", &[], &["a"], None),
        ("{ hashes = { a.b = 1; }; }", &[], &["a"], None),
        ("{ hashes = { a = 1; }; }", &["b"], &[], Some("c")),
        ("{ hashes = f x; }", &["b"], &[], None),
    ] {
        let error = changed(text, add, remove, after).unwrap_err();
        assert!(
            matches!(error, EntryError::NoPlace { .. }),
            "{text}: {error}"
        );
    }
    // What stands for more than itself is not taken out.
    let error = changed("{ hashes = { a = { b = 1; }; }; }", &[], &["a"], None).unwrap_err();
    assert!(matches!(error, EntryError::NotProven { .. }), "{error}");
}

proptest! {
    #[test]
    fn any_layout_keeps_what_it_said(
        pieces in prop::collection::vec(
            (
                prop::sample::select(vec!["a", "c", "e", "g"]),
                prop::sample::select(vec![" ", "", "\n", "\n    ", " # c\n    ", "\r\n  ", "\n\n  # d\n  ", " /* e */ "]),
            ),
            0..5,
        ),
        dotted: bool,
        add in prop::sample::subsequence(vec!["b", "d", "f"], 0..3),
        remove_first: bool,
    ) {
        let mut pieces = pieces;
        pieces.sort_by_key(|(name, _)| *name);
        pieces.dedup_by_key(|(name, _)| *name);
        let prefix = if dotted { "hashes." } else { "" };
        let inner: String = pieces.iter().map(|(name, gap)| format!("{gap}{prefix}{name} = 1;{gap}")).collect();
        prop_assume!(!dotted || !pieces.is_empty());
        let text = match dotted {
            true => format!("{{{inner}x = 2; }}"),
            false => format!("{{\n  hashes = {{{inner}}};\n  x = 2; }}"),
        };
        let remove: Vec<&str> = pieces.first().filter(|_| remove_first).map(|(name, _)| *name).into_iter().collect();
        let out = changed(&text, &add, &remove, None).unwrap();
        let mut names: Vec<&str> = pieces.iter().map(|(name, _)| *name).filter(|name| !remove.contains(name)).chain(add.iter().copied()).collect();
        names.sort();
        let mut at = 0;
        for name in names {
            let sign = format!("{name} = ");
            let found = out[at..].find(&sign);
            prop_assert!(found.is_some(), "{name} in {out}");
            at += found.unwrap() + sign.len();
        }
        let is_gone = remove.iter().all(|name| !out.contains(&format!("{name} = 1;")));
        prop_assert!(is_gone, "{}", out);
        prop_assert!(out.contains("x = 2;"));
    }
}
