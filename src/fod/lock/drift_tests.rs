//! What a change of the workspace shows of an entry, without Nix.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::config::Config;
use crate::fod;
use crate::syntax::Library;

fn rel(path: &str) -> RelPath {
    RelPath::new(path).unwrap()
}

/// An entry of a hash over `files`, as they lie in `workspace`.
fn recorded(workspace: &Workspace, files: &[&str]) -> Entry {
    let digests = files.iter().map(|file| {
        let file = rel(file);
        let bytes = workspace.bytes(&file).unwrap();
        (file, digest(&bytes))
    });
    Entry {
        files: digests.collect(),
        ..Entry::fetched(digest(b"h"), "x")
    }
}

fn files_of(entry: &Entry, workspace: &Workspace) -> Vec<(RelPath, FileDrift)> {
    drift(entry, None, &Library::new(workspace)).files
}

#[test]
fn a_file_that_changed_or_went_is_told() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(home.path().join(name), bytes).unwrap();
    put("same", b"a");
    put("changed", b"a\n");
    put("gone", b"a");
    fs::create_dir(home.path().join("sub")).unwrap();
    put("sub/gone", b"a");
    put("binary", b"\xff\x00\n");
    symlink("same", home.path().join("link")).unwrap();
    symlink("nowhere", home.path().join("dangling")).unwrap();
    let workspace = Workspace::at(home.path()).unwrap();
    let all = [
        "same", "changed", "gone", "sub/gone", "binary", "link", "dangling",
    ];
    let entry = recorded(&workspace, &all);
    assert!(drift(&entry, None, &Library::new(&workspace)).is_none());

    put("changed", b"b\n");
    put("binary", b"\xff\x00\r\n");
    put("other", b"a");
    fs::remove_file(home.path().join("gone")).unwrap();
    fs::remove_dir_all(home.path().join("sub")).unwrap();
    put("sub", b"");
    let link = home.path().join("link");
    fs::remove_file(&link).unwrap();
    symlink("other", &link).unwrap();
    assert_eq!(
        files_of(&entry, &workspace),
        [
            (rel("binary"), FileDrift::Changed),
            (rel("changed"), FileDrift::Changed),
            (rel("gone"), FileDrift::Gone),
            (rel("link"), FileDrift::Changed),
            (rel("sub/gone"), FileDrift::Gone),
        ]
    );
    // What is not on the disk yet counts as it will be.
    let overlay = SourceFile::from_text(rel("changed"), "a\n".to_owned());
    let files = files_of(&entry, &workspace.with_overlay([overlay]));
    assert!(
        files.iter().all(|(path, _)| *path != rel("changed")),
        "{files:?}"
    );
}

#[test]
fn line_endings_that_git_converts_are_no_change() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("f");
    let workspace = Workspace::at(home.path()).unwrap();
    for (was, is, expected) in [
        ("a\nb\n", "a\r\nb\r\n", true),
        ("a\r\nb\r\n", "a\nb\n", true),
        ("a\nb", "a\r\nb", true),
        ("a\r\nb\r\n", "a\r\nb\n", true),
        ("a\nb\n", "a\nb", false),
        ("a\nb\n", "a\r\nc\r\n", false),
        ("a\nb\n", "a\rb\r", false),
        ("a\n", "a\n\n", false),
    ] {
        fs::write(&path, was).unwrap();
        let entry = recorded(&workspace, &["f"]);
        fs::write(&path, is).unwrap();
        assert_eq!(
            files_of(&entry, &workspace).is_empty(),
            expected,
            "{was:?} {is:?}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_no_change() {
    let home = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("f"), "a").unwrap();
    fs::create_dir(home.path().join("d")).unwrap();
    fs::write(home.path().join("d/f"), "b").unwrap();
    let workspace = Workspace::at(home.path()).unwrap();
    let entry = recorded(&workspace, &["d/f"]);
    fs::remove_dir_all(home.path().join("d")).unwrap();
    symlink(outside.path(), home.path().join("d")).unwrap();
    assert_eq!(files_of(&entry, &workspace), []);
}

/// The drift of what `before` would record of its literal, once the text is `after`.
fn of_texts(before: &str, after: &str) -> Drift {
    let home = tempfile::tempdir().unwrap();
    let path = rel("default.nix");
    let at = |text: &str| {
        let file = SourceFile::from_text(path.clone(), text.to_owned());
        Workspace::at(home.path()).unwrap().with_overlay([file])
    };
    let find = |workspace: &Workspace| {
        let found = fod::find(workspace, &Config::default(), std::slice::from_ref(&path));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        found
            .literals
            .into_iter()
            .find(|literal| literal.name.attrpath.ends_with("outputHash"))
    };
    let then = at(before);
    let literal = find(&then).unwrap();
    let entry = Entry {
        env: Environment::beside(&Library::new(&then), &literal),
        ..Entry::fetched(literal.hash().unwrap().clone(), "x")
    };
    let now = at(after);
    drift(&entry, find(&now).as_ref(), &Library::new(&now))
}

const HASH: &str = "sha256-c3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUhISE=";

