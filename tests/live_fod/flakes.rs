//! Flakes: what they see, what is evaluated of them.

use std::env::consts::ARCH;

use crate::support::fod::{Bench, STALE};

/// A flake with a derivation in each place; `HASH` is [`STALE`].
fn flake(to_root: &str) -> String {
    format!(
        r#"{{
  outputs = _: let fod = args: derivation ({{
    system = "{ARCH}-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; outputHashMode = "flat";
    inherit (args) name; args = [ "-ec" args.script ]; outputHash = args.hash;
  }} // args.env or {{ }}); in {{
    packages.{ARCH}-linux.image = fod {{ name = "image"; hash = "HASH"; script = "echo image > $out"; }};
    packages.{ARCH}-linux."a.b" = fod {{ name = "ab"; hash = "HASH"; script = "cat $src > $out"; env.src = {to_root}/shared.txt; }};
    checks.{ARCH}-linux.test = fod {{ name = "test"; hash = "HASH"; script = "echo test > $out"; }};
    packages.riscv64-linux.image = fod {{ name = "other"; hash = "HASH"; script = "echo other > $out"; }};
    other.thing = fod {{ name = "thing"; hash = "HASH"; script = "echo thing > $out"; }};
  }};
}}
"#
    )
    .replace("HASH", STALE)
}

fn bench(folder: &str, to_root: &str) -> Bench {
    let bench = Bench::new();
    bench.write(&format!("{folder}flake.nix"), &flake(to_root));
    bench.write("shared.txt", "shared\n");
    bench
}

#[test]
fn packages_and_checks_are_evaluated() {
    let bench = bench("", "./.");
    bench.track();
    let rows = bench.rows(0, &[]);
    // The system of `other` is this machine's too: only its place is another's.
    assert_eq!(rows.counts(), [3, 0, 0, 2], "{rows:#?}");
    assert_eq!(rows.rounds(), 1);
    let text = bench.read("flake.nix");
    assert_eq!(text.matches(STALE).count(), 2);
    assert!(!bench.workspace().join("flake.lock").exists());
    assert_eq!(bench.rows(0, &[]).counts(), [0, 3, 0, 2]);
    for attr in ["image", "\"a.b\""] {
        let reference = format!("path:{}#{attr}", bench.workspace().display());
        bench.nix("nix", &["build", "--no-link", &reference]);
    }
}

#[test]
fn one_installable_is_evaluated_alone() {
    let bench = bench("", "./.");
    bench.track();
    let named = bench.rows(0, &["--flake", ".#image"]);
    assert_eq!(named.counts()[0], 1);
    let full = format!(".#checks.{ARCH}-linux.test");
    assert_eq!(bench.rows(0, &["--flake", &full]).counts()[0], 1);
    assert_eq!(bench.rows(0, &["--flake", ".#other.thing"]).counts()[0], 1);
    assert_eq!(bench.read("flake.nix").matches(STALE).count(), 2);
    bench
        .cotter(&["--flake", ".#none"])
        .expect(3)
        .says(&["none"]);
    bench.cotter(&["--flake", "github:owner/repo"]).expect(2);
}

#[test]
fn a_flake_in_a_subfolder_sees_the_whole_tree() {
    let bench = bench("nested/deep/", "../..");
    bench.write(".gitattributes", "*.txt filter=none eol=crlf\n");
    bench.track();
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [3, 0, 0, 2], "{rows:#?}");
    let again = bench.rows(0, &["--flake", "./nested/deep"]);
    assert_eq!((again.counts(), again.rounds()), ([0, 3, 0, 2], 0));
    assert_eq!(bench.rows(0, &["--all"]).counts(), [0, 3, 0, 2]);
}

#[test]
fn what_git_does_not_track_is_not_there() {
    let bench = Bench::new();
    bench.write(
        "flake.nix",
        &flake("./.").replace("cat $src > $out\"; env.src = ./.", "if [ -e $src/dist ] || [ -e $src/loose.txt ]; then echo seen; else echo unseen; fi > $out\"; env.src = ./. + \"\"; env.x = ./."),
    );
    bench.write("shared.txt", "shared\n");
    bench.write(".gitignore", "dist/\n");
    bench.track();
    bench.write("dist/bundle.js", "x\n");
    bench.write("loose.txt", "not added yet\n");
    bench.write("dist/default.nix", "throw \"not looked at\"\n");
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [3, 0, 0, 2], "{rows:#?}");
    let expected = "unseen\n";
    let mut hasher = cotter::hash::Hasher::new(cotter::hash::Algo::Sha256);
    hasher.update(expected.as_bytes());
    let hash = hasher.finish().to_string();
    assert!(
        bench.read("flake.nix").contains(&hash),
        "{}",
        bench.read("flake.nix")
    );
}

#[test]
fn an_input_of_the_workspace_itself_is_taken_from_the_copy() {
    let bench = Bench::new();
    bench.write("lib/flake.nix", &format!(
        "{{ outputs = _: {{ fod = script: derivation {{ name = \"dep\"; system = \"{ARCH}-linux\"; builder = \"/bin/sh\"; PATH = \"/usr/bin:/bin\"; args = [ \"-ec\" script ]; outputHash = \"{STALE}\"; outputHashMode = \"flat\"; }}; }}; }}\n"
    ));
    bench.write("flake.nix", &format!(
        "{{ inputs.lib.url = \"path:./lib\"; outputs = {{ lib, ... }}: {{ packages.{ARCH}-linux.default = lib.fod \"echo dep > $out\"; }}; }}\n"
    ));
    bench.track();
    bench.nix("nix", &["flake", "lock"]);
    bench.track();
    let lock = bench.read("flake.lock");
    let run = bench.cotter(&["--format", "json", "--flake", "."]);
    let rows = crate::support::fod::Rows(run.expect(0).json());
    assert_eq!(bench.read("flake.lock"), lock);
    // An older Nix locks the content of such an input too, and takes that: the files beside it are not looked at.
    if lock.contains("narHash") {
        assert_eq!(rows.counts(), [0, 0, 0, 1], "{rows:#?}");
        assert!(bench.read("lib/flake.nix").contains(STALE));
    } else {
        assert_eq!(rows.counts(), [1, 0, 0, 0], "{rows:#?}");
        assert!(!bench.read("lib/flake.nix").contains(STALE));
    }
}
