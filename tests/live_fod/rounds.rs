//! How many builds it takes, and that each literal gets its own hash.

use crate::support::fod::{Bench, STALE};

#[test]
fn sixteen_of_one_name_take_one_round() {
    let bench = Bench::new();
    let fods: String = (0..16)
        .map(|n| {
            format!(
                "  f{n} = fod {{ name = \"same\"; hash = \"{}\"; script = \"sleep 1; echo {n} > $out\"; }};\n",
                STALE.replace("c3R", &format!("{n:03}"))
            )
        })
        .collect();
    bench.write(
        "default.nix",
        &format!("let fod = import ./fod.nix; in {{\n{fods}}}\n"),
    );
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [16, 0, 0, 0]);
    assert_eq!((rows.rounds(), rows.written()), (1, true));
    bench.builds("default.nix");
    // Nothing is left to do, and nothing is built to know that.
    let again = bench.rows(0, &[]);
    assert_eq!(again.counts(), [0, 16, 0, 0]);
    assert_eq!((again.rounds(), again.written()), (0, false));
}

#[test]
fn equal_placeholders_get_their_own_hashes() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        r#"{ lib }: let fod = import ./fod.nix; in {
  a = fod { name = "a"; hash = lib.fakeHash; script = "echo a > $out"; };
  b = fod { name = "b"; hash = lib.fakeHash; script = "echo b > $out"; };
  c = fod { name = "c"; hash = lib.fakeHash; script = "echo c > $out"; };
}
"#,
    );
    let lib = "{ fakeHash = \"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"; }";
    let args = ["--file", "default.nix", "--arg", "lib", lib];
    assert_eq!(bench.rows(0, &args).counts(), [3, 0, 0, 0]);
    assert!(!bench.read("default.nix").contains("fakeHash"));
    bench.builds_with("default.nix", &["--arg", "lib", lib]);
}

#[test]
fn a_chain_of_three_takes_three_rounds() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  fod = import ./fod.nix;
  a = fod {{ name = "a"; hash = "{STALE}"; script = "echo a > $out"; }};
  b = fod {{ name = "b"; hash = "{STALE}"; script = "cat ${{a}} > $out; echo b >> $out"; }};
in fod {{ name = "c"; hash = "{STALE}"; script = "cat ${{b}} > $out; echo c >> $out"; }}
"#
        ),
    );
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [3, 0, 0, 0]);
    assert_eq!(rows.rounds(), 3);
    bench.builds("default.nix");
}

#[test]
fn a_stale_hash_whose_output_is_there_is_found() {
    let bench = Bench::new();
    let text = |word: &str, hash: &str| {
        format!(
            "(import ./fod.nix) {{ name = \"deps\"; hash = \"{hash}\"; script = \"echo {word} > $out\"; }}\n"
        )
    };
    bench.write("default.nix", &text("old", STALE));
    bench.cotter(&[]).expect(0);
    let right = bench.read("default.nix");
    bench.nix("nix-build", &["--no-out-link", "default.nix"]);
    // What is built changes, the hash is forgotten, and Nix has the old output: it builds green.
    bench.write("default.nix", &right.replace("echo old", "echo new"));
    bench.nix("nix-build", &["--no-out-link", "default.nix"]);
    let rows = bench.rows(0, &[]);
    assert_eq!(rows.counts(), [1, 0, 0, 0]);
    bench.builds("default.nix");
}
