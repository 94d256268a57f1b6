//! `outputHashes` follow the `Cargo.lock` beside them, each with its hash; no placeholder is ever written.

use crate::support::fod::{Bench, Rows, STALE};
use crate::support::repo::Repo;

const PKGS: &str = include_str!("pkgs.nix");

struct Crates {
    bench: Bench,
    repo: Repo,
    first: String,
    second: String,
    pkgs: String,
}

impl Crates {
    fn new() -> Crates {
        let bench = Bench::new();
        std::fs::write(bench.path("pkgs.nix"), PKGS).unwrap();
        let srv = bench.path("srv");
        let repo = Repo::init(srv.join("one"));
        let first = repo.write("Cargo.toml", "[package]\n").commit("first");
        let second = repo.write("src/lib.rs", "// x\n").commit("second");
        let pkgs = format!(
            "import {} {{ srv = \"{}\"; }}",
            bench.path("pkgs.nix").display(),
            srv.display()
        );
        Crates {
            bench,
            repo,
            first,
            second,
            pkgs,
        }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let given = ["--file", "default.nix", "--arg", "pkgs", &self.pkgs];
        [&given, more].concat()
    }

    #[track_caller]
    fn rows(&self, code: i32, more: &[&str]) -> Rows {
        self.bench.rows(code, &self.args(more))
    }

    #[track_caller]
    fn builds(&self) {
        self.bench
            .builds_with("default.nix", &["--arg", "pkgs", &self.pkgs]);
    }

    /// The lock file, with crates by name, version and commit.
    fn lock(&self, crates: &[(&str, &str, &str)]) {
        let mut text = String::from("version = 4\n");
        for (name, version, commit) in crates {
            text += &format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"git+file://{}?branch=main#{commit}\"\n",
                self.repo.dir().display()
            );
        }
        self.bench.write("Cargo.lock", &text);
    }

    fn nix(&self, entries: &str) -> String {
        format!(
            "{{ pkgs }}:\npkgs.buildRustPackage {{\n  pname = \"app\";\n  cargoLock = {{\n    lockFile = ./Cargo.lock;\n    outputHashes = {{\n{entries}    }};\n  }};\n}}\n"
        )
    }
}

/// A value of `hash` for `key`, on a line of its own.
fn entry(key: &str, hash: &str) -> String {
    format!("      \"{key}\" = \"{hash}\";\n")
}

#[test]
fn entries_come_in_with_their_hashes_and_go() {
    for native in ["auto", "never", "only"] {
        let crates = Crates::new();
        crates.lock(&[
            ("old", "0.9.0", &crates.first),
            ("one", "0.1.0", &crates.second),
            ("one-macros", "0.1.0", &crates.second),
        ]);
        let before = crates.nix(&[entry("gone-1.0.0", STALE), entry("old-0.9.0", STALE)].concat());
        crates.bench.write("default.nix", &before);

        let dry = crates.rows(1, &["--native", native, "--dry-run"]);
        assert_eq!(dry.counts(), [2, 0, 0, 0], "{native}");
        assert_eq!(crates.bench.read("default.nix"), before);

        let rows = crates.rows(0, &["--native", native]);
        assert_eq!(rows.counts(), [2, 0, 0, 0], "{native}");
        let new = rows.of("cargoLock.outputHashes.\"one-0.1.0\"");
        assert_eq!(new["old"], "");
        let strategy = if native == "never" { "build" } else { "native" };
        assert_eq!(new["strategy"], strategy);
        // The one that was there stands where it stood in the user's file, the new one where it comes in.
        let old = rows.of("cargoLock.outputHashes.\"old-0.9.0\"");
        assert_eq!(
            (old["line"].as_u64(), old["old"].as_str()),
            (Some(8), Some(STALE))
        );
        let text = crates.bench.read("default.nix");
        let written = crates.nix(
            &[
                entry("old-0.9.0", old["new"].as_str().unwrap()),
                entry("one-0.1.0", new["new"].as_str().unwrap()),
            ]
            .concat(),
        );
        assert_eq!(text, written, "{native}");
        crates.builds();

        let again = crates.rows(0, &["--native", native]);
        assert_eq!((again.counts(), again.written()), ([0, 2, 0, 0], false));
        assert_eq!(crates.bench.read("default.nix"), text);
    }
}

