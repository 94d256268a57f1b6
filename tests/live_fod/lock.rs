//! cotter.lock: what it saves, and what a run leaves of it. What a dry run shows.

use std::fs;

use cotter::config::Config;
use cotter::fod;
use cotter::fod::lock::{Lock, drift};
use cotter::source::{RelPath, Workspace};
use cotter::syntax::Library;

use crate::support::fod::{Bench, STALE};
use crate::support::{command, run_ok};

fn two() -> Bench {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let fod = import ./fod.nix; in {{
  a = fod {{ name = "a"; hash = "{STALE}"; script = "cat ${{import ./tool.nix}} > $out"; }};
  b = fod {{ name = "b"; hash = "{STALE}"; script = "echo b > $out"; }};
}}
"#
        ),
    );
    // Stands for a compiler: what it is made of is none of the workspace's files.
    bench.write("tool.nix", &tool("1"));
    bench
}

fn tool(version: &str) -> String {
    format!("builtins.toFile \"tool\" \"{version}\"\n")
}

#[test]
fn a_change_of_the_toolchain_alone_is_built_again_and_said() {
    let bench = Bench::new();
    // Beside the workspace, as nixpkgs is.
    let tool = bench.path("tool");
    fs::create_dir(&tool).unwrap();
    let write = |word: &str| {
        let text = format!(
            "derivation {{ name = \"tool\"; system = builtins.currentSystem; builder = \"/bin/sh\"; PATH = \"/usr/bin:/bin\"; args = [ \"-ec\" \"echo {word} > $out\" ]; }}\n"
        );
        fs::write(tool.join("default.nix"), text).unwrap();
    };
    write("one");
    bench.write(
        "default.nix",
        &format!(
            "let fod = import ./fod.nix; in {{ a = fod {{ name = \"a\"; hash = \"{STALE}\"; script = \"test -e ${{import <tool>}}; echo a > $out\"; }};\n b = fod {{ name = \"b\"; hash = \"{STALE}\"; script = \"echo b > $out\"; }}; }}\n"
        ),
    );
    let include = format!("tool={}", tool.display());
    let rows = |args: &[&str]| bench.rows(0, &[&["-I", &include], args].concat());
    assert_eq!(rows(&[]).counts(), [2, 0, 0, 0]);
    assert_eq!(rows(&[]).rounds(), 0);
    write("two");
    let again = rows(&[]);
    assert_eq!((again.counts(), again.rounds()), ([0, 2, 0, 0], 1));
    let reason = again.of("a.hash")["reason"].as_str().unwrap();
    assert!(reason.contains("toolchain"), "{reason}");
    assert_eq!(again.of("b.hash")["reason"], serde_json::Value::Null);
    assert!(again.written(), "the lock knows the new toolchain");
    assert_eq!(rows(&[]).rounds(), 0);
}

#[test]
fn an_entry_goes_with_its_literal() {
    let bench = two();
    bench.cotter(&[]).expect(0);
    let lock = bench.read("cotter.lock");
    assert!(
        lock.contains("\"a.hash\"") && lock.contains("\"b.hash\""),
        "{lock}"
    );
    assert!(!lock.contains(bench.path("").to_str().unwrap()), "{lock}");
    let text = bench.read("default.nix");
    let without: String = text
        .lines()
        .filter(|line| !line.contains("b = fod"))
        .map(|line| format!("{line}\n"))
        .collect();
    bench.write("default.nix", &without);
    assert_eq!(bench.rows(0, &[]).counts(), [0, 1, 0, 0]);
    let shorter = bench.read("cotter.lock");
    assert!(
        shorter.contains("\"a.hash\"") && !shorter.contains("b.hash"),
        "{shorter}"
    );
}

/// What is recorded of the literal `outputHash` of `name` in `default.nix`.
fn entry(bench: &Bench, name: &str) -> serde_json::Value {
    let lock: serde_json::Value = serde_json::from_str(&bench.read("cotter.lock")).unwrap();
    lock["fods"]["default.nix"][format!("{name}.outputHash")].clone()
}

