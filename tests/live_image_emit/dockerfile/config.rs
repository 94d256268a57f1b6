//! What a spec says of the image beside its source.

use cotter::image::spec::{Source, Spec, to_toml};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::engine::{Engine, compare, prints, project};
use crate::injection;
use crate::support::base_image::{self, Root};
use crate::support::image_project::Project;

#[test]
fn a_script_has_all_that_its_spec_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    let files = [(
        "run.sh",
        "echo \"$GREETING, $1\"; cat /etc/motd; touch /tmp/x && pwd\n",
    )];
    let spec = r#"
[image.files]
"/etc/motd" = { text = "line 1\n\"$x\" it's `x` \\ <<EOF\n", mode = "0644" }
"/srv/secret" = { path = "run.sh", mode = "0600" }
[image.passwd]
name = "web"
uid = 1000
[image.config]
entrypoint = ["/bin/sh", "/app/run.sh"]
cmd = ["two  words $x \"'\\", ""]
env = { GREETING = "say \"$x\" it's \\ twice", EMPTY = "" }
ports = ["8080/tcp", "53/udp"]
volumes = ["/data", "/a $b"]
workdir = "/srv/my app"
labels = { "a b" = "$c", "org.example.text" = "it's \"b\\" }
stop-signal = "SIGINT"
healthcheck = { test = ["CMD-SHELL", "test -e /tmp || exit 1"], interval = 30, timeout = 5, start-period = 2, retries = 3 }
[image.source]
kind = "script"
files = { "/app/run.sh" = { path = "run.sh", mode = "0755" } }
"#;
    let project = project(None, [&base, &base], &files, spec);
    let built = engine.build(&project);
    compare(&built, &project.spec(), "script");
    prints(
        &built,
        "say \"$x\" it's \\ twice, two  words $x \"'\\\nline 1\n\"$x\" it's `x` \\ <<EOF\n/srv/my app\n",
    );
}

#[test]
fn a_check_is_what_the_spec_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    for (test, in_config) in [
        (json!(["NONE"]), None),
        (json!(["CMD", "/bin/true", "it's $x \\"]), None),
        // No line says these to a shell: they are given to it.
        (
            json!(["CMD-SHELL", "true\ntrue"]),
            Some(json!(["CMD", "/bin/sh", "-c", "true\ntrue"])),
        ),
        (
            json!(["CMD-SHELL", "[ -e /tmp ]"]),
            Some(json!(["CMD", "/bin/sh", "-c", "[ -e /tmp ]"])),
        ),
    ] {
        let spec = format!(
            "[image.config]\ncmd = [\"/bin/true\"]\nhealthcheck = {{ test = {test}, interval = 1 }}\n\
             [image.source]\nkind = \"script\"\nfiles = {{ \"/run.sh\" = \"run.sh\" }}\n"
        );
        let files = [("run.sh", "true\n")];
        let project = project(None, [&base, &base], &files, &spec);
        let built = engine.build(&project);
        let check = &built.config["Healthcheck"];
        assert_eq!(check["Test"], in_config.unwrap_or(test));
    }
}

#[test]
fn what_the_base_runs_is_not_run() {
    let engine = Engine::start();
    let config = json!({
        "Env": base_image::config()["Env"], "Entrypoint": ["/bin/false"], "Cmd": ["of", "the", "base"],
    });
    let base = engine.bases.push("entrypoint", Root::new(), config);
    for start in [
        "cmd = [\"/bin/sh\", \"/run.sh\"]",
        "entrypoint = [\"/bin/sh\", \"/run.sh\"]",
    ] {
        let spec = format!(
            "[image.config]\n{start}\n[image.source]\nkind = \"script\"\nfiles = {{ \"/run.sh\" = \"run.sh\" }}\n"
        );
        let files = [("run.sh", "echo good day\n")];
        let project = project(None, [&base, &base], &files, &spec);
        let built = engine.build(&project);
        compare(&built, &project.spec(), start);
        prints(&built, "good day");
    }
}

/// Whatever stands in a string of a spec is the very same in the image. What no Dockerfile can say is refused.
#[test]
fn a_string_is_what_it_says() {
    let engine = Engine::start();
    let base = engine.push("tools", Root::new());
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let sayable = injection::spec().prop_map(|mut spec: Spec| {
        let config = &mut spec.config;
        config.env.values_mut().for_each(|text| *text = line(text));
        let labels = std::mem::take(&mut config.labels).into_iter();
        let name = |name: String| format!("l{}", line(&name).replace('=', ""));
        config.labels = labels.map(|(key, text)| (name(key), line(&text))).collect();
        let paths = config.volumes.iter_mut().chain(&mut config.workdir);
        paths.for_each(|path| *path = line(path).trim_end().to_owned());
        spec
    });
    let mut runner = TestRunner::new(Config {
        cases: 8,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&sayable, |mut spec| {
            spec.outside.build_base = Some(base.clone());
            spec.outside.run_base = Some(base.clone());
            let project = Project::new(None, &to_toml(&spec).unwrap());
            project.emit(&["--builder", "dockerfile"]);
            let built = engine.build(&project);
            compare(&built, &spec, "any strings");
            let Source::Script(script) = &spec.source else {
                unreachable!()
            };
            for (path, file) in &script.files {
                assert_eq!(built.image.text(path).as_deref(), file.text(), "{path:?}");
            }
            Ok(())
        })
        .unwrap();
}
