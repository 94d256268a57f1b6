//! The values that the template of a Dockerfile is filled in with: a stage that builds a root folder, and a stage that
//! takes it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Request;
use super::config;
use super::facts::{Folder, SourceError};
use super::files::account_files;
use super::header::Header;
use super::kind;
use super::refuse::Refusal;
use super::relative::join;
use crate::hash::HashText;
use crate::image::spec::{File, Healthcheck, Manager, Source, Spec};

/// Where a program comes to stand.
const BIN: &str = "/usr/local/bin";
/// Where nginx finds what it serves.
const SITE: &str = "/srv";
/// The configuration of nginx.
const NGINX: &str = "/etc/nginx/image.conf";
/// Makes the folder that becomes the image's root.
const MAKE_ROOT: &[&str] = &["mkdir", "-p", "/rootfs"];
/// Puts a text into a file: the text, the path, the mode.
const PUT: &str = r#"mkdir -p "$(dirname "$2")" && printf %s "$1" >"$2" && chmod "$3" "$2""#;

#[derive(Debug, Serialize)]
pub struct Model {
    header: Header,
    build_base: String,
    run_base: String,
    steps: Vec<Step>,
    serve: Option<Serve>,
    environment: Vec<Variable>,
    labels: BTreeMap<String, String>,
    ports: Vec<String>,
    volumes: Vec<String>,
    workdir: Option<String>,
    user: String,
    stop_signal: Option<String>,
    healthcheck: Option<Check>,
    entrypoint: Option<Vec<String>>,
    cmd: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Serve {
    port: u16,
    spa: bool,
    is_root: bool,
}

/// One instruction of the first stage; the one of its values that is there says which.
#[derive(Debug, Default, Serialize)]
struct Step {
    copy: Option<Vec<String>>,
    add: Option<Vec<String>>,
    checksum: Option<String>,
    variable: Option<String>,
    value: Option<String>,
    run: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Check {
    options: Vec<Variable>,
    /// `None` for no check.
    command: Option<Vec<String>>,
}

impl Step {
    fn run(words: &[&str]) -> Step {
        Step {
            run: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ..Step::default()
        }
    }

    fn copy(from: &str, to: &str) -> Step {
        Step {
            copy: Some(vec![from.to_owned(), to.to_owned()]),
            ..Step::default()
        }
    }

    fn put(text: &str, path: &str, mode: &str) -> Step {
        Step::run(&["sh", "-c", PUT, "sh", text, path, mode])
    }

