//! The values that the templates of Bazel's files are filled in with.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Request;
use super::config;
use super::header::Header;
use super::refuse::Refusal;
use crate::image::spec::{File, LinuxSystem, Source, Spec};
use crate::manifest::image_ref;

/// The file with what `image_manifest` has no attribute for.
pub const FRAGMENT: &str = "image-config.json";

#[derive(Debug, Serialize)]
pub struct Model {
    header: Header,
    systems: Vec<Platform>,
    layers: Vec<Layer>,
    has_modes: bool,
    has_base: bool,
    base: Option<BaseImage>,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    user: Option<String>,
    workdir: Option<String>,
    stop_signal: Option<String>,
    config_fragment: Option<&'static str>,
    /// Ports and volumes, as an OCI image configuration.
    pub fragment: Option<Value>,
    pushes: Vec<Push>,
    tag: Option<String>,
}

#[derive(Debug, Serialize)]
struct Platform {
    platform: String,
    platform_label: String,
    cpu: &'static str,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: &'static str,
    label: &'static str,
    srcs: BTreeMap<String, String>,
    modes: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct BaseImage {
    digest: String,
    registry: String,
    repository: String,
}

#[derive(Debug, Serialize)]
struct Push {
    name: String,
    image: &'static str,
    registry: String,
    repository: String,
    tag: Option<String>,
}

/// What rules_img cannot say of `spec`.
pub fn refusals(spec: &Spec) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |holds: bool, key, reason| {
        if holds {
            refusals.push(Refusal { key, reason });
        }
    };
    let config = &spec.config;
    refuse(
        config.healthcheck.is_some(),
        "config.healthcheck",
        "rules_img writes OCI configs, which know no health check",
    );
    refuse(
        !spec.contents.is_empty(),
        "contents",
        "these are packages of nixpkgs: name targets of Bazel in `outside.targets`",
    );
    refuse(
        spec.created.is_some(),
        "created",
        "rules_img has no such attribute",
    );
    refuse(
        spec.ca_certificates,
        "ca-certificates",
        "Bazel has no bundle of its own: name its target in `outside.targets`, and say `ca-certificates = false`",
    );
    refuse(
        spec.tmp,
        "tmp",
        "a layer of rules_img holds files, and this is an empty folder: say `tmp = false`, and mount one",
    );
    refuse(
        spec.usr_bin_env,
        "usr-bin-env",
        "Bazel has no such program: name its target in `outside.targets`",
    );
    refuse(
        spec.passwd.is_some(),
        "passwd",
        "name the targets of `/etc/passwd` and `/etc/group` in `outside.targets`",
    );
    refuse(
        spec.outside.targets.is_empty(),
        "outside.targets",
        "rules_img puts the outputs of targets into an image: name them by their paths in it",
    );
    refuse(
        config.entrypoint.is_none(),
        "config.entrypoint",
        "what the targets hold is not known here: say what is run",
    );
    refuse(
        spec.files.values().any(|file| file.text().is_some()),
        "files",
        "a layer of rules_img holds files that are there, and no texts",
    );
    let is_local = |path: &str| {
        !path.starts_with("../") && !path.contains("/../") && !path.contains([':', '\\', '*'])
    };
    refuse(
        !spec.files.values().filter_map(File::path).all(is_local),
        "files",
        "a file of another package has a label: name it in `outside.targets`",
    );
    let expands = |text: &String| text.contains("{{");
    refuse(
        config
            .env
            .values()
            .chain(config.labels.values())
            .any(expands),
        "config",
        "rules_img expands `{{` in variables and labels",
    );
    refuse(
        !matches!(&spec.source, Source::Script(_)),
        "source",
        "what Bazel builds is in `outside.targets`: the source is `script`, with files that are in no target",
    );
    let one_digest = spec.base.as_ref().is_none_or(|base| {
        let mut digests: Vec<&String> = base.digest.values().collect();
        digests.dedup();
        digests.len() == 1
    });
    refuse(
        !one_digest,
        "base.digest",
        "rules_img pulls one image: give the digest of the index for every system",
    );
    refusals
}

