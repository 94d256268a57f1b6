//! What commands that compute hashes have in common: how Nix is set up, and what is shown while it works.

use std::time::Duration;

use super::setup::Globals;
use crate::fod::run::Watch;
use crate::net::{DownloadOptions, Downloads};
use crate::nix::Progress;
use crate::output::Builds;

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

pub fn downloads(offline: bool, timeout: Duration) -> Downloads {
    Downloads::new(DownloadOptions {
        offline,
        timeout,
        certificates: std::env::var_os("NIX_SSL_CERT_FILE").map(Into::into),
    })
}
