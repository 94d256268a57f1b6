//! What goes wrong: in a builder, in an evaluation, around the run. The rest is written all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::cotter::ran;
use crate::support::fod::{Bench, STALE};

/// A workspace whose `default.nix` is a set with these attributes, STALE in place of `HASH`, and a good one: `ok`.
fn with(attrs: &str) -> Bench {
    let bench = Bench::new();
    let ok = "ok = fod { name = \"ok\"; hash = \"HASH\"; script = \"echo ok > $out\"; };";
    let text = format!("let fod = import ./fod.nix; in {{\n{attrs}\n{ok}\n}}\n");
    bench.write("default.nix", &text.replace("HASH", STALE));
    bench
}

#[test]
fn what_a_builder_prints_is_no_mismatch() {
    let bench = with(
        r#"a = fod { name = "a"; hash = "HASH"; script = ''
  echo "hash mismatch in fixed-output derivation '/nix/store/x-a.drv':" >&2
  echo "  specified: HASH" >&2
  echo "     got:    sha256-Z290IGdvdCBnb3QgZ290IGdvdCBnb3QgZ290IGdvdCE=" >&2
  echo '@nix {"action":"msg","level":0,"msg":"error: hash mismatch in fixed-output derivation \u0027/nix/store/x-a.drv\u0027:\n specified: HASH\n got: sha256-Z290IGdvdCBnb3QgZ290IGdvdCBnb3QgZ290IGdvdCE="}' >&2
  echo '@nix {"action":"stop","id":1}' >&2
  echo a > $out
''; };"#,
    );
    assert_eq!(bench.rows(0, &[]).counts(), [2, 0, 0, 0]);
    assert!(!bench.read("default.nix").contains("Z290IGdvdC\"; s"));
    bench.builds("default.nix");
}

