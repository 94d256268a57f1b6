//! What is evaluated, and with which arguments and settings.

use std::env::consts::ARCH;

use crate::support::fod::{Bench, STALE};

fn fod(name: &str, script: &str) -> String {
    format!("fod {{ name = \"{name}\"; hash = \"{STALE}\"; script = \"{script}\"; }}")
}

#[test]
fn a_file_and_its_attributes() {
    let bench = Bench::new();
    let text = format!(
        "let fod = import ./fod.nix; in {{ a = {}; b.c = {}; d = {}; }}\n",
        fod("a", "echo a > $out"),
        fod("c", "echo c > $out"),
        fod("d", "echo d > $out")
    );
    bench.write("pkgs/all.nix", &text.replace("./fod", "../fod"));
    bench.write("default.nix", &text);
    let rows = bench.rows(0, &["--file", "pkgs/all.nix", "-A", "a", "-A", "b.c"]);
    assert_eq!(rows.counts()[0], 2);
    assert_eq!(bench.read("pkgs/all.nix").matches(STALE).count(), 1);
    assert_eq!(bench.read("default.nix").matches(STALE).count(), 3);
    // What is named is what is written, whatever else the target has.
    let rows = bench.rows(0, &["default.nix", "--file", "."]);
    // Nix itself passes over what a set of sets holds.
    assert_eq!(rows.counts(), [2, 0, 0, 1], "{rows:#?}");
    let rows = bench.rows(0, &["pkgs"]);
    assert_eq!(
        rows.counts()[0],
        0,
        "nothing evaluates it by itself: {rows:#?}"
    );
}

#[test]
fn arguments_reach_the_function() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            "{{ word, count, more ? \"-\" }}: let fod = import ./fod.nix; in {}\n",
            fod("x", "echo ${word} ${toString count} ${more} > $out")
        ),
    );
    let args = [
        "--file",
        "default.nix",
        "--argstr",
        "word",
        "it's",
        "--arg",
        "count",
        "40 + 2",
    ];
    // A shell's quotes are the script's own matter.
    let args = args.map(|arg| if arg == "it's" { "its" } else { arg });
    assert_eq!(bench.rows(0, &args).counts(), [1, 0, 0, 0]);
    bench.builds_with("default.nix", &args[2..]);
    let again = bench.rows(0, &args);
    assert_eq!((again.counts(), again.rounds()), ([0, 1, 0, 0], 0));
    let other = [&args[..], &["--argstr", "more", "x"]].concat();
    assert_eq!(bench.rows(0, &other).counts(), [1, 0, 0, 0]);
    // Without the arguments Nix says what is missing, and nothing is written.
    bench
        .cotter(&["--file", "default.nix"])
        .expect(3)
        .says(&["word"]);
}

#[test]
fn a_search_path_in_the_workspace_is_that_of_the_copy() {
    let bench = Bench::new();
    bench.write(
        "nix/sources/hashes.nix",
        &format!("{{ x = \"{STALE}\"; }}\n"),
    );
    bench.write(
        "default.nix",
        "(import ./fod.nix) { name = \"x\"; hash = (import <sources/hashes.nix>).x; script = \"echo x > $out\"; }\n",
    );
    for args in [
        &["-I", "sources=nix/sources"][..],
        &["-I", "nix"],
        &["-I", "sources=./nix/sources", "--all"],
    ] {
        bench.write(
            "nix/sources/hashes.nix",
            &format!("{{ x = \"{STALE}\"; }}\n"),
        );
        let rows = bench.rows(0, args);
        assert_eq!(rows.counts(), [1, 0, 0, 0], "{args:?}: {rows:#?}");
    }
    let root = bench.workspace().join("nix");
    let absolute = root.to_str().unwrap();
    assert_eq!(
        bench.rows(0, &["-I", absolute, "--all"]).counts(),
        [0, 1, 0, 0]
    );
    // The same by cotter.toml, seen from the root.
    bench.write(
        "cotter.toml",
        "[nix]\ninclude = { sources = \"nix/sources\" }\n",
    );
    bench.write(
        "nix/sources/hashes.nix",
        &format!("{{ x = \"{STALE}\"; }}\n"),
    );
    assert_eq!(bench.rows(0, &[]).counts(), [1, 0, 0, 0]);
    bench.builds_with("default.nix", &["-I", "nix"]);
}

#[test]
fn options_reach_evaluation_and_builds() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            "let fod = import ./fod.nix; in assert builtins.currentSystem == \"{ARCH}-linux\"; {}\n",
            fod("x", "sleep 3; echo x > $out")
        ),
    );
    let rows = bench.rows(1, &["--option", "max-silent-time", "1"]);
    assert_eq!(rows.counts(), [0, 0, 1, 0], "{rows:#?}");
    let rows = bench.rows(0, &["--option", "max-silent-time", "100", "--jobs", "2"]);
    assert_eq!(rows.counts(), [1, 0, 0, 0]);
}

#[test]
fn another_system_is_evaluated_and_not_built_without_a_builder() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let fod = import ./fod.nix; hashes = {{ {ARCH}-linux = "{STALE}"; riscv64-linux = "{STALE}"; }}; in
fod {{ name = "x"; hash = hashes.${{builtins.currentSystem}}; script = "echo x > $out"; }}
"#
        ),
    );
    let rows = bench.rows(0, &["--system", "riscv64-linux"]);
    assert_eq!(rows.counts(), [0, 0, 0, 2], "{rows:#?}");
    let other = rows.of("hashes.riscv64-linux");
    assert_eq!(other["system"], "riscv64-linux");
    assert!(
        other["reason"].as_str().unwrap().contains("no builder"),
        "{other:#}"
    );
    assert_eq!(
        rows.of(&format!("hashes.{ARCH}-linux"))["system"],
        format!("{ARCH}-linux")
    );
    assert!(!bench.workspace().join("cotter.lock").exists());
    // One that any system builds, for another.
    bench.write(
        "fod.nix",
        &bench
            .read("fod.nix")
            .replace("builtins.currentSystem", &format!("\"{ARCH}-linux\"")),
    );
    let rows = bench.rows(0, &["--system", "riscv64-linux"]);
    assert_eq!(rows.counts(), [1, 0, 0, 1], "{rows:#?}");
    let text = bench.read("default.nix");
    assert!(
        text.contains(&format!("{ARCH}-linux = \"{STALE}\"")),
        "{text}"
    );
}
