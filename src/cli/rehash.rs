//! What commands that compute hashes have in common: how Nix is set up, what is shown while it works,
//! and what is told when it does not.

use std::time::Duration;

use super::failure::{Failure, FailureKind};
use super::setup::Globals;
use crate::fod::lock::LockError;
use crate::fod::run::{RehashError, Unevaluated, Watch};
use crate::fod::target::{Target, TargetError};
use crate::net::{DownloadOptions, Downloads};
use crate::nix::{NixError, Progress};
use crate::output::{Builds, Diagnostic, Severity};

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

/// A target that is left out, as a warning.
pub fn of_unevaluated(unevaluated: &Unevaluated) -> Diagnostic {
    let message = format!(
        "Nix cannot evaluate {}: {}",
        unevaluated.target, unevaluated.message
    );
    let is_file = matches!(unevaluated.target, Target::File { .. });
    let hint = (is_file && unevaluated.message.contains("unable to download")).then(|| {
        "where that is an argument's default: one that is given is not fetched, by `--arg NAME EXPR`, or `args` in `[nix]` of cotter.toml"
            .to_owned()
    });
    match &unevaluated.at {
        Some((file, at)) => Diagnostic {
            severity: Severity::Warning,
            hint,
            ..Diagnostic::at(file, *at, message)
        },
        None => Diagnostic {
            file: Some(unevaluated.target.entry()),
            hint,
            ..Diagnostic::warning(message)
        },
    }
}

impl From<RehashError> for Failure {
    fn from(error: RehashError) -> Failure {
        match error {
            RehashError::Nix(error) => {
                let hint = match &error {
                    NixError::NotInstalled => Some(
                        "install it, or take `--native only`: hashes that need no build are computed without it"
                            .to_owned(),
                    ),
                    error => error.hint().map(str::to_owned),
                };
                Failure::outside(error.to_string(), hint)
            }
            RehashError::Git(error) => error.into(),
            RehashError::Copy(error) => {
                Failure::outside(error.to_string(), error.hint().map(str::to_owned))
            }
            RehashError::Source(error) => error.into(),
            RehashError::Fake(error) => Failure::usage(error.to_string(), None),
            RehashError::Spot(error) => Failure::usage(error.to_string(), None),
            RehashError::Evaluation(all) => {
                let all = all.iter().map(|one| Diagnostic {
                    severity: Severity::Error,
                    ..of_unevaluated(one)
                });
                Failure::all(FailureKind::Outside, all.collect())
            }
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Failure {
        let hint = error.hint().map(str::to_owned);
        match error.place() {
            Some((file, at)) => {
                let text = error.to_string();
                let place = format!("{file}:{}:{}: ", at.line, at.column);
                let message = text.strip_prefix(&place).unwrap_or(&text);
                let diagnostic = Diagnostic {
                    hint,
                    ..Diagnostic::at(file, at, message)
                };
                Failure::new(FailureKind::Usage, diagnostic)
            }
            None => Failure::usage(error.to_string(), hint),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Failure {
        match error {
            TargetError::Source(error) => error.into(),
            error => Failure::usage(error.to_string(), error.hint()),
        }
    }
}
