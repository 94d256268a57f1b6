//! What commands that compute hashes have in common: how Nix is set up, and what is shown while it works.

use std::time::Duration;

use super::setup::Globals;
use crate::config::Config;
use crate::fod::run::{Include, Watch};
use crate::net::{DownloadOptions, Downloads};
use crate::nix::Progress;
use crate::output::Builds;
use crate::source::RelPath;

/// Rounds and builds, shown.
pub struct Shown(Builds);

impl Shown {
    pub fn new(globals: &Globals) -> Shown {
        Shown(Builds::new(globals.quiet))
    }
}

impl Watch for Shown {
    fn round(&mut self, round: usize, literals: usize) {
        let hashes = if literals == 1 { "hash" } else { "hashes" };
        self.0
            .line(&format!("round {round}: {literals} {hashes} to build"));
    }

    fn build(&mut self, progress: &Progress) {
        self.0.show(progress);
    }

    fn built(&mut self) {
        self.0.finish();
    }
}

/// The `--option`s of `cotter.toml`.
pub fn configured_options(config: &Config) -> impl Iterator<Item = String> {
    let options = config.nix.options.iter();
    options.flat_map(|(name, value)| ["--option".to_owned(), name.clone(), value.clone()])
}

/// The search path of `cotter.toml`.
pub fn configured_include(config: &Config) -> impl Iterator<Item = Include> {
    let include = config.nix.include.iter();
    include.map(|(name, path)| Include {
        path: format!("{name}={path}"),
        dir: RelPath::root(),
    })
}

pub fn downloads(offline: bool, timeout: Duration) -> Downloads {
    Downloads::new(DownloadOptions {
        offline,
        timeout,
        certificates: std::env::var_os("NIX_SSL_CERT_FILE").map(Into::into),
    })
}
