//! The command line of Nix: what goes before every subcommand.

use std::path::Path;
use std::time::Duration;

use super::{NixError, Version};
use crate::process::{Invocation, Output, Runner};

const VERSION_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// What `nix --offline` sets; the older programs have no such argument.
const OFFLINE: [&str; 12] = [
    "--option",
    "substitute",
    "false",
    "--option",
    "tarball-ttl",
    "4294967295",
    "--option",
    "download-attempts",
    "0",
    "--option",
    "connect-timeout",
    "1",
];

/// The user's Nix, found and asked for its version.
#[derive(Clone, Copy)]
pub struct Nix<'a> {
    runner: &'a dyn Runner,
    version: Version,
    timeout: Duration,
    offline: bool,
    settings: &'a [String],
}

impl<'a> Nix<'a> {
    /// Finds `nix` on PATH. [`NixError::NotInstalled`] when it is not there.
    pub fn find(runner: &'a dyn Runner) -> Result<Nix<'a>, NixError> {
        let ask = Invocation::new("nix")
            .args(["--version"])
            .timeout(VERSION_TIMEOUT);
        let output = runner.run(&ask)?.success(&ask)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let version = Version::parse(&printed).ok_or_else(|| NixError::Unparsable {
            command: ask.to_string(),
            output: printed.chars().take(200).collect(),
        })?;
        Ok(Nix {
            runner,
            version,
            timeout: DEFAULT_TIMEOUT,
            offline: false,
            settings: &[],
        })
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// How long one run of Nix may take. 5 minutes unless told.
    pub fn timeout(self, timeout: Duration) -> Nix<'a> {
        Nix { timeout, ..self }
    }

    /// Whether Nix must do without the network.
    pub fn offline(self, offline: bool) -> Nix<'a> {
        Nix { offline, ..self }
    }

    /// Arguments for every run: what [`Nix::arguments_of`] makes of the user's settings.
    pub fn settings(self, settings: &'a [String]) -> Nix<'a> {
        Nix { settings, ..self }
    }

    /// `--option NAME VALUE` and `-I NAME=PATH` of each; paths that begin with `./` or `../` are seen from `root`.
    pub fn arguments_of<'s>(
        options: impl IntoIterator<Item = (&'s String, &'s String)>,
        include: impl IntoIterator<Item = (&'s String, &'s String)>,
        root: &Path,
    ) -> Vec<String> {
        let mut arguments = Vec::new();
        for (name, value) in options {
            arguments.extend(["--option".to_owned(), name.clone(), value.clone()]);
        }
        for (name, path) in include {
            let path = match path.starts_with("./") || path.starts_with("../") {
                true => root.join(path).to_string_lossy().into_owned(),
                false => path.clone(),
            };
            arguments.extend(["-I".to_owned(), format!("{name}={path}")]);
        }
        arguments
    }

    /// The user's settings for `nix-instantiate`; no network when there must be none.
    pub(super) fn evaluation_settings(&self) -> Vec<String> {
        let mut arguments = self.settings.to_vec();
        if self.offline {
            arguments.extend(OFFLINE.map(str::to_owned));
        }
        arguments
    }

    /// The same for `nix-store`, which evaluates nothing and takes no `-I`.
    pub(super) fn store_settings(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut settings = self.evaluation_settings().into_iter();
        while let Some(argument) = settings.next() {
            match argument.as_str() {
                "-I" => drop(settings.next()),
                _ => arguments.push(argument),
            }
        }
        arguments
    }

    pub(super) fn time_limit(&self) -> Duration {
        self.timeout
    }

    pub(super) fn runner(&self) -> &'a dyn Runner {
        self.runner
    }

    /// Runs `nix flake ARGS` in `dir`.
    pub(super) fn flake(
        &self,
        dir: &Path,
        args: &[&str],
    ) -> Result<Output, crate::process::ProcessError> {
        let mut invocation = Invocation::new("nix")
            .args([
                "--extra-experimental-features",
                "nix-command flakes",
                "flake",
            ])
            .args(args)
            .args(self.settings)
            .dir(dir)
            .timeout(self.timeout);
        if self.offline {
            invocation = invocation.args(["--offline"]);
        }
        self.runner.run(&invocation)?.success(&invocation)
    }
}
