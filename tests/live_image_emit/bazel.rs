//! Bazel's files that are emitted, as its own formatter and linter reads them; and, since Bazel's language is read by
//! Python here, with the values of the spec in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use cotter::image::spec::{Spec, to_toml};

use crate::injection;
use crate::support::folder;
use crate::support::image_project::Project;
use crate::support::images::image_tools;
use crate::support::{command, run, run_ok};

/// Neither another format nor a warning.
#[track_caller]
fn is_clean(file: &Path) {
    let is_module = file.to_string_lossy().ends_with("MODULE.bazel");
    let buildifier = image_tools().join("buildifier");
    let mut check = command(buildifier.to_str().unwrap(), Path::new("/"));
    check
        .args(["--mode=diff", "--lint=warn", "--warnings=all"])
        .arg(if is_module {
            "--type=module"
        } else {
            "--type=build"
        })
        .arg(file);
    let output = run(&mut check, "scripts/image-tools.sh");
    assert!(
        output.status.success(),
        "{}{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        fs::read_to_string(file).unwrap()
    );
}

#[test]
fn every_fixture_is_as_buildifier_writes_it() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/image_emit");
    let files = folder::files(&fixtures);
    let files = files.iter().filter(|path| {
        path.extension().is_some_and(|kind| kind == "bazel")
            && path.iter().any(|part| part == "expected")
    });
    let checked = files.map(|file| is_clean(&fixtures.join(file))).count();
    assert!(checked > 1, "{checked}");
}

const LEAST: &str = "[image]\nname = \"registry.example.org/team/server\"\nbuilder = \"rules_img\"\nca-certificates = false\ntmp = false\n\
                     [image.outside.targets]\n\"/app/server\" = \"//app:server\"\n@MORE@[image.source]\nkind = \"script\"\nfiles = { \"/x\" = \"x\" }\n";

#[test]
fn a_spec_of_any_size_is_as_buildifier_writes_it() {
    let all = r#""/app/a" = "//app:a"
"/Z" = "@other//:z"
"/app/B" = ":b"
[image.registry]
upstream = "registry.example.org/up"
overlay = "registry.example.org/over"
[image.config]
entrypoint = ["/app/server", "a rather long argument", "another one that makes the line long", "--and=more"]
cmd = ["--port", "8080"]
env = { B = "2", A = "1", LONG = "a value that goes on and on and on and on and on and on and on and on and on and on" }
labels = { "org.example.b" = "x", "org.example.a" = "y" }
ports = ["8080/tcp"]
workdir = "/srv"
user = "1:2"
stop-signal = "SIGINT"
"#;
    let least = "[image.config]\nentrypoint = [\"/app/server\"]\n";
    for more in [least, all] {
        let project = Project::new(None, &LEAST.replace("@MORE@", more));
        project.write("x", "x\n");
        project.emit(&[]);
        for file in ["BUILD.bazel", "image.MODULE.bazel"] {
            is_clean(&project.file(file));
        }
    }
}

/// Prints the arguments of what a file of Bazel's calls.
const READ: &str = r#"
import json, sys
calls = {}
class Names(dict):
    def __missing__(self, name):
        def call(*args, **named):
            calls.setdefault(name, []).append(named)
            return named
        return call
names = Names(__builtins__={})
exec(compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec"), names)
print(json.dumps(calls))
"#;

#[test]
fn a_string_is_what_it_says() {
    let mut runner = TestRunner::new(Config {
        cases: 24,
        max_shrink_iters: 50,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&injection::spec(), |mut spec: Spec| {
            spec.ca_certificates = false;
            spec.tmp = false;
            spec.files.clear();
            // Refused: rules_img expands it.
            let plain = |text: &str| text.replace('{', "(");
            let config = &mut spec.config;
            config.env.values_mut().for_each(|text| *text = plain(text));
            let labels = std::mem::take(&mut config.labels).into_iter();
            config.labels = labels
                .map(|(name, text)| (plain(&name), plain(&text)))
                .collect();
            let server = ("/app/server".to_owned(), "//app:server".to_owned());
            spec.outside.targets = BTreeMap::from([server]);
            let file = cotter::image::spec::File::Path("x".into());
            let cotter::image::spec::Source::Script(script) = &mut spec.source else {
                unreachable!()
            };
            script.files = BTreeMap::from([("/x".to_owned(), file)]);
            let project = Project::new(None, &to_toml(&spec).unwrap());
            project.write("x", "x\n");
            project.emit(&["--builder", "rules_img"]);
            is_clean(&project.file("BUILD.bazel"));
            let mut python = command("python3", project.path());
            python.args(["-c", READ]).arg(project.file("BUILD.bazel"));
            let calls: Value = serde_json::from_str(&run_ok(&mut python, "python3")).unwrap();
            let image = &calls["image_manifest"][0];
            let or_null = |is_empty: bool, value: Value| match is_empty {
                true => Value::Null,
                false => value,
            };
            let config = &spec.config;
            assert_eq!(image["entrypoint"], json!(config.entrypoint));
            assert_eq!(
                image["cmd"],
                or_null(config.cmd.is_empty(), json!(config.cmd))
            );
            assert_eq!(
                image["env"],
                or_null(config.env.is_empty(), json!(config.env))
            );
            let labels = or_null(config.labels.is_empty(), json!(config.labels));
            assert_eq!(image["labels"], labels);
            assert_eq!(image["working_dir"], json!(config.workdir));
            Ok(())
        })
        .unwrap();
}
