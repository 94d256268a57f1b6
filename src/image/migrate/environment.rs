//! Variables: those of the program, of the base and of builds.

use super::config::unknown;
use super::draft::Draft;

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

pub fn take(draft: &mut Draft) {
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
