//! Dockerfiles of every other kind of source.

use std::fs;

use serde_json::{Value, json};

use crate::case::{CA, Case, Does};
use crate::support::image_project::Project;
use crate::support::{command, images, run_ok};

fn nginx() -> Value {
    json!(["*/bin/nginx", "-e", "stderr", "-c", "*-nginx.conf"])
}

#[test]
fn go_distroless() {
    Case {
        name: "go-distroless",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/server"],
            "Env": [CA],
            "ExposedPorts": { "8080/tcp": {}, "9090/tcp": {} },
            "User": "65532:65532",
            "WorkingDir": "/home/nonroot",
        }),
        does: Does::Answers(8080, "the server answers\n"),
    }
    .try_out();
}

#[test]
fn rust_chef() {
    Case {
        name: "rust-chef",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["*/bin/server"],
            "Env": ["RUST_LOG=info", CA],
            "WorkingDir": "/app",
        }),
        does: Does::Prints("true\ntrue\nmigrations/1.sql\nOk(\"info\")\n"),
    }
    .try_out();
}

#[test]
fn entrypoint_script() {
    Case {
        name: "entrypoint-script",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["/docker-entrypoint.sh"],
            "Cmd": ["/bin/daemon", "--config", "/etc/daemon/config.toml"],
            "Env": [CA],
            "User": "10001:10001",
        }),
        does: Does::Prints(
            "level = \"info\"\n10001\ndaemon [\"--config\", \"/etc/daemon/config.toml\"]\n",
        ),
    }
    .try_out();
}

#[test]
fn bun_service() {
    Case {
        name: "bun-service",
        files: &[],
        builder: "stream",
        config: json!({
            "Entrypoint": ["*/bin/bun", "run", "*/server.js"],
            "Env": ["NODE_ENV=production", CA],
            "ExposedPorts": { "3000/tcp": {} },
            "User": "1000:1000",
            "WorkingDir": "/usr/src/app",
        }),
        does: Does::Answers(3000, "answers in /usr/src/app for 1000\n"),
    }
    .try_out();
}

#[test]
fn vite_nginx() {
    Case {
        name: "vite-nginx",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(80, "<p>asks https://api.example.org</p>\n"),
    }
    .try_out();
}

#[test]
fn hugo_nginx() {
    Case {
        name: "hugo-nginx",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(80, "<!doctype html><title>x</title><p>the site answers</p>"),
    }
    .try_out();
}

#[test]
fn static_nginx() {
    Case {
        name: "static-nginx",
        files: &[],
        builder: "stream",
        config: json!({
            "Entrypoint": nginx(),
            "Env": [CA],
            "ExposedPorts": { "80/tcp": {} },
            "Labels": { "maintainer": "team@example.org" },
            "User": "0",
            "StopSignal": "SIGQUIT",
        }),
        does: Does::Answers(
            80,
            "<!doctype html><title>x</title><p>the folder answers</p>\n",
        ),
    }
    .try_out();
}

#[test]
fn comments_in_continuations() {
    Case {
        name: "comments-in-continuations",
        files: &[],
        builder: "nix2container",
        config: json!({
            "Entrypoint": ["/bin/bash", "/opt/sync/sync.sh"],
            "Env": [CA],
            "Labels": { "a": "1", "b": "two words" },
        }),
        does: Does::Prints("syncs two words in /\n"),
    }
    .try_out();
}

/// A program that needs no library: nothing else is in its image.
const RELAY: &str = r#"#include <stdio.h>
int main(int count, char **words) {
  for (int at = 1; at < count; at++) printf("%s ", words[at]);
  puts("relayed");
}
"#;

#[test]
fn binary_curl() {
    let project = Project::of_dockerfile("binary-curl");
    let release = project.file("relay/releases/v2.11.0");
    fs::create_dir_all(&release).unwrap();
    project.write("relay.c", RELAY);
    let mut compile = command("cc", project.path());
    compile.current_dir(project.path());
    compile.args([
        "-static",
        "-o",
        "relay/releases/v2.11.0/relay-linux-amd64",
        "relay.c",
    ]);
    run_ok(&mut compile, "gcc");
    fs::write(
        release.join("relay-linux-arm64"),
        "of the other architecture",
    )
    .unwrap();
    let here = format!("file://{}", project.path().display());
    let dockerfile = project
        .read("Dockerfile")
        .replace("https://example.org", &here);
    project.write("Dockerfile", &dockerfile);
    Case {
        name: "binary-curl",
        files: &[],
        builder: "layered",
        config: json!({
            "Entrypoint": ["*/bin/relay"],
            "Cmd": ["--listen", ":4000"],
            "Env": [CA],
            "ExposedPorts": { "4000/udp": {} },
            "User": "1000",
        }),
        does: Does::Prints("--listen :4000 relayed\n"),
    }
    .try_out_in(&project);
    let of_arm = project.image_with(
        &images::host(),
        "pkgs = (import <nixpkgs> { }).pkgsCross.aarch64-multiplatform;",
    );
    assert_eq!(of_arm.config["architecture"], "arm64");
}
