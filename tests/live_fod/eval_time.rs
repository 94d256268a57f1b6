//! Hashes that Nix meets while it evaluates: of what it fetches itself, and of what it imports from a derivation.

use std::fs;

use crate::support::fod::{Bench, STALE};
use crate::support::{command, run_ok};

#[test]
fn what_evaluation_fetches_is_corrected() {
    let bench = Bench::new();
    let source = bench.path("pkg");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("default.nix"), "{ word = \"fetched\"; }\n").unwrap();
    let archive = bench.path("pkg.tar.gz");
    let mut tar = command("tar", &bench.path("home"));
    tar.current_dir(bench.path("")).args([
        "--sort=name",
        "--mtime=@0",
        "-czf",
        "pkg.tar.gz",
        "pkg",
    ]);
    run_ok(&mut tar, "tar");
    fs::write(bench.path("one.nix"), "\"one\"\n").unwrap();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  pkg = import (builtins.fetchTarball {{ url = "file://{}"; sha256 = "{STALE}"; }});
  one = import (builtins.fetchurl {{ url = "file://{}"; sha256 = "0000000000000000000000000000000000000000000000000000"; }});
in (import ./fod.nix) {{ name = "x"; hash = "{STALE}"; script = "echo ${{pkg.word}} ${{one}} > $out"; }}
"#,
            archive.display(),
            bench.path("one.nix").display()
        ),
    );
    let rows = bench.rows(0, &["--native", "never"]);
    assert_eq!(rows.counts(), [3, 0, 0, 0], "{rows:#?}");
    let text = bench.read("default.nix");
    assert!(
        !text.contains(STALE) && !text.contains("00000000"),
        "{text}"
    );
    bench.builds("default.nix");
    let again = bench.rows(0, &["--native", "never"]);
    assert_eq!(again.counts(), [0, 3, 0, 0], "{again:#?}");
    assert!(!again.written());
    assert_eq!(bench.read("default.nix"), text);
}

#[test]
fn what_is_imported_from_a_derivation_is_corrected() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  fod = import ./fod.nix;
  made = import (fod {{ name = "made.nix"; hash = "{STALE}"; script = "echo '{{ word = \"made\"; }}' > $out"; }});
in fod {{ name = "x"; hash = "{STALE}"; script = "echo ${{made.word}} > $out"; }}
"#
        ),
    );
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [2, 0, 0, 0], "{rows:#?}");
    bench.builds("default.nix");
    let again = bench.rows(0, &[]);
    assert_eq!(again.counts(), [0, 2, 0, 0]);
    assert!(!again.written());
}