    fn variable(name: &str, value: &str) -> Step {
        Step {
            variable: Some(name.to_owned()),
            value: Some(value.to_owned()),
            ..Step::default()
        }
    }
}

/// What building in a Dockerfile asks of a spec, beside what the builder says for every source.
pub fn refusals(spec: &Spec) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |holds: bool, key, reason| {
        if holds {
            refusals.push(Refusal { key, reason });
        }
    };
    refuse(
        spec.outside.build_base.is_none(),
        "outside.build-base",
        "what the image is built in has to be pinned by its digest, and none is given: `docker.io/library/debian:13-slim@sha256:…`",
    );
    refuse(
        spec.outside.run_base.is_none(),
        "outside.run-base",
        "what the image runs in has to be pinned by its digest, and none is given",
    );
    refuse(
        !spec.contents.is_empty(),
        "contents",
        "these are packages of nixpkgs, and a Dockerfile has those of its base image: add them there",
    );
    refuse(
        spec.base.is_some(),
        "base",
        "a Dockerfile begins from `outside.run-base`",
    );
    refuse(
        spec.created.is_some(),
        "created",
        "the tool that builds a Dockerfile says when its image was made",
    );
    refuse(
        spec.usr_bin_env,
        "usr-bin-env",
        "a Dockerfile has the programs of its base image",
    );
    let is_name = |name: &str| {
        let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        name.bytes().next().is_some_and(first)
            && name
                .bytes()
                .all(|b| first(b) || b.is_ascii_digit() || b == b'-' || b == b'.')
    };
    let is_line = |text: &str| !text.contains(['\n', '\r']);
    let env = &spec.config.env;
    refuse(
        !env.keys().all(|name| is_name(name)) || !env.values().all(|text| is_line(text)),
        "config.env",
        "ENV takes names of letters, digits and `_`, and values of one line",
    );
    let labels = &spec.config.labels;
    refuse(
        !labels
            .iter()
            .all(|(name, text)| !name.is_empty() && is_line(name) && is_line(text)),
        "config.labels",
        "LABEL takes names and values of one line",
    );
    let config = &spec.config;
    let words = config.volumes.iter().chain(&config.workdir);
    refuse(
        !words.into_iter().all(|text| is_line(text)),
        "config",
        "a path of a Dockerfile is on one line",
    );
    let copied = paths(spec);
    refuse(
        copied
            .iter()
            .any(|path| path.split('/').any(|part| part == "..")),
        "source",
        "a Dockerfile copies from the folder that it is built in, and these files are above it",
    );
    refuse(
        copied
            .iter()
            .any(|path| path.contains(['*', '?', '[', '\\'])),
        "source",
        "COPY reads `*`, `?`, `[` and `\\` in a path as a pattern",
    );
    match &spec.source {
        Source::Package(_) => refuse(
            true,
            "source",
            "a package of nixpkgs is built by Nix: take one of its builders",
        ),
        Source::Spork(_) => refuse(
            true,
            "source",
            "the patches of a spork are made by Nix: take one of its builders",
        ),
        Source::Python(python) => {
            refuse(
                !python.packages.is_empty(),
                "source.packages",
                "these are names of nixpkgs, which are not those of PyPI",
            );
            refuse(
                python.interpreter.is_some(),
                "source.interpreter",
                "a Dockerfile has the interpreter of `outside.run-base`",
            );
        }
        Source::Go(go) => refuse(
            go.packages.len() > 1,
            "source.packages",
            "one program is run: name its package alone",
        ),
        Source::Binary(binary) => {
            refuse(
                spec.systems.len() > 1,
                "systems",
                "ADD takes one URL: one Dockerfile for each system",
            );
            let system = spec.systems.first();
            refuse(
                system.and_then(|system| binary.hash.get(system)).is_none(),
                "source.hash",
                "ADD has to check what it takes, and the hash is not known: `cotter fod-rehash` finds it in an expression of Nix",
            );
        }
        _ => {}
    }
    refusals
}

/// The paths that are copied.
fn paths(spec: &Spec) -> Vec<&str> {
    let mut paths: Vec<&str> = spec.files.values().filter_map(File::path).collect();
    match &spec.source {
        Source::Script(script) => paths.extend(script.files.values().filter_map(File::path)),
        Source::Rust(source) => paths.extend(source.root.as_deref()),
        Source::Go(source) => paths.extend(source.root.as_deref()),
        Source::Vite(source) => paths.extend(source.root.as_deref()),
        Source::Hugo(source) => paths.extend(source.root.as_deref()),
        Source::Bun(source) => paths.extend(source.root.as_deref()),
        Source::Python(source) => paths.push(&source.path),
        Source::Static(source) => paths.push(&source.path),
        _ => {}
    }
    paths
}

impl Model {
    pub fn new(
        request: &Request,
        header: Header,
        nginx: impl FnOnce(&Serve) -> String,
    ) -> Result<Model, SourceError> {
        let spec = request.spec;
        let kind = kind::kind(request)?;
        let is_served = kind.serve.is_some();
        // Not root, unless the spec says so.
        let user = config::user(spec, true).unwrap_or_default();
        let is_root = matches!(user.split(':').next(), Some("0" | "root"));
        let serve = kind.serve.map(|(port, spa)| Serve { port, spa, is_root });
        let (mut steps, program) = build(request)?;
        let makes_root = |step: &Step| step.run.as_ref().is_some_and(|words| *words == MAKE_ROOT);
        if !steps.iter().any(makes_root) {
            steps.push(Step::run(MAKE_ROOT));
        }
        if let Some(serve) = &serve {
            steps.push(Step::put(&nginx(serve), &format!("/rootfs{NGINX}"), "0644"));
        }
        steps.extend(files(spec, is_served));
        if spec.ca_certificates {
            steps.push(Step::run(&[
                "install",
                "-D",
                "-m",
                "0644",
                "/etc/ssl/certs/ca-certificates.crt",
                "/rootfs/etc/ssl/certs/ca-bundle.crt",
            ]));
        }
        if spec.tmp {
            steps.push(Step::run(&["mkdir", "-m", "1777", "/rootfs/tmp"]));
        }
        let environment = config::environment(spec).into_iter().filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some(Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            })
        });
        let mut ports = spec.config.ports.clone();
        if let (true, Some(serve)) = (ports.is_empty(), &serve) {
            ports.push(format!("{}/tcp", serve.port));
        }
        Ok(Model {
            header,
            build_base: spec.outside.build_base.clone().unwrap_or_default(),
            run_base: spec.outside.run_base.clone().unwrap_or_default(),
            steps,
            serve,
            environment: environment.collect(),
            labels: spec.config.labels.clone(),
            ports,
            volumes: spec.config.volumes.clone(),
            workdir: spec
                .config
                .workdir
                .clone()
                .or_else(|| kind.workdir.map(str::to_owned)),
            user,
            stop_signal: spec.config.stop_signal.clone(),
            healthcheck: spec.config.healthcheck.as_ref().map(healthcheck),
            entrypoint: spec.config.entrypoint.clone().or(program),
            cmd: spec.config.cmd.clone(),
        })
    }
}

