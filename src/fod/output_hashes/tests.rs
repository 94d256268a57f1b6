//! Real shapes of `outputHashes`, before and after.

use super::*;
use crate::fetched::Origin;

const FAKE: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const REAL: &str = "sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

/// A lock file with a crate from a registry, and these from git: `name version commit`.
fn lock(crates: &[&str]) -> String {
    let mut text = String::from(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    );
    for one in crates {
        let words: Vec<&str> = one.split(' ').collect();
        let [name, version, commit] = words.as_slice() else {
            panic!("{one}");
        };
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"git+https://example.org/{name}?branch=main#{}\"\n",
            commit.repeat(40)
        ));
    }
    text
}

fn plan_of(nix: &str, crates: &[&str]) -> Plan {
    let source =
        |path: &str, text: String| SourceFile::from_text(RelPath::new(path).unwrap(), text);
    let workspace = Workspace::at(&std::env::temp_dir()).unwrap().with_overlay([
        source("app/default.nix", nix.to_owned()),
        source("app/Cargo.lock", lock(crates)),
    ]);
    plan(
        &workspace,
        &[RelPath::new("app/default.nix").unwrap()],
        FAKE,
    )
}

/// `nix` with the placeholder for `@` and a real hash for `#`; what becomes of it, with the same signs.
#[track_caller]
fn becomes(nix: &str, crates: &[&str], expected: &str) {
    let spelled = |text: &str| text.replace('@', FAKE).replace('%', REAL);
    let nix = spelled(nix);
    let made = plan_of(&nix, crates);
    assert_eq!(made.problems, []);
    let text = made.files.first().map_or(nix.as_str(), |file| file.text());
    assert_eq!(
        text.replace(FAKE, "@").replace(REAL, "%"),
        expected,
        "{:?}",
        made.sets
    );
    for fetched in &made.fetched {
        assert!(text[fetched.offset..].starts_with("sha256-"), "{fetched:?}");
    }
    // What is made is in step.
    assert!(plan_of(text, crates).sets.is_empty());
}

#[test]
fn a_set_is_made_where_there_is_none() {
    becomes(
        "{\n  cargoLock = {\n    lockFile = ./Cargo.lock; # kept\n  };\n}\n",
        &["foo 0.1.0 a", "bar 0.2.0 b"],
        "{\n  cargoLock = {\n    lockFile = ./Cargo.lock; # kept\n    outputHashes = {\n      \"foo-0.1.0\" = \"@\";\n      \"bar-0.2.0\" = \"@\";\n    };\n  };\n}\n",
    );
    becomes(
        "{ cargoLock.lockFile = ./Cargo.lock; }\n",
        &["foo 0.1.0 a"],
        "{ cargoLock.lockFile = ./Cargo.lock; cargoLock.outputHashes = { \"foo-0.1.0\" = \"@\"; }; }\n",
    );
    becomes(
        "{\n\tcargoLock.lockFile = ./Cargo.lock;\n\tx = 1;\n}\n",
        &["foo 0.1.0 a"],
        "{\n\tcargoLock.lockFile = ./Cargo.lock;\n\tcargoLock.outputHashes = {\n\t\t\"foo-0.1.0\" = \"@\";\n\t};\n\tx = 1;\n}\n",
    );
    becomes(
        "let lockFile = ./Cargo.lock; in {\n  deps = rustPlatform.importCargoLock {\n    inherit lockFile;\n  };\n}\n",
        &["foo 0.1.0 a"],
        "let lockFile = ./Cargo.lock; in {\n  deps = rustPlatform.importCargoLock {\n    inherit lockFile;\n    outputHashes = {\n      \"foo-0.1.0\" = \"@\";\n    };\n  };\n}\n",
    );
    becomes(
        "{ cargoLock = { lockFileContents = builtins.readFile ./Cargo.lock; }; }",
        &["foo 0.1.0 a"],
        "{ cargoLock = { lockFileContents = builtins.readFile ./Cargo.lock; outputHashes = { \"foo-0.1.0\" = \"@\"; }; }; }",
    );
}

#[test]
fn entries_come_and_go_among_their_neighbours() {
    let nix = |entries: &str| {
        format!(
            "{{\n  cargoLock = {{\n    lockFile = ./Cargo.lock;\n    outputHashes = {{\n{entries}    }};\n  }};\n}}\n"
        )
    };
    let entry = |key: &str, rest: &str| format!("      \"{key}\" = \"{rest}\n");
    becomes(
        &nix(&(entry("a-1.0.0", "%\"; # one")
            + &entry("gone-1.0.0", "%\"; # with its comment")
            + &entry("z-1.0.0", "%\";"))),
        &["a 1.0.0 a", "m 1.0.0 b", "z 1.0.0 c"],
        &nix(&(entry("a-1.0.0", "%\"; # one")
            + &entry("m-1.0.0", "@\";")
            + &entry("z-1.0.0", "%\";"))),
    );
    // A new version takes the place of the old one.
    becomes(
        &nix(&entry("a-1.0.0", "%\"; # one")),
        &["a 1.1.0 a"],
        &nix(&entry("a-1.1.0", "@\";")),
    );
    // What is not sorted gets new entries at its end.
    becomes(
        &nix(&(entry("z-1.0.0", "%\";") + &entry("b-1.0.0", "%\";"))),
        &["a 1.0.0 a", "b 1.0.0 b", "z 1.0.0 c"],
        &nix(&(entry("z-1.0.0", "%\";") + &entry("b-1.0.0", "%\";") + &entry("a-1.0.0", "@\";"))),
    );
    becomes(&nix(&entry("a-1.0.0", "%\";")), &[], &nix(""));
    becomes(&nix(""), &["a 1.0.0 a"], &nix(&entry("a-1.0.0", "@\";")));
}

