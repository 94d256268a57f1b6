//! NixOS/nix#15846: before Nix 2.35 a derivation with a wrong hash waits for ever for one with the right hash whose
//! output is the same, if both are built at once.

use cotter::hash::{Algo, Hasher};

use crate::support::fod::{Bench, STALE};

/// Of a file that holds `same` and a line ending.
fn right() -> String {
    let mut hasher = Hasher::new(Algo::Sha256);
    hasher.update(b"same\n");
    hasher.finish().to_string()
}

#[test]
fn what_has_the_same_output_does_not_wait_for_itself() {
    let bench = Bench::new();
    let right = right();
    bench.write(
        "default.nix",
        &format!(
            r#"let fod = import ./fod.nix; in {{
  right = fod {{ name = "same"; hash = "{right}"; script = "sleep 2; echo same > $out"; }};
  wrong = fod {{ name = "same"; hash = "{STALE}"; script = "sleep 1; echo same > $out # again"; }};
  quick = fod {{ name = "quick"; hash = "{STALE}"; script = "echo quick > $out"; }};
}}
"#
        ),
    );
    let rows = bench.rows(0, &["--jobs", "4", "--timeout", "20"]);
    assert_eq!(
        (rows.counts(), rows.rounds()),
        ([2, 1, 0, 0], 1),
        "{rows:#?}"
    );
    assert_eq!(bench.read("default.nix").matches(&right).count(), 2);
    bench.builds("default.nix");
}

#[test]
fn a_right_hash_below_another_is_built_first() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  fod = import ./fod.nix;
  right = fod {{ name = "same"; hash = "{}"; script = "sleep 2; echo same > $out"; }};
in {{
  wrong = fod {{ name = "same"; hash = "{STALE}"; script = "sleep 1; echo same > $out # again"; }};
  above = fod {{ name = "above"; hash = "{STALE}"; script = "cat ${{right}} > $out"; }};
}}
"#,
            right()
        ),
    );
    // Only these are asked for, so that the other is built with the hash that it has.
    let named = ["*:wrong.hash", "*:above.hash", "--timeout", "20"];
    let rows = bench.rows(0, &named);
    assert_eq!(
        (rows.counts(), rows.rounds()),
        ([2, 0, 0, 0], 1),
        "{rows:#?}"
    );
    bench.builds("default.nix");
}
