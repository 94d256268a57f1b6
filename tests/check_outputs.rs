//! What `cotter check` prints: SARIF against its schema, JSON against the contract, and all of it over text that is made to
//! get out of hand.

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_sarif::sarif::Sarif;
use support::repo::Repo;
use support::{command, run, run_ok};

/// A workspace with findings in files whose names and lines hold what each format must escape.
fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let repo = Repo::init(dir.path());
    let odd = "a b%,:ü/Dockerfile";
    repo.write("cotter.toml", "[policy]\ndockerfiles = \"forbid\"\n")
        .write(odd, "FROM https://joe:s3cret@example.org/x\n")
        .write(
            "x/default.nix",
            "{ src = fetchgit { url = 1 rev = 2; }; }\n",
        )
        .write(
            "x/y.nix",
            "{\n  a = \"ü\"; # cotter: allow C611 nothing any more\n  b = 1;\n}\n",
        );
    repo.commit("Begin");
    dir
}

fn check(dir: &Path, args: &[&str]) -> (String, Option<i32>) {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_cotter"), home.path());
    command
        .args(["--root", ".", "check", "--all-files"])
        .args(args);
    let output = run(command.current_dir(dir), "cotter");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

/// The schema as the crate has it that reads SARIF here; it is never built into cotter.
fn schema() -> Value {
    let mut cargo = command(env!("CARGO"), Path::new("/nonexistent"));
    for name in [
        "HOME",
        "PATH",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
    ] {
        if let Some(value) = std::env::var_os(name) {
            cargo.env(name, value);
        }
    }
    // Packages for other systems need not be there.
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    cargo
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let metadata: Value = serde_json::from_str(&run_ok(&mut cargo, "cargo")).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|p| p["name"] == "serde-sarif")
        .unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let text = std::fs::read(manifest.parent().unwrap().join("src/schema.json")).unwrap();
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    // The pattern that the standard gives for languages is no regular expression.
    for place in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][place]["properties"]["language"];
        let removed = language.as_object_mut().unwrap().remove("pattern");
        assert_eq!(removed.unwrap(), "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
    }
    schema
}

#[test]
fn sarif_is_as_its_schema_says() {
    let dir = workspace();
    let (text, code) = check(dir.path(), &["--format", "sarif"]);
    assert_eq!(code, Some(1));
    let log: Value = serde_json::from_str(&text).unwrap();
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&log).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // A log that is none is told: the schema is the real one.
    let mut wrong = log.clone();
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong));

    let typed: Sarif = serde_json::from_str(&text).unwrap();
    let run = &typed.runs[0];
    let results = run.results.as_ref().unwrap();
    let rules = run.tool.driver.rules.as_ref().unwrap();
    assert_eq!(rules.len(), cotter::check::rules::ALL.len());
    let mut uris = Vec::new();
    for result in results {
        let index = usize::try_from(result.rule_index.unwrap()).unwrap();
        assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
        let place = result.locations.as_ref().unwrap()[0]
            .physical_location
            .as_ref();
        let artifact = place.unwrap().artifact_location.as_ref().unwrap();
        uris.push(artifact.uri.clone().unwrap());
    }
    assert!(
        uris.contains(&"a%20b%25%2C%3A%C3%BC/Dockerfile".to_owned()),
        "{uris:?}"
    );
    let fixes = results.iter().filter(|result| result.fixes.is_some());
    assert_eq!(fixes.count(), 1);
    assert!(!text.contains("s3cret"));
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let dir = workspace();
    let prints = || {
        let (text, _) = check(dir.path(), &["--format", "sarif"]);
        let log: Value = serde_json::from_str(&text).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let mut prints: Vec<String> = results
            .iter()
            .map(|result| result["partialFingerprints"]["cotter/v1"].to_string())
            .collect();
        prints.sort();
        prints
    };
    let before = prints();
    let path = dir.path().join("x/y.nix");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# a line\n\n{text}")).unwrap();
    assert_eq!(prints(), before);
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let dir = workspace();
    let (text, code) = check(dir.path(), &["--format", "json"]);
    assert_eq!(code, Some(1));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], 1);
    let findings = document["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["C611", "C001", "C003"]);
    for finding in findings {
        let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
        let contract = [
            "code",
            "rule",
            "severity",
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "message",
            "help",
            "fixable",
        ];
        assert_eq!(keys[..contract.len()], contract);
    }
    let allowance = &findings[2];
    // Columns count characters: `ü` is one.
    assert_eq!(
        (&allowance["line"], &allowance["column"]),
        (&2.into(), &28.into())
    );
    assert_eq!(allowance["end_column"], 32);
    assert_eq!(allowance["fixable"], true);
}

#[test]
fn people_see_lines_and_no_credentials() {
    let dir = workspace();
    let (text, _) = check(dir.path(), &[]);
    assert!(!text.contains("s3cret"), "{text}");
    for words in [
        "error[C001]",
        "x/default.nix:1:",
        "warning[C003]",
        "found 2 errors and 1 warning",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(
        !text.contains('\u{1b}'),
        "colour, although this is no terminal"
    );
    let coloured = {
        let home = tempfile::tempdir().unwrap();
        let mut command = command(env!("CARGO_BIN_EXE_cotter"), home.path());
        command.args(["--color", "always", "check", "--all-files"]);
        run(command.current_dir(dir.path()), "cotter")
    };
    assert!(
        String::from_utf8(coloured.stdout)
            .unwrap()
            .contains('\u{1b}')
    );
}
