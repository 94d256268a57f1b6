//! C602: a key of an image's config that OCI does not have.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::image::{self, Builder, KEYS, Key};

pub static RULE: Rule = Rule {
    code: "C602",
    name: "config-unknown-key",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A key in the `config` of an image that OCI does not have; with nix2container also one that only Docker has, \
               such as `Healthcheck`.",
        why: "Nothing complains about it: dockerTools writes it into the image, where nobody reads it, and nix2container \
              drops it. The image runs without what the key was meant to say.",
        bad: "nix2container.buildImage {\n  name = \"kingfisher\";\n  config.Healthcheck = { Test = [ \"CMD\" \"/bin/probe\" ]; };\n}",
        good: "nix2container.buildImage {\n  name = \"kingfisher\";\n  config.Entrypoint = [ \"/bin/kingfisher\" ];\n}",
        fix: "Use the key that OCI has for it, or say it elsewhere: a health check in the manifest that runs the image.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    for image in image::images(view.library, view.file) {
        let Some(config) = image.config(view.library) else {
            continue;
        };
        for name in config.names() {
            let key = Key::of(&name).or_else(|| Key::in_other_case(&name));
            let Some((message, help)) = fault(image.builder, &name, key) else {
                continue;
            };
            let place = config.place_of(&name);
            if let Some(place) = place.and_then(|at| view.place_in(&at.file, at.name)) {
                report.add(place, message).help(help);
            }
        }
    }
}

fn fault(builder: Builder, name: &str, key: Option<&Key>) -> Option<(String, String)> {
    match key {
        Some(key) if key.is_docker_only && builder.is_nix2container() => Some((
            format!("`{name}` is Docker's and not OCI's: nix2container drops it"),
            match key.name {
                "Healthcheck" => {
                    "leave it out, and probe the container in the manifest that runs it"
                }
                _ => "leave it out, or build the image with dockerTools for Docker",
            }
            .to_owned(),
        )),
        Some(_) => None,
        None => {
            let help = match meant(name) {
                Some(meant) => format!("write `{meant}`"),
                None => {
                    let names: Vec<&str> = KEYS
                        .iter()
                        .filter(|key| !key.is_docker_only && key.name != "ArgsEscaped")
                        .map(|key| key.name)
                        .collect();
                    format!("the keys are {}", names.join(", "))
                }
            };
            Some((format!("`{name}` is no key of an image's config"), help))
        }
    }
}

/// What people mean who know it from Dockerfiles, Compose files or manifests.
fn meant(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "ports" | "port" | "expose" | "exposedport" | "exposeports" => "ExposedPorts",
        "workdir" | "workingdirectory" | "cwd" => "WorkingDir",
        "environment" | "envs" | "envvars" => "Env",
        "command" | "args" => "Cmd",
        "volume" => "Volumes",
        "label" => "Labels",
        "users" | "uid" => "User",
        _ => return None,
    })
}
