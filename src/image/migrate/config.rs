//! The config: ports, volumes, labels, the folder and the signal.

use super::draft::Draft;
use super::environment;
use super::made::Named;
use super::scope::UnknownName;
use crate::image::config::{Port, port};
use crate::image::spec::Source;
use crate::image::spec::grammar::{is_image_path, is_signal};

pub fn all(draft: &mut Draft) {
    environment::take(draft);
    labels(draft);
    ports(draft);
    volumes(draft);
    workdir(draft);
    signal(draft);
    let made = draft.image();
    for step in &made.replaced {
        draft
            .ledger
            .covered(*step, "a later instruction takes its place");
    }
    for step in &made.onbuild {
        draft.ledger.decide(
            *step,
            "it runs in builds that begin from this image, and an image of Nix has none",
            &[
                "put it into the Dockerfiles that begin from this image",
                "leave it out, where there are none",
            ],
        );
    }
    for step in &made.unknown {
        draft
            .ledger
            .decide(*step, "this instruction is not known", &[]);
    }
    for step in &made.arguments {
        draft
            .ledger
            .covered(*step, "its value is put in where it is named");
    }
    if let Some((step, name)) = &made.maintainer {
        draft
            .spec
            .config
            .labels
            .insert("org.opencontainers.image.authors".to_owned(), name.clone());
        draft.ledger.spec(*step, "config.labels");
    }
    if let Some((step, words)) = &made.shell {
        let is_used = draft.start.shell.is_some();
        match is_used {
            true => draft.ledger.spec(*step, "config.entrypoint"),
            false => draft.ledger.covered(
                *step,
                format!(
                    "nothing that the container runs is given to `{}`",
                    words.join(" ")
                ),
            ),
        }
    }
}

pub(super) fn unknown(draft: &mut Draft, step: usize, what: &str, name: &UnknownName) {
    let why = format!("{what}: `{name}` has no value here");
    draft.ledger.decide(
        step,
        why,
        &[
            &format!("give it: `--build-arg {name}=VALUE`"),
            "or write the value into the spec",
        ],
    );
}

fn labels(draft: &mut Draft) {
    for Named { step, name, value } in &draft.image().labels {
        match value {
            Ok(value) => {
                draft.spec.config.labels.insert(name.clone(), value.clone());
                draft.ledger.spec(*step, format!("config.labels.{name}"));
            }
            Err(argument) => unknown(draft, *step, &format!("the label `{name}`"), argument),
        }
    }
}

fn ports(draft: &mut Draft) {
    let made = draft.image();
    let of_base = made
        .base
        .iter()
        .flat_map(|base| &base.ports)
        .map(|port| (*port).to_owned());
    let mut ports: Vec<String> = of_base.collect();
    for Named { step, value, .. } in &made.ports {
        match value {
            Ok(value) if port(value) == Port::Good => {
                let full = if value.contains('/') {
                    value.clone()
                } else {
                    format!("{value}/tcp")
                };
                if !ports.contains(&full) {
                    ports.push(full);
                }
                draft.ledger.spec(*step, "config.ports");
            }
            Ok(value) => draft.ledger.decide(
                *step,
                format!("`{value}` is no port"),
                &["write it into `ports` as `8080/tcp`"],
            ),
            Err(argument) => unknown(draft, *step, "the port", argument),
        }
    }
    draft.spec.config.ports = ports;
}

fn volumes(draft: &mut Draft) {
    let made = draft.image();
    let of_base = made
        .base
        .iter()
        .flat_map(|base| &base.volumes)
        .map(|volume| (*volume).to_owned());
    let mut volumes: Vec<String> = of_base.collect();
    for Named { step, value, .. } in &made.volumes {
        match value {
            Ok(value) if is_image_path(value) => {
                if !volumes.contains(value) {
                    volumes.push(value.clone());
                }
                draft.ledger.spec(*step, "config.volumes");
            }
            Ok(value) => draft.ledger.decide(
                *step,
                format!("`{value}` is no folder that can be mounted"),
                &[],
            ),
            Err(argument) => unknown(draft, *step, "the volume", argument),
        }
    }
    draft.spec.config.volumes = volumes;
}

fn workdir(draft: &mut Draft) {
    let made = draft.image();
    let last = made.workdirs.len().saturating_sub(1);
    for (number, (step, folder)) in made.workdirs.iter().enumerate() {
        match folder {
            Err(argument) => unknown(draft, *step, "the folder", argument),
            Ok(_) if number < last => draft
                .ledger
                .covered(*step, "a later WORKDIR takes its place"),
            Ok(_) => draft.ledger.spec(*step, "config.workdir"),
        }
    }
    let folder = made.workdir.clone();
    // Files that nginx serves are nowhere that a folder leads to.
    let is_served = crate::image::emit::serves(&draft.spec.source);
    if is_image_path(&folder) && !(is_served && folder.starts_with("/usr/share/nginx")) {
        draft.spec.config.workdir = Some(folder);
    } else if folder == "/" && matches!(draft.spec.source, Source::Python(_)) {
        // Else it would be the program's folder.
        draft.spec.config.workdir.get_or_insert(folder);
    } else if let Some((step, Ok(folder))) = made.workdirs.last()
        && !is_image_path(folder)
        && folder != "/"
    {
        draft
            .ledger
            .decide(*step, format!("`{folder}` is no folder of an image"), &[]);
    }
}

fn signal(draft: &mut Draft) {
    let made = draft.image();
    let of_base = made
        .base
        .as_ref()
        .and_then(|base| base.stop_signal)
        .map(str::to_owned);
    match &made.stop_signal {
        None => draft.spec.config.stop_signal = of_base,
        Some((step, Err(argument))) => unknown(draft, *step, "the signal", argument),
        Some((step, Ok(signal))) => {
            let signal = match signal.starts_with("SIG") || signal.parse::<u8>().is_ok() {
                true => signal.clone(),
                false => format!("SIG{}", signal.to_ascii_uppercase()),
            };
            match is_signal(&signal) {
                true => {
                    draft.spec.config.stop_signal = Some(signal);
                    draft.ledger.spec(*step, "config.stop-signal");
                }
                false => draft.ledger.decide(
                    *step,
                    format!("`{signal}` is no signal"),
                    &["write it as `SIGTERM`"],
                ),
            }
        }
    }
}