/// What has changed for the literals in `default.nix` since they were recorded: files, attributes, the hash itself.
fn drifts(bench: &Bench) -> Vec<String> {
    let workspace = Workspace::at(&bench.workspace()).unwrap();
    let files = workspace.files(&RelPath::root(), &[]);
    let literals = fod::find(&workspace, &Config::default(), &files).literals;
    let library = Library::new(&workspace);
    let lock = Lock::load(&workspace).unwrap();
    let mut told = Vec::new();
    for (file, attrpath, entry) in lock.entries() {
        let literal = literals
            .iter()
            .find(|literal| literal.path() == file && literal.name.attrpath == attrpath);
        assert!(literal.is_some(), "{attrpath}");
        let drift = drift(entry, literal, &library);
        let files = drift.files.iter();
        told.extend(files.map(|(path, what)| format!("{attrpath}: {path} {what:?}")));
        told.extend(drift.env.iter().map(|name| format!("{attrpath}: {name}")));
        told.extend(drift.hash_differs.then(|| format!("{attrpath}: hash")));
    }
    told
}

#[test]
fn what_a_hash_was_verified_for_is_recorded_with_it() {
    let bench = Bench::new();
    bench.write("bun.lock", "one\n");
    bench.write("hashes.json", &format!("{{ \"c\": \"{STALE}\" }}\n"));
    std::os::unix::fs::symlink("bun.lock", bench.workspace().join("link")).unwrap();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  rest = {{ system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; }};
in {{
  a = derivation (rest // {{
    name = "a"; args = [ "-ec" "cat $src/bun.lock > $out; echo $KEY >> $out" ];
    src = ./.;
    KEY = "pk_1";
    outputHash = "{STALE}"; outputHashMode = "flat";
  }});
  b = derivation {{
    name = "b"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    args = [ "-ec" "echo $KEY > $out" ]; KEY = ''pk_2''; DEBUG = false; other = "${{rest.PATH}}";
    outputHash = "{STALE}"; outputHashMode = "flat";
  }};
  c = import ./fod.nix {{
    name = "c"; hash = (builtins.fromJSON (builtins.readFile ./hashes.json)).c; script = "echo c > $out";
  }};
}}
"#
        ),
    );
    let first = bench.rows(0, &[]);
    assert_eq!((first.counts(), first.written()), ([3, 0, 0, 0], true));
    let sha256 = |text: &str| {
        let digest = bench.nix("nix-hash", &["--type", "sha256", "--flat", text]);
        let sri = bench.nix(
            "nix",
            &["hash", "to-sri", "--type", "sha256", digest.trim()],
        );
        sri.trim().to_owned()
    };
    let of_text = |text: &str| {
        let path = bench.path("text");
        fs::write(&path, text).unwrap();
        sha256(path.to_str().unwrap())
    };
    // Those with hashes in them would not stay as they are.
    let a = entry(&bench, "a");
    assert_eq!(
        a["files"],
        serde_json::json!({
            "bun.lock": sha256("bun.lock"),
            "fod.nix": sha256("fod.nix"),
            "link": of_text("bun.lock"),
        }),
        "{a:#}"
    );
    assert_eq!(a["env"], serde_json::json!({ "KEY": of_text("pk_1") }));
    assert_eq!(a["computed"], serde_json::Value::Null);
    let b = entry(&bench, "b");
    assert_eq!(b["files"], serde_json::Value::Null);
    assert_eq!(
        b["env"],
        serde_json::json!({
            "KEY": of_text("pk_2"),
            "DEBUG": of_text(""),
            "PATH": of_text("/usr/bin:/bin"),
            "builder": of_text("/bin/sh"),
        }),
    );
    assert_eq!(
        b["computed"],
        serde_json::json!(["args", "other", "system"])
    );

    // All is as it was when it was verified, and stays so.
    let lock = bench.read("cotter.lock");
    for args in [&[][..], &["--all"], &["*:a.outputHash"]] {
        let again = bench.rows(0, args);
        assert!(!again.written(), "{args:?}");
        assert_eq!(bench.read("cotter.lock"), lock);
        assert_eq!(drifts(&bench), [""; 0]);
    }

    // What was hashed anew has what it was hashed of.
    bench.write("bun.lock", "two\n");
    let text = bench.read("default.nix").replace("pk_2", "pk_3");
    bench.write("default.nix", &text);
    fs::remove_file(bench.workspace().join("link")).unwrap();
    let expected = [
        "a.outputHash: bun.lock Changed",
        "a.outputHash: link Gone",
        "b.outputHash: KEY",
    ];
    assert_eq!(drifts(&bench), expected);
    let again = bench.rows(0, &[]);
    assert_eq!((again.counts(), again.written()), ([2, 1, 0, 0], true));
    assert_eq!(drifts(&bench), [""; 0]);
    assert_eq!(entry(&bench, "a")["files"]["bun.lock"], sha256("bun.lock"));
    assert_eq!(entry(&bench, "b")["env"]["KEY"], of_text("pk_3"));
    assert!(!bench.rows(0, &[]).written());
}

