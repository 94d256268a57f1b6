//! The image's config, as OCI and Docker name its keys.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::image::spec::{Healthcheck, Spec};

/// Where the CA bundle is that comes with `ca-certificates`.
const CA_BUNDLE: &str = "/etc/ssl/certs/ca-bundle.crt";

/// What a template puts into the config.
#[derive(Debug, Serialize)]
pub struct ConfigValues {
    /// `None` for the one of the source.
    pub entrypoint: Option<Vec<String>>,
    /// Whether the source has a program.
    pub has_program: bool,
    /// The other keys, in the order of the specification.
    pub rest: Vec<KeyValue>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct KeyValue {
    pub key: &'static str,
    pub value: Value,
}

/// The config of `spec`. `port` is where its source listens, `workdir` where it is run, both unless the spec says.
pub fn values(
    spec: &Spec,
    has_program: bool,
    port: Option<u16>,
    workdir: Option<&str>,
) -> ConfigValues {
    let config = &spec.config;
    let mut rest = Vec::new();
    let mut put = |key, value: Option<Value>| {
        if let Some(value) = value {
            rest.push(KeyValue { key, value });
        }
    };
    let list = |values: &[String]| (!values.is_empty()).then(|| json!(values));
    put("Cmd", list(&config.cmd));
    put("Env", list(&environment(spec)));
    let mut ports = config.ports.clone();
    ports.sort();
    if let (true, Some(port)) = (ports.is_empty(), port) {
        ports.push(format!("{port}/tcp"));
    }
    put("ExposedPorts", set(&ports));
    put("Volumes", set(&config.volumes));
    let workdir = config.workdir.as_deref().or(workdir);
    put("WorkingDir", workdir.map(|path| json!(path)));
    put("User", user(spec, port.is_some()).map(|user| json!(user)));
    put(
        "Labels",
        (!config.labels.is_empty()).then(|| json!(config.labels)),
    );
    put("StopSignal", config.stop_signal.as_ref().map(|s| json!(s)));
    put("Healthcheck", config.healthcheck.as_ref().map(healthcheck));
    ConfigValues {
        entrypoint: config.entrypoint.clone(),
        has_program,
        rest,
    }
}

/// `NAME=value`, sorted by name.
pub fn environment(spec: &Spec) -> Vec<String> {
    let mut environment = spec.config.env.clone();
    if spec.ca_certificates {
        let bundle = || CA_BUNDLE.to_owned();
        environment
            .entry("SSL_CERT_FILE".to_owned())
            .or_insert_with(bundle);
    }
    let pairs = environment.into_iter();
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

/// The user of the container; where nginx serves files, nobody but for what the spec says.
pub fn user(spec: &Spec, is_served: bool) -> Option<String> {
    let nobody = || is_served.then(|| "65534:65534".to_owned());
    spec.user().or_else(nobody)
}

fn set(names: &[String]) -> Option<Value> {
    let names: Map<String, Value> = names.iter().map(|name| (name.clone(), json!({}))).collect();
    (!names.is_empty()).then_some(Value::Object(names))
}

/// Durations of the engine's are in nanoseconds.
fn healthcheck(healthcheck: &Healthcheck) -> Value {
    let Healthcheck {
        test,
        interval,
        timeout,
        start_period,
        retries,
    } = healthcheck;
    let nanoseconds = |seconds: Option<u32>| seconds.map(|s| u64::from(s) * 1_000_000_000);
    let mut value = Map::new();
    value.insert("Test".into(), json!(test));
    for (key, number) in [
        ("Interval", nanoseconds(*interval)),
        ("Timeout", nanoseconds(*timeout)),
        ("StartPeriod", nanoseconds(*start_period)),
        ("Retries", retries.map(u64::from)),
    ] {
        if let Some(number) = number {
            value.insert(key.into(), json!(number));
        }
    }
    Value::Object(value)
}