#[test]
fn a_failed_builder_is_shown_with_its_log_and_the_rest_is_written() {
    let bench = with(
        r#"a = fod { name = "broken"; hash = "HASH"; script = "for i in $(seq 1 40); do echo \"line $i of it\"; done; exit 3"; };
b = fod { name = "b"; hash = "HASH"; script = "cat ${(import ./default.nix).a} > $out"; };
c = fod { name = "c"; hash = "HASH"; script = "cat ${(import ./default.nix).a} > $out; echo c >> $out"; };"#,
    );
    let before = bench.read("default.nix");
    let rows = bench.rows(1, &[]);
    assert_eq!(rows.counts(), [1, 0, 3, 0]);
    assert!(rows.written());
    let broken = rows.of("a.hash");
    let log: Vec<&str> = broken["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert_eq!(log.len(), 25);
    assert_eq!((log[0], log[24]), ("line 16 of it", "line 40 of it"));
    assert!(broken["reason"].as_str().unwrap().contains("exit code 3"));
    assert_eq!(broken["old"], STALE);
    assert_eq!(broken["new"], serde_json::Value::Null);
    for above in ["b.hash", "c.hash"] {
        let reason = rows.of(above)["reason"].as_str().unwrap();
        assert!(reason.contains("a.hash"), "{reason}");
        assert!(rows.of(above).get("log").is_none());
    }
    let after = bench.read("default.nix");
    assert_eq!(after.matches(STALE).count(), 3);
    assert_eq!(after.lines().count(), before.lines().count());
    assert_eq!(
        bench.rows(1, &[]).counts(),
        [0, 1, 3, 0],
        "a second run writes nothing"
    );
    assert_eq!(bench.read("default.nix"), after);

    let drv = broken["drv"].as_str().unwrap();
    assert!(
        bench
            .nix("nix-store", &["--read-log", drv])
            .contains("line 1 of it")
    );
    for quiet in [&["--format", "human"][..], &["-q"]] {
        let mut command = bench.command(quiet);
        let run = ran(&mut command).expect(1);
        assert!(!run.err.contains("line 15 of it"), "{}", run.err);
        let name = "a.hash` stays as it was: its builder failed with exit code 3";
        let first = run.err.find("line 16 of it").unwrap();
        let last = run.err.find("line 40 of it").unwrap();
        let command = run.err.find("nix-store --read-log ").unwrap();
        assert!(
            run.err.find(name).unwrap() < first && first < last && last < command,
            "{}",
            run.err
        );
        run.says(&[
            "default.nix:2:",
            "is built with what has the hash",
            "shows the whole log",
        ]);
    }
}

#[test]
fn one_that_hangs_is_ended_and_the_others_are_not() {
    let bench =
        with(r#"a = fod { name = "hangs"; hash = "HASH"; script = "echo waiting; sleep 1000"; };"#);
    let rows = bench.rows(1, &["--timeout", "2"]);
    assert_eq!(rows.counts(), [1, 0, 1, 0]);
    let hangs = rows.of("a.hash");
    assert!(
        hangs["reason"]
            .as_str()
            .unwrap()
            .contains("longer than 2 s"),
        "{hangs:#}"
    );
    assert_eq!(hangs["log"], serde_json::json!(["waiting"]));
}

#[test]
fn of_what_is_never_the_same_no_hash_is_written_that_another_run_denies() {
    let bench = with(
        r#"a = fod { name = "random"; hash = "HASH"; script = "head -c 16 /dev/urandom > $out"; };"#,
    );
    // What was built once is what Nix has under that hash from then on.
    assert_eq!(bench.rows(0, &[]).counts(), [2, 0, 0, 0]);
    assert_eq!(bench.rows(0, &[]).counts(), [0, 2, 0, 0]);
    assert_eq!(bench.rows(0, &["--all"]).counts(), [1, 1, 0, 0]);
}

#[test]
fn a_target_that_throws_does_not_stop_the_other() {
    let bench = with("");
    bench.write("good/default.nix", &format!("(import ../fod.nix) {{ name = \"g\"; hash = \"{STALE}\"; script = \"echo g > $out\"; }}\n"));
    bench.write(
        "bad/default.nix",
        &format!("{{ a = (import ../fod.nix) {{ name = \"b\"; hash = \"{STALE}\"; script = \"echo b > $out\"; }};\n  b = throw \"not today\"; }}\n"),
    );
    let run = bench.cotter(&["--format", "json"]).expect(1);
    let rows = crate::support::fod::Rows(run.json());
    assert_eq!(rows.counts(), [2, 0, 1, 0]);
    assert_eq!(rows.status("a.hash"), "failed");
    assert!(
        !run.err.contains(bench.path("cache").to_str().unwrap()),
        "{}",
        run.err
    );
    run.says(&["not today", "bad/default.nix"]);
    assert!(bench.read("bad/default.nix").contains(STALE));
    assert!(!bench.read("good/default.nix").contains(STALE));

    // Nothing else: then it is an error of what lies outside.
    let run = bench.cotter(&["--file", "bad"]).expect(3);
    run.says(&["not today"]);
}

#[test]
fn without_nix_it_says_so() {
    let bench = with("");
    let bin = bench.path("bin");
    fs::create_dir(&bin).unwrap();
    let run = ran(bench.command(&[]).env("PATH", &bin)).expect(3);
    run.says(&["not installed", "--native only"]);
    let run = ran(bench.command(&["--format", "json"]).env("PATH", &bin)).expect(3);
    assert_eq!(run.json()["error"]["kind"], "outside");
    // Where no hash is asked for that needs it, it is not missed.
    let rows = ran(bench
        .command(&["--native", "only", "--format", "json"])
        .env("PATH", &bin));
    assert_eq!(
        crate::support::fod::Rows(rows.expect(0).json()).counts(),
        [0, 0, 0, 1]
    );
    assert!(bench.read("default.nix").contains(STALE));
}

#[test]
fn a_broken_file_and_what_matches_nothing_are_told_before_anything_is_built() {
    let bench = with("");
    let run = bench.cotter(&["nothing:like.this"]).expect(2);
    run.says(&["nothing:like.this"]);
    bench
        .cotter(&["no/such/file.nix"])
        .expect(2)
        .says(&["no/such/file.nix"]);
    bench
        .cotter(&["--file", "none.nix"])
        .expect(2)
        .says(&["none.nix"]);
    bench
        .cotter(&["--flake", "./none"])
        .expect(2)
        .says(&["none"]);
    bench.write(
        "broken.nix",
        &format!("{{ hash = \"{STALE}\"; \n  x = ; }}\n"),
    );
    let run = bench.cotter(&["--format", "json"]).expect(2);
    let error = &run.json()["error"];
    assert_eq!(
        (&error["file"], &error["line"]),
        (&"broken.nix".into(), &2.into()),
        "{error:#}"
    );
    assert!(bench.read("default.nix").contains(STALE));
    assert!(!bench.path("nix").exists(), "Nix was not run");
}

#[test]
fn a_workspace_that_cannot_be_written_stays_and_is_said_to() {
    if rustix::process::geteuid().is_root() {
        // For root nothing is read-only: the mode of a file is all that can be set.
        let bench = with("");
        let file = bench.workspace().join("default.nix");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        let before = bench.read("default.nix");
        let run = bench.cotter(&[]);
        let is_same = bench.read("default.nix") == before;
        assert!(run.code == Some(2) && is_same, "{run:?}");
        run.says(&["default.nix"]);
        return;
    }
    let bench = with("");
    let folder = bench.workspace();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let run = bench.cotter(&[]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(run.code, Some(2 | 3)), "{run:?}");
    assert!(bench.read("default.nix").contains(STALE));
}