fn healthcheck(check: &Healthcheck) -> Check {
    let seconds = |number: Option<u32>| number.map(|number| format!("{number}s"));
    let options = [
        ("interval", seconds(check.interval)),
        ("timeout", seconds(check.timeout)),
        ("start-period", seconds(check.start_period)),
        ("retries", check.retries.map(|number| number.to_string())),
    ];
    let options = options.into_iter().filter_map(|(name, value)| {
        Some(Variable {
            name: name.to_owned(),
            value: value?,
        })
    });
    let command = match check.test.split_first() {
        Some((word, rest)) if word == "CMD" => Some(rest.to_vec()),
        Some((word, rest)) if word == "CMD-SHELL" => {
            let mut words = vec!["/bin/sh".to_owned(), "-c".to_owned()];
            words.extend(rest.iter().cloned());
            Some(words)
        }
        _ => None,
    };
    Check {
        // `NONE` takes none.
        options: options.filter(|_| command.is_some()).collect(),
        command,
    }
}

fn files(spec: &Spec, is_served: bool) -> Vec<Step> {
    let of_source = match &spec.source {
        Source::Script(script) => Some(&script.files),
        _ => None,
    };
    let given: Vec<(&String, &File)> = of_source.into_iter().flatten().chain(&spec.files).collect();
    let mut steps = Vec::new();
    if spec.passwd.is_some() || is_served {
        for (path, text) in account_files(spec) {
            if !given.iter().any(|(given, _)| *given == path) {
                steps.push(Step::put(&text, &format!("/rootfs{path}"), "0644"));
            }
        }
    }
    for (path, file) in given {
        let path = format!("/rootfs{path}");
        match (file.text(), file.path()) {
            (Some(text), _) => steps.push(Step::put(text, &path, file.mode().unwrap_or("0644"))),
            (None, from) => {
                steps.push(Step::copy(from.unwrap_or("."), &path));
                if let Some(mode) = file.mode() {
                    steps.push(Step::run(&["chmod", mode, &path]));
                }
            }
        }
    }
    steps
}

