//! `cotter ci emit` of pipelines that publish: parsed, linted, and their shell run under shellcheck.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::cotter::{Run, ran};
use support::{command, images, run, run_ok};
use tempfile::TempDir;

const SERVICES: [&str; 4] = ["woodpecker", "forgejo", "github", "gitlab"];

fn emit(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().unwrap();
    let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), home.path());
    ran(cotter.args(["ci", "emit"]).args(arguments))
}

/// A YAML text as the usual parser reads it.
fn parsed(yaml: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipeline.yaml");
    fs::write(&path, yaml).unwrap();
    // `on` is a boolean for that parser, and is none for those that run workflows.
    let program = "import json,sys,yaml\nl=yaml.SafeLoader\nl.yaml_implicit_resolvers={k:[r for r in v if r[0]!='tag:yaml.org,2002:bool'] for k,v in \
                   l.yaml_implicit_resolvers.items()}\nprint(json.dumps(yaml.load(open(sys.argv[1]),l)))";
    let mut python = command("python3", dir.path());
    let json = run_ok(python.args(["-c", program]).arg(&path), "python3-yaml");
    serde_json::from_str(&json).unwrap()
}

/// The lines that a shell runs.
fn shell(pipeline: &Value, service: &str) -> String {
    let lines = |value: &Value| {
        let lines: Vec<&str> = value
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        lines.join("\n")
    };
    match service {
        "woodpecker" => lines(&pipeline["steps"][0]["commands"]),
        "gitlab" => lines(&pipeline["publish"]["script"]),
        _ => {
            let steps = pipeline["jobs"]["publish"]["steps"].as_array().unwrap();
            steps.last().unwrap()["run"].as_str().unwrap().to_owned()
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn lint(dir: &Path, service: &str, yaml: &str) {
    let path = dir.join(format!("{service}.yaml"));
    fs::write(&path, yaml).unwrap();
    let rules = "{extends: default, rules: {document-start: disable, truthy: disable, line-length: {max: 130}}}";
    let mut yamllint = command("yamllint", dir);
    let output = run(
        yamllint.args(["--strict", "-d", rules]).arg(&path),
        "yamllint",
    );
    assert!(output.status.success(), "{service}: {}", said(&output));
    if service == "github" || service == "forgejo" {
        let actionlint = images::image_tools().join("actionlint");
        assert!(
            actionlint.exists(),
            "no actionlint: run scripts/image-tools.sh target/image-tools"
        );
        let mut actionlint = command(actionlint.to_str().unwrap(), dir);
        // The labels of Forgejo's runners are its own.
        let labels = "self-hosted-runner:\n  labels: [docker]\n";
        fs::write(dir.join("actionlint.yaml"), labels).unwrap();
        actionlint
            .arg("-config-file")
            .arg(dir.join("actionlint.yaml"))
            .args(["-ignore", "specifying action \"https://"])
            .arg(&path);
        let output = run(&mut actionlint, "golang-go");
        assert!(output.status.success(), "{service}: {}", said(&output));
    }
}

#[test]
fn every_pipeline_is_parsed_linted_and_checked() {
    let dir = TempDir::new().unwrap();
    for service in SERVICES {
        for more in [
            &[][..],
            &[
                "--user",
                "ci",
                "--secret",
                "TOKEN",
                "--buildkit",
                "tcp://buildkit.example.org:1234",
                "--flake",
                "containers/app",
            ],
        ] {
            let yaml = emit(&[&[service], more].concat()).expect(0).out;
            lint(dir.path(), service, &yaml);
            let script = shell(&parsed(&yaml), service);
            assert!(
                script.contains("#publish -- --publish"),
                "{service}: {script}"
            );
            let file = dir.path().join("script.sh");
            fs::write(&file, &script).unwrap();
            let mut shellcheck = command("shellcheck", dir.path());
            // A line of its own declares and exports, and sed is what every image has.
            let output = run(
                shellcheck
                    .args(["--shell=sh", "--exclude=SC2155,SC2001,SC2154"])
                    .arg(&file),
                "shellcheck",
            );
            assert!(output.status.success(), "{service}: {}", said(&output));
        }
    }
}

/// What the shell of a pipeline runs, for a tag.
fn version(service: &str, tag: &str) -> String {
    let dir = TempDir::new().unwrap();
    let script = shell(&parsed(&emit(&[service]).expect(0).out), service);
    // In the place of Nix, something that says what it is told.
    let nix = dir.path().join("nix");
    fs::write(&nix, "#!/bin/sh\necho \"$VERSION $*\"\n").unwrap();
    run_ok(
        command("chmod", dir.path()).arg("+x").arg(&nix),
        "coreutils",
    );
    let mut sh = command("sh", dir.path());
    sh.env("PATH", format!("{}:/usr/bin:/bin", dir.path().display()))
        .env("CI_COMMIT_TAG", tag)
        .env("TAG", tag);
    run_ok(sh.args(["-eu", "-c", &script]), "dash")
}

#[test]
fn the_version_is_the_tag_without_its_v() {
    for service in SERVICES {
        assert_eq!(
            version(service, "v1.2.3"),
            "1.2.3 run .#publish -- --publish",
            "{service}"
        );
        assert_eq!(
            version(service, "v1.2.3-rc.1"),
            "1.2.3-rc.1 run .#publish -- --publish",
            "{service}"
        );
    }
}

#[test]
fn only_tags_run_it_and_it_may_do_little() {
    for service in ["github", "forgejo"] {
        let pipeline = parsed(&emit(&[service]).expect(0).out);
        assert_eq!(
            pipeline["on"],
            serde_json::json!({ "push": { "tags": ["v*"] } })
        );
        assert_eq!(
            pipeline["permissions"],
            serde_json::json!({ "contents": "read" })
        );
        let steps = pipeline["jobs"]["publish"]["steps"].as_array().unwrap();
        for uses in steps.iter().filter_map(|step| step["uses"].as_str()) {
            let (_, rev) = uses.rsplit_once('@').unwrap();
            assert!(
                rev.len() == 40 && rev.bytes().all(|b| b.is_ascii_hexdigit()),
                "{uses}"
            );
        }
    }
    assert_eq!(
        parsed(&emit(&["woodpecker"]).expect(0).out)["when"][0]["event"],
        "tag"
    );
    assert_eq!(
        parsed(&emit(&["gitlab"]).expect(0).out)["publish"]["rules"][0]["if"],
        "$CI_COMMIT_TAG =~ /^v/"
    );
}

#[test]
fn what_is_not_plain_is_refused() {
    for (option, value) in [
        ("--image", "x; rm -rf /"),
        ("--flake", "$(id)"),
        ("--secret", "a b"),
        ("--user", "a: b"),
        ("--buildkit", "tcp://x\ny"),
        ("--flake", "-x"),
        ("--user", "{{x}}"),
    ] {
        let option = format!("{option}={value}");
        emit(&["github", &option]).expect(2).says(&["expected"]);
    }
}
