//! What a script may rely on: keys, codes, what is written and what is not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bench::Bench;

const HASH: &str = "sha256-admUjzG9krTB6nNkOypU/fduQv0A5i5lwx28cx1znK4=";

/// One pin that moves, one that stays and one that is left.
fn three(bench: &Bench) -> (String, String, String) {
    let repo = bench.repo("github.com/o/r");
    let old = repo.git(&["rev-parse", "HEAD"]);
    let new = repo.write("a", "1").commit("new");
    let text = format!(
        "{{\r\n  a = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{old}\"; hash = \"{HASH}\"; }};\r\n  b = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{new}\"; hash = \"{HASH}\"; }};\n  c = fetchFromGitHub {{ owner = \"o\"; repo = \"r\"; rev = \"{old}\"; postFetch = \"\"; hash = \"{HASH}\"; }};\r\n}}"
    );
    bench.write("p/default.nix", &text);
    (text, new.clone(), bench.archive(&repo, &new))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn json_tells_what_changed_stayed_and_was_left() {
    let bench = Bench::new();
    let (text, new, hash) = three(&bench);
    let dry = bench
        .bump(&["--format", "json", "--dry-run"])
        .expect(1)
        .json();
    assert_eq!(bench.read("p/default.nix"), text);
    assert_eq!(dry["written"], json!(false));
    let ran = bench.bump(&["--format", "json"]).expect(1).json();
    assert_eq!(dry["changes"], ran["changes"]);
    assert_eq!(
        keys(&ran),
        BTreeSet::from(["schema", "changes", "unchanged", "left", "written"])
    );
    assert_eq!((&ran["schema"], &ran["written"]), (&json!(1), &json!(true)));
    assert_eq!(ran["unchanged"], json!(["p:b"]));
    let changes = ran["changes"].as_array().unwrap();
    let of = |change: &Value| {
        assert_eq!(
            keys(change),
            BTreeSet::from(["name", "file", "line", "column", "field", "old", "new"])
        );
        (
            change["field"].as_str().unwrap().to_owned(),
            change["new"].as_str().unwrap().to_owned(),
            change["line"].as_u64().unwrap(),
        )
    };
    assert_eq!(
        changes.iter().map(of).collect::<Vec<_>>(),
        [("rev".into(), new, 2), ("hash".into(), hash, 2)]
    );
    let left = &ran["left"][0];
    assert_eq!(
        keys(left),
        BTreeSet::from(["name", "file", "line", "column", "reason"])
    );
    assert_eq!((&left["name"], &left["line"]), (&json!("p:c"), &json!(4)));
    // What could not move still cannot; nothing else is to do.
    let again = bench.bump(&["--format", "json"]).expect(1).json();
    assert_eq!(
        (&again["changes"], &again["written"]),
        (&json!([]), &json!(false))
    );
}

#[test]
fn only_the_values_change_and_git_takes_the_diff() {
    let bench = Bench::new();
    let (text, new, hash) = three(&bench);
    let old = text.split("rev = \"").nth(1).unwrap()[..40].to_owned();
    let expected = text.replacen(&old, &new, 1).replacen(HASH, &hash, 1);
    let diff = bench.bump(&["--dry-run", "--diff"]).expect(1).out;
    let patch = bench.ws("patch");
    std::fs::write(&patch, &diff).unwrap();
    let mut apply = crate::support::command("git", &bench.ws(""));
    apply
        .current_dir(bench.ws(""))
        .args(["apply", "--whitespace=nowarn", "patch"]);
    crate::support::run_ok(&mut apply, "git");
    assert_eq!(bench.read("p/default.nix"), expected);
    bench.write("p/default.nix", &text);
    assert_eq!(bench.bump(&["--diff"]).expect(1).out, diff);
    assert_eq!(bench.read("p/default.nix"), expected);
}

#[test]
fn a_run_with_nothing_to_do_touches_no_file() {
    let bench = Bench::new();
    let repo = bench.repo("github.com/o/r");
    let head = repo.git(&["rev-parse", "HEAD"]);
    let text =
        format!("builtins.fetchGit {{ url = \"https://github.com/o/r\"; rev = \"{head}\"; }}\n");
    bench.write("p/default.nix", &text);
    let when = || {
        std::fs::metadata(bench.ws("p/default.nix"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = when();
    bench.bump(&[]).expect(0);
    // An abbreviation of where it is says the same.
    bench.stays(&text.replace(&head, &head[..10]), 0);
    bench.write("p/default.nix", &text);
    bench.bump(&["--diff"]).expect(0);
    assert!(when() >= before);
}

#[test]
fn errors_are_one_object_too() {
    let bench = Bench::new();
    let head = bench.repo("github.com/o/r").git(&["rev-parse", "HEAD"]);
    let text = format!(
        "builtins.fetchGit {{\n  url = \"https://github.com/o/r\";\n  rev = \"{head}\"; # maim\n}}\n"
    );
    bench.write("p/default.nix", &text);
    let error = bench.bump(&["--format", "json"]).expect(2).json()["error"].clone();
    assert_eq!(error["kind"], json!("usage"));
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&json!("p/default.nix"), &json!(3), &json!(10))
    );
    assert!(error["hint"].as_str().unwrap().contains("# pin"), "{error}");
    for words in [&["nothing-of-the-kind"][..], &["p:none"]] {
        bench.bump(words).expect(2);
    }
}