#[test]
fn the_difference_is_one_from_the_users_file() {
    let crates = Crates::new();
    crates.lock(&[("one", "0.1.0", &crates.second)]);
    let before = crates.nix(&entry("gone-1.0.0", STALE));
    crates.bench.write("default.nix", &before);
    let run = crates
        .bench
        .cotter(&crates.args(&["--diff", "--dry-run"]))
        .expect(1)
        .says(&["\"one-0.1.0\" comes in", "\"gone-1.0.0\" goes"]);
    assert!(run.out.contains("-      \"gone-1.0.0\""), "{}", run.out);
    assert!(
        run.out.contains("+      \"one-0.1.0\" = \"sha256-"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("= \"\""), "{}", run.out);
    assert_eq!(crates.bench.read("default.nix"), before);
}

#[test]
fn entries_only_go() {
    let crates = Crates::new();
    crates.lock(&[]);
    crates
        .bench
        .write("default.nix", &crates.nix(&entry("gone-1.0.0", STALE)));
    let run = crates.bench.cotter(&crates.args(&[])).expect(0);
    let run = run.says(&["\"gone-1.0.0\" goes"]);
    assert_eq!(
        crates.bench.read("default.nix"),
        crates.nix(""),
        "{}",
        run.out
    );
    crates.builds();
}

#[test]
fn an_entry_without_a_hash_keeps_the_others_out() {
    let crates = Crates::new();
    let nowhere = "0123456789012345678901234567890123456789";
    crates.lock(&[
        ("lost", "0.1.0", nowhere),
        ("old", "0.9.0", &crates.first),
        ("one", "0.1.0", &crates.second),
    ]);
    let entries = [entry("gone-1.0.0", STALE), entry("old-0.9.0", STALE)].concat();
    crates.bench.write("default.nix", &crates.nix(&entries));
    let rows = crates.rows(1, &[]);
    assert_eq!(rows.counts(), [1, 0, 2, 0]);
    let old = rows.of("cargoLock.outputHashes.\"old-0.9.0\"");
    assert_eq!(
        (&old["status"], old["line"].as_u64()),
        (&"updated".into(), Some(8))
    );
    // The hash that was there is right now, and all entries are those that were there.
    let expected = entries.replace(
        &entry("old-0.9.0", STALE),
        &entry("old-0.9.0", old["new"].as_str().unwrap()),
    );
    assert_eq!(crates.bench.read("default.nix"), crates.nix(&expected));
    assert!(!crates.bench.read("cotter.lock").contains("one-0.1.0"));
    let run = crates.bench.cotter(&crates.args(&[])).expect(1);
    run.says(&[
        "`outputHashes` stays as it was",
        "lost-0.1.0",
        "is not known",
    ]);
}

#[test]
fn entries_that_were_not_asked_for_stay() {
    let crates = Crates::new();
    crates.lock(&[
        ("old", "0.9.0", &crates.first),
        ("one", "0.1.0", &crates.second),
    ]);
    let entries = [entry("gone-1.0.0", STALE), entry("old-0.9.0", STALE)].concat();
    crates.bench.write("default.nix", &crates.nix(&entries));
    let run = crates
        .bench
        .cotter(&crates.args(&["*:cargoLock.outputHashes.\"old-0.9.0\""]))
        .expect(0);
    run.says(&["not all of this file was asked for"]);
    let text = crates.bench.read("default.nix");
    assert!(text.contains("gone-1.0.0") && !text.contains("one-0.1.0"));
    assert_eq!(text.matches(STALE).count(), 1, "{text}");

    let rows = crates.rows(0, &["default.nix"]);
    assert_eq!(rows.counts(), [1, 1, 0, 0]);
    crates.builds();
}