/// The names that are told where the set of a derivation is `before` and then `after`.
#[track_caller]
fn between(before: &str, after: &str) -> String {
    let text = |set: &str| {
        let set = match set.contains('{') && set.starts_with("mk") {
            true => set.to_owned(),
            false => format!("mkDerivation (self: {{ {set} outputHash = \"{HASH}\"; }})"),
        };
        format!(
            "{{ stdenv, mkDerivation, k, fod }}: {}",
            set.replace("HASH", &format!("outputHash = \"{HASH}\""))
        )
    };
    let drift = of_texts(&text(before), &text(after));
    assert!(drift.files.is_empty() && !drift.hash_differs);
    drift.env.join(" ")
}

#[test]
fn an_attribute_of_another_value_is_told() {
    for (before, after, expected) in [
        (r#"A = "1"; B = "x";"#, r#"A = "2"; B = "x";"#, "A"),
        (
            r#"A = "1"; env.B = "x";"#,
            r#"A = "2"; env = { B = "y"; };"#,
            "A env.B",
        ),
        ("A = 1; B = true;", "A = 2; B = false;", "A B"),
        ("s = ''\n  a\n  b\n'';", "s = ''\n  a\n  c\n'';", "s"),
        // Names that come and go.
        (r#"A = "1";"#, "", "A"),
        ("", r#"A = "1"; env.B = "2";"#, "A env.B"),
        (r#"A = "1"; src = k;"#, "src = k;", "A"),
        // What is not all of it still tells the values.
        (r#"inherit k; A = "1";"#, r#"inherit k; A = "2";"#, "A"),
        (r#"mk { A = "1"; HASH; }"#, r#"mk { A = "2"; HASH; }"#, "A"),
    ] {
        assert_eq!(between(before, after), expected, "{before} -> {after}");
    }
}

#[test]
fn what_may_be_the_same_is_not_told() {
    for (before, after) in [
        (r#"A = "1";"#, "A = ''1'';"),
        (r#"A = "1"; B = "2";"#, r#"B = "2"; A = ("1");"#),
        ("A = true; B = 1;", r#"A = "1"; B = "1";"#),
        (
            "s = ''\n  a\n  b\n'';",
            "s = ''\n        a\n        b\n      '';",
        ),
        // The value is not known of one of the two.
        (r#"A = "1";"#, "A = k;"),
        ("A = k;", r#"A = "1";"#),
        (r#"A = "1";"#, r#"A = "${k}";"#),
        (r#"A = "1";"#, "inherit A;"),
        (r#"env.A = "1";"#, "env = k;"),
        ("env = k;", r#"env.A = "1";"#),
        (r#"env.A = "1";"#, r#"env = { ${k} = "1"; };"#),
        (r#"env.A = "1";"#, "env = { inherit A; };"),
        (r#"env.A = "1";"#, r#"env = { A = "2"; } // k;"#),
        // The same variable.
        (r#"A = "1";"#, r#"env.A = "1";"#),
        (r#"env = { A = "1"; };"#, r#"A = "1";"#),
        (r#"A = "1";"#, "env.A = k;"),
        (r#"A = "1";"#, "env = k;"),
        // It may come from what is not written here.
        (r#"A = "1";"#, "inherit k;"),
        (r#"A = "1";"#, r#"${k} = "1";"#),
        ("inherit k;", r#"A = "1";"#),
        (r#"A = "1";"#, "mkDerivation ({ HASH; } // k)"),
        (r#"A = "1";"#, "mk { HASH; }"),
        ("mk { HASH; }", r#"A = "1";"#),
        // What says nothing of the content.
        (
            r#"name = "a"; pname = "a"; version = "1"; meta.description = "a"; passthru = { a = "1"; };"#,
            r#"name = "b"; pname = "b"; version = "2"; meta = { homepage = "b"; }; outputHashMode = "recursive";"#,
        ),
        // Another literal.
        (
            r#"cargoHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";"#,
            r#"cargoHash = "sha256-BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";"#,
        ),
        // A set is no variable.
        (r#"x = { a = "1"; };"#, r#"x = { a = "2"; b = "3"; };"#),
    ] {
        assert_eq!(between(before, after), "", "{before} -> {after}");
    }
}

#[test]
fn a_literal_that_says_another_hash_is_told() {
    let text = |hash: &str| format!("derivation {{ A = \"1\"; outputHash = {hash}; }}");
    let quoted = format!("\"{HASH}\"");
    let base16 = format!(
        "\"sha256:{}\"",
        crate::hash::HashText::parse(HASH, None)
            .unwrap()
            .hash
            .spell(crate::hash::Spelling::Base16)
            .trim_start_matches("sha256:")
    );
    for (after, expected) in [
        (quoted.as_str(), false),
        (&base16, false),
        (
            "\"sha256-BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"",
            true,
        ),
        ("\"\"", true),
        ("lib.fakeHash", true),
    ] {
        let drift = of_texts(&text(&quoted), &text(after));
        assert_eq!(
            (drift.hash_differs, drift.env.len()),
            (expected, 0),
            "{after}"
        );
    }
    // Of a literal that is not there only the files are told.
    let gone = of_texts(&text(&quoted), "derivation { A = \"2\"; }");
    assert!(gone.is_none(), "{gone:?}");
}
