//! What goes wrong, and that nothing is written then.

use crate::bench::{Bench, flake, url};

#[test]
fn without_nix_nothing_is_written() {
    let bench = Bench::new();
    let one = bench.repo("one");
    bench.flake(&flake(&format!("inputs.one.url = \"{}\";", url(&one))));
    let lock = bench.read("flake.lock");
    // Nothing to do: nobody is asked.
    bench.bump_without_nix(&[]).expect(0);
    one.commit("second");
    let ran = bench.bump_without_nix(&[]).expect(3);
    ran.says(&["`nix` is not installed", "https://nixos.org/download"]);
    assert_eq!(bench.read("flake.lock"), lock);
}

#[test]
fn a_dry_run_writes_nothing() {
    let bench = Bench::new();
    let one = bench.repo("one");
    bench.flake(&flake(&format!("inputs.one.url = \"{}\";", url(&one))));
    let lock = bench.read("flake.lock");
    one.commit("second");
    bench.bump(&["--dry-run"]).expect(1);
    assert_eq!(bench.read("flake.lock"), lock);
    let names: Vec<_> = std::fs::read_dir(bench.path("ws"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_broken_lock_is_told_with_its_place_and_the_rest_is_listed() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let head = one.git(&["rev-parse", "HEAD"]);
    bench.write(
        "flake.nix",
        &flake(&format!("inputs.one.url = \"{}\";", url(&one))),
    );
    bench.write(
        "p.nix",
        &format!("{{ src = builtins.fetchGit {{ url = \"file:///x\"; rev = \"{head}\"; }}; }}"),
    );
    let broken = "{\n  \"nodes\": {\n    oops\n";
    bench.write("flake.lock", broken);
    let listed = bench.cotter(&["pin", "list", "--format", "json"]).expect(2);
    assert!(listed.err.contains("flake.lock:3:5"), "{}", listed.err);
    let names = listed.json()["pins"].to_string();
    assert!(names.contains("p:src"), "{names}");
    let ran = bench
        .bump(&["flake.nix"])
        .expect(2)
        .says(&["nix flake lock"]);
    assert!(ran.err.contains("flake.lock:3:5"), "{}", ran.err);
    assert_eq!(bench.read("flake.lock"), broken);
}

#[test]
fn what_nix_refuses_is_told_and_nothing_is_written() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let old = one.git(&["rev-parse", "HEAD"]);
    let text = flake(&format!("inputs.one.url = \"{}?rev={old}\";", url(&one)));
    bench.flake(&text);
    let lock = bench.read("flake.lock");
    one.write("flake.nix", "{ outputs = ").commit("broken");
    bench.bump(&[]).expect(3).says(&["syntax error"]);
    assert_eq!(bench.read("flake.nix"), text);
    assert_eq!(bench.read("flake.lock"), lock);
}

#[test]
fn the_configuration_and_the_environment_reach_nix() {
    let bench = Bench::new();
    let one = bench.repo("one");
    bench.flake(&flake(&format!("inputs.one.url = \"{}\";", url(&one))));
    let lock = bench.read("flake.lock");
    let new = one.commit("second");
    let store = bench.path("elsewhere").display().to_string();
    bench.write(
        "cotter.toml",
        &format!("[nix.options]\nstore = \"{store}\"\n[nix.include]\nx = \"./x\"\n"),
    );
    bench.bump(&[]).expect(0);
    assert_eq!(bench.locked("one"), new);
    assert!(bench.path("elsewhere").exists(), "`store` was not told");
    bench.write("flake.lock", &lock);
    bench.write("cotter.toml", "");
    let mut cotter = bench.command(&["pin", "bump"]);
    cotter.env("NIX_CONFIG", "no-such line");
    let output = crate::support::run(&mut cotter, "nix-bin");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(bench.read("flake.lock"), lock);
}
