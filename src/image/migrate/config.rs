//! The config: variables, ports, volumes, labels, the folder and the signal.

use super::draft::Draft;
use super::path;
use super::read::{Args, Flagged};
use super::scope::UnknownName;
use super::walk::Named;
use crate::image::config::{Port, port};
use crate::image::spec::grammar::{is_image_path, is_signal};
use crate::image::spec::{Healthcheck, Source};

/// Variables of package managers and of builds.
const OF_BUILDS: &[&str] = &[
    "DEBIAN_FRONTEND",
    "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_ROOT_USER_ACTION",
    "POETRY_VERSION",
    "POETRY_HOME",
    "POETRY_NO_INTERACTION",
    "POETRY_VIRTUALENVS_CREATE",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_CACHE_DIR",
    "UV_COMPILE_BYTECODE",
    "UV_LINK_MODE",
    "VIRTUAL_ENV",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTFLAGS",
    "CGO_ENABLED",
    "GOOS",
    "GOARCH",
    "GOPATH",
    "GO111MODULE",
    "GOPROXY",
    "GOFLAGS",
    "PNPM_HOME",
    "NPM_CONFIG_LOGLEVEL",
    "NPM_CONFIG_UPDATE_NOTIFIER",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT",
];

pub fn all(draft: &mut Draft) {
    environment(draft);
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

fn unknown(draft: &mut Draft, step: usize, what: &str, name: &UnknownName) {
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

fn environment(draft: &mut Draft) {
    let made = draft.image();
    for (name, (value, step)) in &made.env {
        let Some(step) = *step else {
            // Of the base, what a program may ask for.
            if let (Ok(value), false) = (
                value,
                matches!(name.as_str(), "PATH" | "GOPATH" | "CARGO_HOME"),
            ) {
                draft
                    .spec
                    .config
                    .env
                    .entry(name.clone())
                    .or_insert_with(|| value.clone());
            }
            continue;
        };
        if OF_BUILDS.contains(&name.as_str()) {
            draft.ledger.covered(
                step,
                format!("`{name}` is for the build, which Nix does in its own way"),
            );
            continue;
        }
        match value {
            Err(argument) => unknown(draft, step, &format!("`{name}`"), argument),
            Ok(value) if name == "PATH" && is_of_build(value) => {
                draft
                    .ledger
                    .covered(step, "programs are in `/bin`, which is searched by default");
            }
            Ok(_) if name.is_empty() || name.contains('=') => {
                draft
                    .ledger
                    .decide(step, "this is no name of a variable", &[])
            }
            Ok(value) => {
                draft.spec.config.env.insert(name.clone(), value.clone());
                draft.ledger.spec(step, format!("config.env.{name}"));
            }
        }
    }
    // One that is set anew is in the spec once.
    for step in steps_of_env(draft) {
        if !draft.ledger.has(step) {
            draft.ledger.covered(step, "a later ENV takes its place");
        }
    }
}

/// A list of folders, each of them of the base or of what only a build has.
fn is_of_build(value: &str) -> bool {
    let is_one = |folder: &str| {
        super::base::PATH.split(':').any(|known| known == folder)
            || folder.contains("venv")
            || [
                "/go/bin",
                "/usr/local/go/bin",
                "/usr/local/cargo/bin",
                "/root/.cargo/bin",
                "/root/.local/bin",
                "/opt/poetry/bin",
                "/pnpm",
            ]
            .contains(&folder)
            || folder.ends_with("node_modules/.bin")
    };
    value.split(':').all(is_one)
}

fn steps_of_env(draft: &Draft) -> Vec<usize> {
    let stages = draft
        .stages
        .line
        .iter()
        .filter_map(|at| draft.stages.all.get(*at));
    stages
        .flat_map(|stage| stage.steps.clone())
        .filter(|step| draft.is_env(*step))
        .collect()
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

pub fn healthcheck(draft: &mut Draft) {
    let Some((step, options, test)) = &draft.image().healthcheck else {
        return;
    };
    let Some(test) = test else {
        draft
            .ledger
            .covered(*step, "an image has no check unless it says one");
        return;
    };
    let mut check = Healthcheck {
        test: Vec::new(),
        interval: None,
        timeout: None,
        start_period: None,
        retries: None,
    };
    for Flagged { name, value } in options {
        let seconds = seconds(value);
        let known = match name.as_str() {
            "interval" => Some(&mut check.interval),
            "timeout" => Some(&mut check.timeout),
            "start-period" => Some(&mut check.start_period),
            _ => None,
        };
        match (known, seconds) {
            (Some(place), Some(seconds)) => *place = Some(seconds),
            (None, _) if name == "retries" => check.retries = value.parse().ok(),
            _ => {
                let why = format!(
                    "`--{name}={value}` is not in whole seconds, or has no key in the spec"
                );
                draft.ledger.decide(
                    *step,
                    why,
                    &["write the check into `[image.config.healthcheck]`"],
                );
            }
        }
    }
    let (program, is_shell) = match test {
        Args::Exec(words) => {
            check.test = ["CMD".to_owned()]
                .into_iter()
                .chain(words.iter().cloned())
                .collect();
            (words.first().cloned().unwrap_or_default(), false)
        }
        Args::Shell(text) => {
            check.test = vec!["CMD-SHELL".to_owned(), text.clone()];
            (
                text.split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                true,
            )
        }
    };
    if check.test.len() < 2 {
        return;
    }
    draft.spec.config.healthcheck = Some(check);
    draft.ledger.spec(
        *step,
        "config.healthcheck, which Docker runs and Kubernetes does not",
    );
    if is_shell
        && draft
            .spec
            .contents
            .iter()
            .all(|name| !matches!(name.as_str(), "bash" | "busybox"))
    {
        super::script::tools(draft);
    }
    let name = path::name(&program);
    let has = |package: &str| draft.spec.contents.iter().any(|has| has == package);
    let is_there = has(name)
        || has("busybox")
            && matches!(
                name,
                "wget"
                    | "nc"
                    | "test"
                    | "sh"
                    | "pgrep"
                    | "grep"
                    | "["
                    | "kill"
                    | "true"
                    | "exit"
                    | "pidof"
            )
        || has("bash")
            && matches!(
                name,
                "test" | "[" | "exit" | "bash" | "sh" | "true" | "kill"
            )
        || matches!(&draft.spec.source, Source::Package(package) if package.program.as_deref() == Some(name))
        || draft.start.program_name() == name && !matches!(draft.spec.source, Source::Python(_));
    if !is_there {
        draft.ledger.decide(
            *step,
            format!("the check runs `{program}`, and whether that is in the image is not known"),
            &[
                "add the package that has it to `contents`",
                "leave the check out: Kubernetes has probes of its own",
            ],
        );
    }
}

/// A duration as Go writes it, in whole seconds.
fn seconds(text: &str) -> Option<u32> {
    let mut total = 0_u32;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|sign: char| !sign.is_ascii_digit())?;
        let number: u32 = rest.get(..end)?.parse().ok()?;
        let behind = rest.get(end..)?;
        let length = behind
            .find(|sign: char| sign.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let seconds = match unit {
            "h" => number.checked_mul(3600)?,
            "m" => number.checked_mul(60)?,
            "s" => number,
            "ms" if number.is_multiple_of(1000) => number / 1000,
            _ => return None,
        };
        total = total.checked_add(seconds)?;
        rest = behind;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_whole_seconds() {
        for (text, wanted) in [
            ("30s", Some(30)),
            ("1m30s", Some(90)),
            ("2000ms", Some(2)),
            ("500ms", None),
            ("1.5s", None),
            ("", None),
            ("5", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