#[test]
fn one_key_serves_all_crates_of_a_commit() {
    let nix = "{ cargoLock = { lockFile = ./Cargo.lock; outputHashes.\"b-1.0.0\" = \"%\"; }; }";
    becomes(nix, &["a 1.0.0 a", "b 1.0.0 a"], nix);
    becomes(
        nix,
        &["a 1.0.0 a", "b 1.0.0 a", "c 1.0.0 c", "d 1.0.0 c"],
        "{ cargoLock = { lockFile = ./Cargo.lock; outputHashes.\"b-1.0.0\" = \"%\"; outputHashes.\"c-1.0.0\" = \"@\"; }; }",
    );
}

#[test]
fn a_key_means_the_first_crate_by_its_name() {
    let made = plan_of(
        "{ cargoLock = { lockFile = ./Cargo.lock; }; }",
        &["a 1.0.0 a", "a 1.0.0 b"],
    );
    assert_eq!(made.sets[0].added, ["a-1.0.0"]);
    assert!(made.problems[0].message.contains("`a-1.0.0`"), "{made:?}");
    // Another crate of the second commit can stand for it.
    let made = plan_of(
        "{ cargoLock = { lockFile = ./Cargo.lock; }; }",
        &["a 1.0.0 a", "a 1.0.0 b", "c 1.0.0 b"],
    );
    assert_eq!(made.sets[0].added, ["a-1.0.0", "c-1.0.0"]);
    assert_eq!(made.problems, []);
}

#[test]
fn every_entry_says_what_it_is_the_hash_of() {
    let made = plan_of(
        &format!(
            "{{ cargoLock = {{ lockFile = ./Cargo.lock; outputHashes = {{ \"b-1.0.0\" = \"{REAL}\"; }}; }}; }}"
        ),
        &["a 1.0.0 a", "b 1.0.0 b"],
    );
    let text = made.files[0].text();
    let found: Vec<(&str, String)> = made
        .fetched
        .iter()
        .map(|fetched| {
            let Origin::Git {
                url,
                rev,
                submodules: true,
                ..
            } = &fetched.what
            else {
                panic!("{fetched:?}");
            };
            (
                &text[fetched.offset..][..REAL.len()],
                format!("{url} {}", &rev[..1]),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (FAKE, "https://example.org/a a".to_owned()),
            (REAL, "https://example.org/b b".to_owned())
        ]
    );
}

#[test]
fn placeholders_have_their_places() {
    let nix = "{ cargoLock = { lockFile = ./Cargo.lock; outputHashes = { \"a-1.0.0\" = lib.fakeHash; \"b-1.0.0\" = \"\"; }; }; }";
    let made = plan_of(nix, &["a 1.0.0 a", "b 1.0.0 b"]);
    assert!(made.sets.is_empty());
    let rest: Vec<&str> = made.fetched.iter().map(|one| &nix[one.offset..]).collect();
    assert!(
        rest[0].starts_with("lib.fakeHash") && rest[1].starts_with("\"; }"),
        "{rest:?}"
    );
    assert_eq!(
        (made.fetched[0].algo, made.fetched[1].algo),
        (Some(crate::hash::Algo::Sha256), None)
    );
}

#[test]
fn what_is_not_written_out_is_told_and_left() {
    for hashes in [
        "outputHashes = lib.importJSON ./hashes.json;",
        "outputHashes = args.hashes;",
        "outputHashes = { \"${name}-1.0.0\" = \"\"; };",
    ] {
        let nix = format!("{{ cargoLock = {{ lockFile = ./Cargo.lock; {hashes} }}; }}");
        let made = plan_of(&nix, &["a 1.0.0 a"]);
        assert!(made.files.is_empty() && made.sets.is_empty());
        assert!(
            made.problems[0].message.contains("a-1.0.0"),
            "{hashes}: {made:?}"
        );
    }
}

#[test]
fn what_needs_no_entry_gets_none() {
    for nix in [
        "{ cargoLock = { lockFile = ./Cargo.lock; allowBuiltinFetchGit = true; }; }",
        "{ cargoLock = { lockFile = \"${src}/Cargo.lock\"; }; }",
        "{ cargoLock = { lockFile = ./Other.lock; }; }",
        "{ lockFile = ./Cargo.lock; }",
    ] {
        becomes(nix, &["a 1.0.0 a"], nix);
    }
}

#[test]
fn a_set_of_two_packages_is_changed_once() {
    becomes(
        "let cargoLock = {\n  lockFile = ./Cargo.lock;\n}; in { a = f { inherit cargoLock; }; b = f { inherit cargoLock; }; }\n",
        &["a 1.0.0 a"],
        "let cargoLock = {\n  lockFile = ./Cargo.lock;\n  outputHashes = {\n    \"a-1.0.0\" = \"@\";\n  };\n}; in { a = f { inherit cargoLock; }; b = f { inherit cargoLock; }; }\n",
    );
}

#[test]
fn line_endings_stay() {
    becomes(
        "{\r\n  cargoLock = {\r\n    lockFile = ./Cargo.lock; # x\r\n    outputHashes = { };\r\n  };\r\n}\r\n",
        &["a 1.0.0 a"],
        "{\r\n  cargoLock = {\r\n    lockFile = ./Cargo.lock; # x\r\n    outputHashes = {\r\n      \"a-1.0.0\" = \"@\";\r\n    };\r\n  };\r\n}\r\n",
    );
}
