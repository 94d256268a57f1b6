//! Names, to be given to a run.

use crate::support::fod::Bench;

#[test]
fn literals_are_listed_and_nothing_is_computed() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        "(import ./fod.nix) { name = \"a\"; hash = \"\"; script = \"exit 1\"; }\n",
    );
    let list = bench.cotter(&["--list"]).expect(0);
    assert_eq!(list.out, "default:hash  \"\"  default.nix:1:42\n");
    assert!(list.err.is_empty(), "{}", list.err);
    let json = bench
        .cotter(&["--list", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(json["literals"][0]["name"], "default:hash");
    assert_eq!(json["literals"][0]["placeholder"], true);
    bench
        .cotter(&["elsewhere:src"])
        .expect(2)
        .says(&["`cotter fod-rehash --list` shows all names"]);
}
