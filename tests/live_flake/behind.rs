//! What `cotter check` says of a flake and its lock, held against whether Nix would change the lock.
//!
//! `--no-update-lock-file` makes Nix stop where the lock has to change. What is only named here, such as a repository of
//! GitHub, is never fetched for that: where Nix tries to, the lock is not up to date.

use std::fs;
use std::path::Path;

use crate::bench::{Bench, url};
use crate::support::{self, roots};

/// Whether Nix takes the lock file in `dir` as it is.
fn nix_is_content(bench: &Bench, dir: &Path) -> bool {
    let once = [
        "--option",
        "download-attempts",
        "1",
        "--option",
        "connect-timeout",
        "2",
    ];
    let args = [
        &["flake", "metadata", "--no-update-lock-file", "path:."][..],
        &once,
    ]
    .concat();
    let output = bench.nix_output(dir, &args);
    let err = String::from_utf8_lossy(&output.stderr);
    // It has to be the lock that it is about, not the flake.
    assert!(!err.contains("syntax error"), "{err}");
    output.status.success()
}

/// What cotter finds there, of this one rule.
fn findings(bench: &Bench, dir: &Path) -> Vec<String> {
    let mut command = support::command(roots::program().to_str().unwrap(), &bench.path("home"));
    command
        .env("COTTER_CACHE_DIR", bench.path("cache"))
        .arg("--root")
        .arg(dir)
        .args(["check", "--all-files", "--rule", "C401"])
        .args(["--format", "json"]);
    let output = support::run(&mut command, "cotter");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|one| one["message"].as_str().unwrap().to_owned())
        .collect()
}

/// Flakes with this lock: those of which cotter and Nix do not say the same are added to `wrong`.
fn compare(bench: &Bench, lock: &str, inputs: &str, outputs: &str, wrong: &mut Vec<String>) {
    let dir = tempfile::tempdir_in(bench.path("home")).unwrap();
    let flake = format!("{{ {inputs}\n outputs = {outputs}; }}\n");
    fs::write(dir.path().join("flake.nix"), &flake).unwrap();
    fs::write(dir.path().join("flake.lock"), lock).unwrap();
    let found = findings(bench, dir.path());
    let content = nix_is_content(bench, dir.path());
    if found.is_empty() != content {
        wrong.push(format!("Nix content: {content}\n{flake}{found:#?}"));
    }
}

