//! The values that the template of a Dockerfile is filled in with: a stage that builds a root folder, and a stage that
//! takes it.

mod build;
mod refusals;
mod step;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::facts::SourceError;
use super::header::Header;
use super::{Request, config, kind};
use crate::image::spec::Healthcheck;
use build::{build, files};
pub use refusals::refusals;
use step::{MAKE_ROOT, Step};

/// The configuration of nginx.
const NGINX: &str = "/etc/nginx/image.conf";

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

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Check {
    options: Vec<Variable>,
    /// What the shell runs; or the words of a command; or neither, for no check.
    shell: Option<String>,
    command: Option<Vec<String>>,
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
            workdir: spec.config.workdir.clone().or_else(|| kind.workdir.clone()),
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
    let (shell, command) = match check.test.split_first() {
        Some((word, [text])) if word == "CMD-SHELL" => (Some(text.clone()), None),
        Some((word, rest)) if word == "CMD" => (None, Some(rest.to_vec())),
        _ => (None, None),
    };
    let has_check = shell.is_some() || command.is_some();
    Check {
        // `NONE` takes none.
        options: options.filter(|_| has_check).collect(),
        shell,
        command,
    }
}

/// What the template of nginx's configuration takes.
pub fn nginx_values(serve: &Serve) -> Value {
    json!({ "serve": serve })
}