/// The steps that build a source, and the program that runs it.
fn build(request: &Request) -> Result<(Vec<Step>, Option<Vec<String>>), SourceError> {
    let copy = |root: &Option<String>| {
        Step::copy(
            &format!("{}/", join(".", root.as_deref().unwrap_or("."))),
            "./",
        )
    };
    let program = |name: &str| Some(vec![format!("{BIN}/{name}")]);
    let served = || {
        Some(
            ["nginx", "-e", "stderr", "-c", NGINX]
                .map(str::to_owned)
                .to_vec(),
        )
    };
    let target = |path: &str| format!("/rootfs{path}");
    let folder = |root: &Option<String>| request.spec_dir.join(root.as_deref().unwrap_or_default());
    Ok(match &request.spec.source {
        Source::Rust(rust) => {
            let dir = folder(&rust.root);
            let name = match rust.program.clone().or_else(|| rust.pname.clone()) {
                Some(name) => name,
                None => Folder { dir: &dir }.cargo_name()?,
            };
            let features = rust.features.join(",");
            let mut build = vec!["cargo", "build", "--release", "--locked"];
            if !features.is_empty() {
                build.extend(["--features", &features]);
            }
            let from = format!("target/release/{name}");
            let to = target(&format!("{BIN}/{name}"));
            (
                vec![
                    copy(&rust.root),
                    Step::run(&build),
                    Step::run(&["install", "-D", "-m", "0755", &from, &to]),
                ],
                program(&name),
            )
        }
        Source::Go(go) => {
            let dir = folder(&go.root);
            let module = Folder { dir: &dir }.go_module()?;
            let package = go
                .packages
                .first()
                .map_or(".".to_owned(), |package| format!("./{package}"));
            let of_package = go
                .packages
                .first()
                .and_then(|package| package.rsplit('/').next())
                .map(str::to_owned);
            let name = go
                .program
                .clone()
                .or(of_package)
                .or(module)
                .or_else(|| go.pname.clone())
                .unwrap_or_else(|| "app".into());
            let to = target(&format!("{BIN}/{name}"));
            (
                vec![
                    copy(&go.root),
                    Step::variable("CGO_ENABLED", "0"),
                    Step::run(&["go", "build", "-trimpath", "-o", &to, &package]),
                ],
                program(&name),
            )
        }
        Source::Vite(vite) => {
            let dir = folder(&vite.root);
            let manager = vite
                .manager
                .or_else(|| Folder { dir: &dir }.manager())
                .unwrap_or(Manager::Npm);
            let mut steps = vec![copy(&vite.root)];
            steps.extend(
                vite.env
                    .iter()
                    .map(|(name, value)| Step::variable(name, value)),
            );
            steps.extend(install(manager));
            steps.push(Step::run(&[
                manager_name(manager),
                "run",
                vite.script.as_deref().unwrap_or("build"),
            ]));
            let dist = format!("./{}", vite.dist.as_deref().unwrap_or("dist"));
            steps.push(Step::run(MAKE_ROOT));
            steps.push(Step::run(&["cp", "-r", &dist, &target(SITE)]));
            (steps, served())
        }
        Source::Hugo(hugo) => {
            let to = target(SITE);
            (
                vec![
                    copy(&hugo.root),
                    Step::run(&["hugo", "--minify", "--destination", &to]),
                ],
                served(),
            )
        }
        Source::Static(files) => (
            vec![Step::copy(
                &format!("{}/", join(".", &files.path)),
                &format!("{}/", target(SITE)),
            )],
            served(),
        ),
        Source::Bun(bun) => {
            let dist = bun.dist.as_deref().unwrap_or("dist");
            let main = format!("/app/{}", bun.main.as_deref().unwrap_or("index.js"));
            let run = Some(vec!["bun".to_owned(), "run".to_owned(), main]);
            if bun.prebuilt {
                let from = join(bun.root.as_deref().unwrap_or("."), dist);
                return Ok((vec![Step::copy(&format!("{from}/"), "/rootfs/app/")], run));
            }
            let mut steps = vec![copy(&bun.root)];
            steps.extend(install(Manager::Bun));
            steps.push(Step::run(&[
                "bun",
                "run",
                bun.script.as_deref().unwrap_or("build"),
            ]));
            steps.push(Step::run(MAKE_ROOT));
            steps.push(Step::run(&[
                "cp",
                "-r",
                &format!("./{dist}"),
                "/rootfs/app",
            ]));
            (steps, run)
        }
        Source::Python(python) => match &python.module {
            Some(module) => (
                vec![Step::copy(
                    &format!("{}/", join(".", &python.path)),
                    "/rootfs/app/",
                )],
                Some(vec!["python3".into(), "-m".into(), module.clone()]),
            ),
            None => {
                let name = python
                    .path
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or("main.py");
                let path = format!("/app/{name}");
                (
                    vec![Step::copy(&python.path, &target(&path))],
                    Some(vec!["python3".into(), path]),
                )
            }
        },
        Source::Binary(binary) => {
            let system = request.spec.systems.first();
            let url = system
                .and_then(|system| binary.url.get(system))
                .cloned()
                .unwrap_or_default();
            let hash = system.and_then(|system| binary.hash.get(system));
            let digest = hash
                .and_then(|hash| HashText::parse(hash, None).ok())
                .map(|text| data_encoding::HEXLOWER.encode(text.hash.digest()));
            let to = target(&format!("{BIN}/{}", binary.pname));
            let download = Step {
                add: Some(vec![url.clone(), "/download".into()]),
                checksum: digest.map(|digest| format!("sha256:{digest}")),
                ..Step::default()
            };
            let mut steps = vec![download];
            match &binary.member {
                None => steps.push(Step::run(&[
                    "install",
                    "-D",
                    "-m",
                    "0755",
                    "/download",
                    &to,
                ])),
                Some(member) => {
                    let unpack: &[&str] = match url.ends_with(".zip") {
                        true => &["unzip", "-q", "/download"],
                        false => &["tar", "-xf", "/download"],
                    };
                    steps.push(Step::run(unpack));
                    steps.push(Step::run(&[
                        "install",
                        "-D",
                        "-m",
                        "0755",
                        &format!("./{member}"),
                        &to,
                    ]));
                }
            }
            (steps, program(&binary.pname))
        }
        Source::Script(_) | Source::Package(_) | Source::Spork(_) => (Vec::new(), None),
    })
}

fn manager_name(manager: Manager) -> &'static str {
    match manager {
        Manager::Npm => "npm",
        Manager::Pnpm => "pnpm",
        Manager::Yarn => "yarn",
        Manager::Bun => "bun",
    }
}

/// Installs what the lock file names, and nothing else.
fn install(manager: Manager) -> Vec<Step> {
    match manager {
        Manager::Npm => vec![Step::run(&["npm", "ci"])],
        Manager::Pnpm => vec![
            Step::run(&["corepack", "enable"]),
            Step::run(&["pnpm", "install", "--frozen-lockfile"]),
        ],
        Manager::Yarn => vec![
            Step::run(&["corepack", "enable"]),
            Step::run(&["yarn", "install", "--frozen-lockfile"]),
        ],
        Manager::Bun => vec![Step::run(&["bun", "install", "--frozen-lockfile"])],
    }
}

/// What the template of nginx's configuration takes.
pub fn nginx_values(serve: &Serve) -> Value {
    json!({ "serve": serve })
}