#[test]
fn all_looks_into_each_again() {
    let bench = two();
    bench.cotter(&[]).expect(0);
    let all = bench.rows(0, &["--all"]);
    assert_eq!(
        (all.counts(), all.rounds(), all.written()),
        ([0, 2, 0, 0], 1, false)
    );
    // And into nothing but what is named.
    let one = bench.rows(0, &["--all", "*:b.hash"]);
    assert_eq!((one.counts(), one.rounds()), ([0, 1, 0, 0], 1));
}

#[test]
fn a_garbled_lock_is_refused_with_its_place() {
    let bench = two();
    bench.cotter(&[]).expect(0);
    let good = bench.read("cotter.lock");
    let before = bench.read("default.nix");
    let line = good.lines().count();
    for (garbled, line) in [
        (good.trim_end().trim_end_matches('}').to_owned(), None),
        (format!("<<<<<<< ours\n{good}"), Some(1)),
        (good.replacen("\"schema\": 1", "\"schema\": 99", 1), None),
        (good.replacen('{', "{,", 1), Some(1)),
    ] {
        assert_ne!(garbled, good);
        bench.write("cotter.lock", &garbled);
        let run = bench.cotter(&["--format", "json"]).expect(2);
        let error = &run.json()["error"];
        assert_eq!(error["file"], "cotter.lock", "{error:#}");
        assert!(
            error["line"].as_u64().is_some() && error["column"].as_u64().is_some(),
            "{error:#}"
        );
        if let Some(line) = line {
            assert_eq!(error["line"], line);
        }
        assert!(error["hint"].as_str().is_some(), "{error:#}");
        assert_eq!(bench.read("cotter.lock"), garbled);
        assert_eq!(bench.read("default.nix"), before);
    }
    assert!(line > 4, "one line each at least");
}

#[test]
fn a_dry_run_writes_nothing_and_its_diff_is_what_a_run_does() {
    let bench = two();
    bench.track();
    let before = bench.read("default.nix");
    let dry = bench.rows(1, &["--dry-run"]);
    assert_eq!((dry.counts(), dry.written()), ([2, 0, 0, 0], false));
    assert_eq!(bench.read("default.nix"), before);
    assert!(!bench.workspace().join("cotter.lock").exists());
    let diff = bench.cotter(&["--dry-run", "--diff"]).expect(1).out;
    bench.cotter(&[]).expect(0);
    let after = bench.read("default.nix");
    assert_ne!(after, before);
    bench.write("default.nix", &before);
    fs::write(bench.path("change.patch"), &diff).unwrap();
    let mut git = command("git", &bench.path("home"));
    git.arg("-C")
        .arg(bench.workspace())
        .args(["apply", "../change.patch"]);
    run_ok(&mut git, "git");
    assert_eq!(bench.read("default.nix"), after, "{diff}");
    let again = bench.rows(0, &["--dry-run"]);
    assert_eq!((again.counts(), again.rounds()), ([0, 2, 0, 0], 0));
}

#[test]
fn a_second_run_changes_nothing() {
    let bench = two();
    bench.cotter(&[]).expect(0);
    let snapshot = || (bench.read("default.nix"), bench.read("cotter.lock"));
    let first = snapshot();
    let modified = || {
        ["default.nix", "cotter.lock"].map(|name| {
            fs::metadata(bench.workspace().join(name))
                .unwrap()
                .modified()
                .unwrap()
        })
    };
    let times = modified();
    for args in [
        &[][..],
        &["--all"],
        &["default.nix"],
        &["--native", "never"],
    ] {
        assert!(!bench.rows(0, args).written(), "{args:?}");
        assert_eq!((snapshot(), modified()), (first.clone(), times), "{args:?}");
    }
    let names: Vec<_> = fs::read_dir(bench.workspace())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
}