impl Model {
    pub fn new(request: &Request, header: Header) -> Model {
        let spec = request.spec;
        let config = &spec.config;
        let files = match &spec.source {
            Source::Script(script) => script.files.iter().chain(&spec.files).collect::<Vec<_>>(),
            _ => spec.files.iter().collect(),
        };
        let own = files.iter().filter_map(|(path, file)| {
            let label = format!(":{}", file.path()?.trim_start_matches("./"));
            Some(((*path).clone(), label))
        });
        let modes: BTreeMap<String, String> = files
            .iter()
            .filter_map(|(path, file)| Some(((*path).clone(), file.mode()?.to_owned())))
            .collect();
        let mut layers = vec![Layer {
            name: "application",
            label: ":application",
            srcs: spec.outside.targets.clone(),
            modes: BTreeMap::new(),
        }];
        let own: BTreeMap<String, String> = own.collect();
        let has_modes = !modes.is_empty();
        if !own.is_empty() {
            layers.push(Layer {
                name: "files",
                label: ":files",
                srcs: own,
                modes,
            });
        }
        let fragment = fragment(spec, &header);
        Model {
            header,
            systems: spec.systems.iter().copied().map(platform).collect(),
            layers,
            has_modes,
            has_base: spec.base.is_some(),
            base: spec.base.as_ref().map(|base| {
                let (registry, repository) = split(&base.name);
                BaseImage {
                    digest: base.digest.values().next().cloned().unwrap_or_default(),
                    registry,
                    repository,
                }
            }),
            entrypoint: config.entrypoint.clone().unwrap_or_default(),
            cmd: config.cmd.clone(),
            env: config.env.clone(),
            labels: config.labels.clone(),
            user: config::user(spec, false),
            workdir: config.workdir.clone(),
            stop_signal: config.stop_signal.clone(),
            config_fragment: fragment.as_ref().map(|_| FRAGMENT),
            fragment,
            pushes: pushes(spec),
            tag: spec.tag.clone(),
        }
    }
}

fn platform(system: LinuxSystem) -> Platform {
    let platform = format!("linux_{}", system.oci());
    Platform {
        platform_label: format!(":{platform}"),
        platform,
        cpu: match system {
            LinuxSystem::X86_64 => "@platforms//cpu:x86_64",
            LinuxSystem::Aarch64 => "@platforms//cpu:aarch64",
        },
    }
}

fn fragment(spec: &Spec, header: &Header) -> Option<Value> {
    let set = |names: &[String]| -> Value {
        names
            .iter()
            .map(|name| (name.clone(), json!({})))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let config = &spec.config;
    let mut fragment = serde_json::Map::new();
    for (key, names) in [
        ("ExposedPorts", &config.ports),
        ("Volumes", &config.volumes),
    ] {
        if !names.is_empty() {
            fragment.insert(key.to_owned(), set(names));
        }
    }
    (!fragment.is_empty()).then(|| json!({ "comment": header.digests, "config": fragment }))
}

fn pushes(spec: &Spec) -> Vec<Push> {
    let push = |name: &str, image: String| {
        let (registry, repository) = split(&image);
        Push {
            name: name.to_owned(),
            image: ":index",
            registry,
            repository,
            tag: spec.tag.clone(),
        }
    };
    let registry = &spec.registry;
    if registry.is_empty() {
        return vec![push("push", spec.name.clone())];
    }
    [
        ("push_upstream", &registry.upstream),
        ("push_overlay", &registry.overlay),
    ]
    .into_iter()
    .filter_map(|(name, registry)| {
        Some(push(name, format!("{}/{}", registry.as_ref()?, spec.name)))
    })
    .collect()
}

/// The registry and the repository of an image's name. Without a registry it is Docker's.
fn split(name: &str) -> (String, String) {
    let name = image_ref::read(name).name_in(name).to_owned();
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            (host.to_owned(), rest.to_owned())
        }
        Some(_) => ("index.docker.io".to_owned(), name),
        None => ("index.docker.io".to_owned(), format!("library/{name}")),
    }
}
