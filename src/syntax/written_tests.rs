//! What is read off the set around a value.

use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::source::{RelPath, SourceFile, Workspace};

/// The set that binds `hash` to the text `here` in `text`.
fn around(text: &str) -> Option<Written> {
    let path = RelPath::new("default.nix").unwrap();
    let source = SourceFile::from_text(path, text.to_owned());
    let workspace = Workspace::at(&std::env::temp_dir()).unwrap();
    let library = Library::new(&workspace);
    let file = Rc::new(NixFile::parse(Arc::new(source)).unwrap());
    written_beside(&library, &file, text.find("here").unwrap(), "hash")
}

fn told(text: &str) -> String {
    let Some(written) = around(text) else {
        return "none".to_owned();
    };
    let values = written.values.iter().map(|(path, value)| {
        let value = match value {
            Plain::Text(text) => format!("{text:?}"),
            Plain::Int(number) => number.to_string(),
            Plain::Bool(is) => is.to_string(),
        };
        format!("{}={value}", path.join("."))
    });
    let others = written.others.iter().map(|path| path.join("."));
    let mut words: Vec<String> = values.chain(others).collect();
    words.extend(written.is_whole.then(|| "whole".to_owned()));
    words.extend(written.function.map(|name| format!("of {name}")));
    words.join(" ")
}

#[test]
fn values_that_stand_there_are_told() {
    for (set, expected) in [
        (
            r#"A = "x\n\"y"; hash = "here";"#,
            r#"A="x\n\"y" hash="here" whole"#,
        ),
        (r#"A = ("x"); hash = "here";"#, r#"A="x" hash="here" whole"#),
        (
            r#"A = 7; B = true; C = false; hash = "here";"#,
            r#"A=7 B=true C=false hash="here" whole"#,
        ),
        (
            "A = https://example.org/x; hash = \"here\";",
            r#"A="https://example.org/x" hash="here" whole"#,
        ),
        (
            r#"A = "x${y}"; B = y; C = [ "x" ]; D = ./x; E = 1.5; hash = "here";"#,
            r#"hash="here" A B C D E whole"#,
        ),
        (
            r#"e.A = "x"; e.b.C = "y"; hash = "here";"#,
            r#"e.A="x" hash="here" e.b whole"#,
        ),
        (
            r#"e = { A = "x"; b.C = "y"; d = { }; }; hash = "here";"#,
            r#"e.A="x" hash="here" e.b e.d whole"#,
        ),
        (
            r#"e = { inherit A; B = "x"; }; hash = "here";"#,
            r#"e.B="x" hash="here" e whole"#,
        ),
        (
            r#"e = { ${A} = "x"; }; f.${A} = "y"; hash = "here";"#,
            r#"hash="here" e f whole"#,
        ),
        (
            r#"e = { A = "x"; } // y; hash = "here";"#,
            r#"hash="here" e whole"#,
        ),
        (
            r#"inherit A; inherit (b) C; hash = "here";"#,
            r#"hash="here" A C"#,
        ),
        (
            r#"${A} = "x"; B = "y"; hash = "here";"#,
            r#"B="y" hash="here""#,
        ),
    ] {
        assert_eq!(told(&format!("{{ {set} }}")), expected, "{set}");
    }
}

#[test]
fn equal_texts_are_equal_however_they_are_written() {
    for same in [
        &[r#""a""#, "''a''", "''  a''", "''\n  a''", "(\"a\")"][..],
        &[
            "\"a\\n  b\\n\"",
            "''\n  a\n  b\n''",
            "''\n      a\n        b\n    ''",
            "''a\r\n\tb\r\n''",
            "\"a\n b\n\"",
        ],
        &["\"\"", "''''", "''  ''", "''\n  ''"],
        &[r#""\${x}""#, "''''${x}''"],
    ] {
        let texts: Vec<Written> = same
            .iter()
            .map(|value| around(&format!("{{ A = {value}; hash = \"here\"; }}")).unwrap())
            .collect();
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
        assert_eq!(texts[0].values.len(), 2, "{texts:#?}");
    }
    let [one, other] =
        [r#""a""#, r#"" a""#].map(|value| around(&format!("{{ A = {value}; hash = \"here\"; }}")));
    assert_ne!(one, other, "what is no indentation counts");
}

#[test]
fn the_set_is_that_which_binds_the_value() {
    let whole = r#"A="x" hash="here" whole of mk"#;
    for (text, expected) in [
        (r#"s.mk { A = "x"; hash = "here"; }"#, whole),
        (r#"s.mk (self: { A = "x"; hash = "here"; })"#, whole),
        (
            r#"mk "n" (let b = 1; in rec { A = "x"; hash = "here"; }) ''script''"#,
            whole,
        ),
        (
            r#"mk ({ A = "x"; hash = "here"; } // more)"#,
            r#"A="x" hash="here" of mk"#,
        ),
        (
            r#"mk (more // { A = "x"; hash = "here"; })"#,
            r#"A="x" hash="here" of mk"#,
        ),
        (
            r#"mk { A = "x"; hash = { x = "here"; y = ""; }.${z}; }"#,
            r#"A="x" hash whole of mk"#,
        ),
        (
            r#"mk { A = "x"; hash = if z then "here" else ""; }"#,
            r#"A="x" hash whole of mk"#,
        ),
        (
            r#"let h = "here"; in mk { A = "x"; hash = h; }"#,
            r#"A="x" hash whole of mk"#,
        ),
        (
            r#"let h = "here"; in [ (mk { A = "x"; hash = h; }) { hash = h; } ]"#,
            "none",
        ),
        (
            r#"let mk = a: a; in mk { A = "x"; hash = "here"; }"#,
            r#"A="x" hash="here" whole"#,
        ),
        (r#"mk { A = "here"; hash = ""; }"#, "none"),
        (r#"mk { hash = f "here"; }"#, "none"),
        (r#"mk { hash = "a${"here"}"; }"#, "none"),
        (r#"mk { a.hash = "here"; }"#, "none"),
        (r#"let hash = "here"; in mk { }"#, "none"),
        (r#"mk { hash = if x == "here" then "a" else "b"; }"#, "none"),
        (r#"mk { passthru = { x = "here"; }; hash = "a"; }"#, "none"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    let path = RelPath::new("default.nix").unwrap();
    let file = NixFile::parse(Arc::new(SourceFile::from_text(path, "{ }".to_owned()))).unwrap();
    let workspace = Workspace::at(&std::env::temp_dir()).unwrap();
    let library = Library::new(&workspace);
    let file = Rc::new(file);
    for offset in [0, 2, 3, 4, usize::MAX] {
        assert_eq!(written_beside(&library, &file, offset, "hash"), None);
    }
}
