//! How values are read off real shapes of Nix text.

use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::source::{RelPath, SourceFile, Workspace};

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile::from_text(RelPath::new(path).unwrap(), text.to_owned())
}

/// Parses `files`, the first of which is asked about.
fn with_files<T>(files: &[(&str, &str)], ask: impl FnOnce(&Library, &Rc<NixFile>) -> T) -> T {
    let workspace = Workspace::at(&std::env::temp_dir())
        .unwrap()
        .with_overlay(files.iter().map(|(path, text)| source(path, text)));
    let library = Library::new(&workspace);
    let file = Rc::new(NixFile::parse(Arc::new(source(files[0].0, files[0].1))).unwrap());
    library.add(file.clone());
    ask(&library, &file)
}

/// What `rev` is in the first call of `fetch` in `text`.
fn rev(text: &str) -> Option<String> {
    with_files(&[("default.nix", text)], |library, file| {
        let call = calls(file, |name| name == "fetch")
            .into_iter()
            .next()
            .expect("a call");
        call.arguments(library)?
            .get(library, "rev")
            .text()
            .map(|text| text.value())
    })
}

#[test]
fn names_are_followed_to_their_literals() {
    for (text, expected) in [
        ("fetch { rev = \"a\"; }", Some("a")),
        (
            "pkgs.x.fetch rec { v = \"1\"; rev = \"v${v}\"; }",
            Some("v1"),
        ),
        ("let rev = \"a\"; in fetch { inherit rev; }", Some("a")),
        (
            "let p = { rev = \"a\"; }; in fetch { inherit (p) rev; }",
            Some("a"),
        ),
        (
            "let p = { s.rev = \"a\"; }; in fetch { rev = p.s.rev; }",
            Some("a"),
        ),
        (
            "let p.s.rev = \"a\"; p.s.url = \"u\"; in fetch p.s",
            Some("a"),
        ),
        ("{ rev ? \"a\" }: fetch { inherit rev; }", Some("a")),
        ("{ rev }: fetch { inherit rev; }", None),
        (
            "rec { version = \"1\"; src = fetch { rev = \"v\" + version; }; }",
            Some("v1"),
        ),
        (
            "mk (finalAttrs: { version = \"1\"; src = fetch { rev = \"v${finalAttrs.version}\"; }; })",
            Some("v1"),
        ),
        ("with { rev = \"a\"; }; fetch { inherit rev; }", Some("a")),
        (
            "let rev = \"b\"; in with { rev = \"a\"; }; fetch { inherit rev; }",
            Some("b"),
        ),
        ("fetch ({ rev = \"a\"; } // { rev = \"b\"; })", Some("b")),
        (
            "let src = fetch { rev = \"a\"; }; b = fetch { inherit (src) rev; }; in b",
            Some("a"),
        ),
        ("fetch { rev = ''a''; }", Some("a")),
        ("fetch { rev = if x then \"a\" else \"b\"; }", None),
        ("let rev = rev; in fetch { inherit rev; }", None),
        ("rec { a = b; b = a; c = fetch { rev = a; }; }", None),
        ("map (f: fetch { rev = f.rev; }) [ ]", None),
        (
            "let a = { rev = \"1\"; }; in let a = { url = \"x\"; }; in fetch { inherit (a) rev; }",
            None,
        ),
        ("let { body = fetch { rev = r; }; r = \"a\"; }", Some("a")),
    ] {
        assert_eq!(rev(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn growth_without_end_is_given_up() {
    let mut text = String::from("let a0 = \"x\"; ");
    for n in 1..60 {
        text += &format!("a{n} = a{} + a{};\n", n - 1, n - 1);
    }
    assert_eq!(rev(&(text + "in fetch { rev = a59; }")), None);
}

#[test]
fn other_files_are_opened() {
    let files = [
        (
            "c/default.nix",
            "let v = import ../versions.nix; in fetch { rev = v.ntfy.rev; }",
        ),
        ("versions.nix", "{ ntfy = { rev = \"abc\"; }; }"),
    ];
    with_files(&files, |library, file| {
        let call = calls(file, |name| name == "fetch").remove(0);
        let text = call
            .arguments(library)
            .unwrap()
            .get(library, "rev")
            .text()
            .unwrap();
        let part = text.literal().unwrap();
        assert_eq!(
            (part.file.as_str(), part.range.clone()),
            ("versions.nix", 18..21)
        );
    });
    let call = |given: &str| {
        let caller = format!("fetch {{ rev = (import ./f.nix {given}).rev; }}");
        let files = [
            ("default.nix", caller.as_str()),
            ("f.nix", "{ rev ? \"a\", x ? 1 }: { inherit rev; }"),
        ];
        with_files(&files, |library, file| {
            let call = calls(file, |name| name == "fetch").remove(0);
            call.arguments(library)
                .unwrap()
                .get(library, "rev")
                .text()
                .map(|text| text.value())
        })
    };
    assert_eq!(call("{ }").as_deref(), Some("a"));
    assert_eq!(
        call("{ rev = \"b\"; }"),
        None,
        "a default that the caller replaces is not the value"
    );
}

#[test]
fn paths_name_where_a_call_stands() {
    let text =
        "{ a.b = [ 1 (f { }) ]; c = let d = f { }; in d; e.\"x y\" = if t then f { } else 0; }";
    with_files(&[("default.nix", text)], |_, file| {
        let paths: Vec<String> = calls(file, |name| name == "f")
            .iter()
            .map(|c| c.attrpath().join("."))
            .collect();
        assert_eq!(paths, ["a.b.1", "c.d", "e.x y"]);
    });
}

#[test]
fn edits_keep_what_stands_around_them() {
    let text = "{ version = \"1.2\"; src = fetch { rev = \"v${version}\"; }; }";
    let text = &text.replace("{ version", "rec { version");
    with_files(&[("default.nix", text)], |library, file| {
        let call = calls(file, |name| name == "fetch").remove(0);
        let rev = call
            .arguments(library)
            .unwrap()
            .get(library, "rev")
            .text()
            .unwrap();
        assert_eq!(rev.value(), "v1.2");
        let (part, within) = rev.part_at(&(1..4)).unwrap();
        assert_eq!(
            (part.via.as_deref(), within.clone()),
            (Some("version"), 0..3)
        );
        let edit = part.replace(within, "1.3").unwrap();
        assert_eq!(
            crate::edit::apply(text, &[edit]).unwrap(),
            text.replace("1.2", "1.3")
        );
        assert!(
            rev.part_at(&(0..4)).is_none(),
            "no single piece holds it all"
        );
    });
}

#[test]
fn comments_behind_a_value_are_found() {
    let text =
        "fetch {\n rev = \"a\"; # main\n url = \"b\"; /* x */ c = \"d\";\n e = \"f\"; }\n# no";
    with_files(&[("default.nix", text)], |library, file| {
        let attrs = calls(file, |name| name == "fetch")
            .remove(0)
            .arguments(library)
            .unwrap();
        let comment = |name: &str| {
            let text = attrs.get(library, name).text().unwrap();
            library.comments_of(text.literal().unwrap())
        };
        // At the binding, and at the literal itself.
        assert_eq!(comment("rev"), ["main", "main"]);
        assert_eq!(comment("url"), ["x", "x"]);
        assert_eq!(comment("c"), [""; 0]);
        assert_eq!(comment("e"), [""; 0]);
    });
}

#[test]
fn what_nix_reads_otherwise_is_refused() {
    let parse = |text: &str| NixFile::parse(Arc::new(source("a.nix", text)));
    assert_eq!(parse("{\n a = 1 b = 2; }").unwrap_err().position.line, 2);
    assert!(
        parse("\u{feff}1")
            .unwrap_err()
            .message
            .contains("byte order mark")
    );
    assert!(
        parse("# a\r{ hidden = 1; }")
            .unwrap_err()
            .message
            .contains("carriage return")
    );
    assert!(parse("{\r\n a = 1;\r\n}").is_ok());
    assert!(
        parse(&"[".repeat(100_000))
            .unwrap_err()
            .message
            .contains("deep")
    );
    assert!(parse("{ a = ").unwrap_err().message.contains("ends"));
}

#[test]
fn holders_of_a_name_are_found_wherever_they_bind_it() {
    let text = "{ x ? 1 }: let x = 2; in { a.x = 3; b = rec { x = 4; }; inherit x; }";
    with_files(&[("default.nix", text)], |_, file| {
        let paths: Vec<String> = sets_with(file, "x")
            .iter()
            .map(|(_, path)| path.join("."))
            .collect();
        assert_eq!(paths, ["", "", "a", "", "b"]);
    });
}

#[test]
fn indentation_is_no_part_of_a_string() {
    for (text, expected) in [
        ("fetch { rev = ''  a b''; }", Some("a b")),
        ("fetch { rev = ''  ${\"x\"} y''; }", Some("x y")),
        ("fetch { rev = ''${\"x\"}  y''; }", Some("x  y")),
        ("fetch { rev = ''''\\ a''; }", Some(" a")),
        ("fetch { rev = ''a''\\n b''; }", Some("a\n b")),
        ("fetch { rev = ''  a''\\n b''; }", None),
        ("fetch { rev = ''\n  a\n''; }", None),
    ] {
        assert_eq!(rev(text).as_deref(), expected, "{text}");
    }
}
