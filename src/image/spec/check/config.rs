//! What has to hold in `[image.config]`.

use super::faults::Faults;
use super::words::IMAGE_PATH;
use crate::image::config::{Port, port};
use crate::image::spec::Config;
use crate::image::spec::grammar::{is_image_path, is_signal, is_user};

pub(super) fn config(config: &Config, faults: &mut Faults) {
    if let Some(entrypoint) = &config.entrypoint {
        let message = "a program is expected as the first; leave it out for the one of the source";
        let holds = entrypoint
            .first()
            .is_some_and(|program| !program.is_empty());
        faults.want("entrypoint", holds, message);
    }
    faults.at("env", |faults| {
        for name in config.env.keys() {
            let message = "a variable's name is expected: not empty, and without `=`";
            faults.want(name, !name.is_empty() && !name.contains('='), message);
        }
    });
    let is_port = |text: &str| port(text) == Port::Good;
    faults.want_each(
        "ports",
        &config.ports,
        is_port,
        "a port is expected: `8080/tcp`",
    );
    faults.want_each("volumes", &config.volumes, is_image_path, IMAGE_PATH);
    faults.want_option("workdir", config.workdir.as_deref(), is_workdir, IMAGE_PATH);
    let message = "a user is expected: `65534`, `65534:65534`, `app` or `app:app`";
    faults.want_option("user", config.user.as_deref(), is_user, message);
    let message = "a signal is expected: `SIGTERM` or its number";
    faults.want_option(
        "stop-signal",
        config.stop_signal.as_deref(),
        is_signal,
        message,
    );
    if let Some(healthcheck) = &config.healthcheck {
        let test: Vec<&str> = healthcheck.test.iter().map(String::as_str).collect();
        let holds = matches!(test[..], ["NONE"] | ["CMD", _, ..] | ["CMD-SHELL", _]);
        let message =
            r#"`["CMD", "program", …]`, `["CMD-SHELL", "command"]` or `["NONE"]` is expected"#;
        faults.at("healthcheck", |faults| faults.want("test", holds, message));
    }
}

/// Whether `path` can be the folder that programs run in.
pub(super) fn is_workdir(path: &str) -> bool {
    path == "/" || is_image_path(path)
}