#[test]
fn a_lock_is_behind_where_nix_would_change_it() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let first = one.git(&["rev-parse", "HEAD"]);
    one.commit("second");
    one.git(&["branch", "side"]);
    let two = bench.repo("two");
    let text = format!(
        r#"{{ inputs.one.url = "{}"; inputs.own.follows = "one"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    two.write("flake.nix", text).commit("with inputs");
    let (one, two) = (url(&one), url(&two));
    let plain = one.trim_start_matches("git+");
    let one_is = format!(r#"one.url = "{one}?ref=main";"#);
    let two_is = r#"two.inputs.one.follows = "one";"#;
    let again_is = r#"again.follows = "two/one";"#;
    let all = format!(r#"inputs = {{ {one_is} two.url = "{two}"; {two_is} {again_is} }};"#);
    let lock = bench.nix_lock(&format!("{{ {all} outputs = _: {{ }}; }}"), None, &[]);
    let as_set = |more: &str| format!(r#"one = {{ type = "git"; url = "{plain}"; {more} }};"#);
    let by_query = |query: &str| format!(r#"one.url = "{one}{query}";"#);
    let rev = format!("rev={first}");
    let mut wrong = Vec::new();
    for (old, new) in [
        // The same, otherwise written.
        (&*one_is, as_set(r#"ref = "main";"#)),
        (&one_is, format!(r#"one = {{ url = "{one}?ref=main"; }};"#)),
        (&one_is, by_query("?ref=m%61in")),
        (again_is, r#"again = { follows = "two/one"; };"#.into()),
        (
            two_is,
            format!(r#"{two_is} two.inputs.none.follows = "one";"#),
        ),
        // Another.
        (&one_is, by_query("")),
        (&one_is, by_query("?ref=side")),
        (&one_is, by_query(&format!("?ref=main&{rev}"))),
        (&one_is, by_query(&format!("?{rev}"))),
        (&one_is, by_query("?ref=main&submodules=1")),
        (&one_is, as_set("")),
        (&one_is, as_set(r#"ref = "side";"#)),
        (&one_is, as_set(r#"ref = "main"; submodules = true;"#)),
        (again_is, String::new()),
        (again_is, r#"again.follows = "one";"#.into()),
        (again_is, format!(r#"again.url = "{one}";"#)),
        (two_is, String::new()),
        (two_is, r#"two.inputs.one.follows = "again";"#.into()),
        (two_is, format!(r#"two.inputs.one.url = "{one}?ref=side";"#)),
        (again_is, format!(r#"{again_is} three.url = "{one}";"#)),
    ] {
        assert!(all.contains(old), "{old}");
        let inputs = all.replacen(old, &new, 1);
        compare(&bench, &lock, &inputs, "_: { }", &mut wrong);
    }
    for (inputs, outputs) in [
        (&*all, "_: { }"),
        (&all, "{ self, one, two, again }: { }"),
        (&all, "{ self, three, ... }: { }"),
        ("", "_: { }"),
    ] {
        compare(&bench, &lock, inputs, outputs, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn references_are_the_same_where_nix_says_so() {
    const REV: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
    let bench = Bench::new();
    let forge = r#""owner": "o", "repo": "r", "type": "github""#;
    let git = r#""type": "git", "url": "https://127.0.0.1:1/o/r""#;
    let registry = r#""id": "nixpkgs", "type": "indirect""#;
    let download = r#""type": "tarball", "url": "https://127.0.0.1:1/x.tar.gz""#;
    let mut wrong = Vec::new();
    // What a lock says, and what flakes ask for.
    for (original, asked) in [
        (
            forge.to_owned(),
            &[
                "github:o/r",
                "github:o/r/main",
                "github:O/r",
                "gitlab:o/r",
                "r",
            ][..],
        ),
        (
            format!(r#"{forge}, "ref": "f/x""#),
            &[
                "github:o/r/f/x",
                "github:o/r?ref=f/x",
                "github:o/r?ref=f%2Fx",
                "github:o/r/f",
            ],
        ),
        (
            format!(r#"{forge}, "rev": "{REV}""#),
            &["github:o/r/REV", "github:o/r?rev=REV", "github:o/r"],
        ),
        (
            format!(r#"{forge}, "dir": "a""#),
            &["github:o/r?dir=a", "github:o/r?dir=b", "github:o/r"],
        ),
        (
            git.to_owned(),
            &[
                "git+https://127.0.0.1:1/o/r",
                "git+https://127.0.0.1:1/o/r.git",
                "git+https://127.0.0.1:1/o/r?ref=main",
                "git+http://127.0.0.1:1/o/r",
                "https://127.0.0.1:1/o/r.tar.gz",
            ],
        ),
        (
            format!(r#"{git}, "ref": "main", "rev": "{REV}""#),
            &[
                "git+https://127.0.0.1:1/o/r?ref=main&rev=REV",
                "git+https://127.0.0.1:1/o/r?rev=REV&ref=main",
                "git+https://127.0.0.1:1/o/r?rev=REV",
            ],
        ),
        (
            registry.to_owned(),
            &[
                "nixpkgs",
                "flake:nixpkgs",
                "nixpkgs/nixos-25.05",
                "github:NixOS/nixpkgs",
            ],
        ),
        (
            format!(r#"{registry}, "ref": "nixos-25.05""#),
            &[
                "nixpkgs/nixos-25.05",
                "flake:nixpkgs/nixos-25.05",
                "nixpkgs",
            ],
        ),
        (
            download.to_owned(),
            &[
                "https://127.0.0.1:1/x.tar.gz",
                "https://127.0.0.1:1/y.tar.gz",
            ],
        ),
    ] {
        let lock = format!(
            r#"{{ "nodes": {{ "x": {{ "locked": {{ "lastModified": 1, "narHash":
               "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "rev": "{REV}", "owner": "o", "repo": "r",
               "type": "github" }}, "original": {{ {original} }} }},
               "root": {{ "inputs": {{ "x": "x" }} }} }}, "root": "root", "version": 7 }}"#
        );
        for url in asked {
            let inputs = format!(r#"inputs.x.url = "{}";"#, url.replace("REV", REV));
            compare(&bench, &lock, &inputs, "_: { }", &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
