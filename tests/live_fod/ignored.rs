//! What git ignores and Nix takes all the same.

use crate::support::fod::Bench;

#[test]
fn what_was_built_beforehand_is_a_source() {
    let bench = Bench::new();
    bench.write(".gitignore", "dist\nnode_modules\n");
    bench.write("dist/page.js", "page\n");
    bench.write("web/node_modules/big.js", "big\n");
    bench.write("web/index.js", "index\n");
    bench.write(
        "default.nix",
        r#"(import ./fod.nix) { name = "pages"; hash = ""; env = { outputHashAlgo = "sha256"; };
  script = "cat ${./dist}/page.js ${./web/index.js} > $out"; }
"#,
    );
    bench.track();
    assert_eq!(bench.rows(0, &[]).counts(), [1, 0, 0, 0]);
    bench.builds("default.nix");
    assert!(bench.read("cotter.lock").contains("\"dist/page.js\""));
    assert_eq!(bench.rows(0, &[]).counts(), [0, 1, 0, 0]);
    // A stale hash is found although git knows nothing of the change.
    bench.write("dist/page.js", "another\n");
    assert_eq!(bench.rows(0, &[]).counts(), [1, 0, 0, 0]);
    bench.builds("default.nix");
}
