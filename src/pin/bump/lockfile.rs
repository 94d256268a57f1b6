//! The `Cargo.lock` beside a spork: upstream's at the new rev, or that of a feature that changes it.

use std::collections::BTreeSet;

use super::spork::{Member, Spork};
use super::{BumpError, Context};
use crate::git::Oid;
use crate::manifest::cargo_lock::{self, CargoLock, Fit};
use crate::source::{RelPath, SourceFile};

const LOCK: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

/// What becomes of the lock file.
pub enum NewLock {
    /// There is none, or it is right as it is.
    Same,
    New {
        path: RelPath,
        text: String,
        /// The feature whose lock file it is, and why upstream's does not do.
        from_feature: Option<(String, String)>,
        /// The file with `outputHashes`, where the git dependencies change that these are of.
        hashed_by: Option<RelPath>,
    },
    /// What hangs on it cannot be known here.
    Unknown(String),
    /// `cotter.toml` speaks of one that is not there.
    Missing(String),
}

/// The lock file of `spork` as it will be.
pub fn of(context: &Context, spork: &Spork) -> Result<NewLock, BumpError> {
    let pin = context.pin(spork.upstream.pin);
    let Some(spot) = &pin.spot else {
        return Ok(NewLock::Same);
    };
    let configured = context
        .containers
        .config(&pin.name.container)
        .and_then(|c| c.lockfile.as_ref())
        .map(|lockfile| lockfile.get_ref().as_str());
    let Some(path) = spot.file.parent().join(configured.unwrap_or(LOCK)) else {
        return Ok(NewLock::Missing(
            "the `lockfile` of cotter.toml leads out of the workspace".to_owned(),
        ));
    };
    // A link that leads nowhere is there, and wrong.
    if path
        .to_path(context.workspace.root())
        .symlink_metadata()
        .is_err()
    {
        return Ok(match configured {
            Some(_) => NewLock::Missing(format!(
                "{path}, the lock file that cotter.toml names, is not there"
            )),
            None => NewLock::Same,
        });
    }
    let now = context.workspace.read(&path)?;
    let upstream = spork.upstream.commit;
    let Some(text) = text_at(spork, upstream, LOCK)? else {
        return Ok(NewLock::Missing(format!(
            "upstream has no {LOCK} at {upstream}; {path} stays as it is"
        )));
    };
    let (text, from_feature) = match choose(spork, &text)? {
        Choice::Upstream => (text, None),
        Choice::Feature { name, text, reason } => (text, Some((name, reason))),
        Choice::None(reason) => return Ok(NewLock::Unknown(reason)),
    };
    if text == now.text() {
        return Ok(NewLock::Same);
    }
    let nix = context.workspace.read(&spot.file)?;
    let is_hashed =
        nix.text().contains("outputHashes") && git_sources(now.text()) != git_sources(&text);
    Ok(NewLock::New {
        path,
        text,
        from_feature,
        hashed_by: is_hashed.then(|| spot.file.clone()),
    })
}

enum Choice {
    Upstream,
    Feature {
        name: String,
        text: String,
        reason: String,
    },
    None(String),
}

/// Upstream's, unless a feature changes it: the patched source has that one then, and nixpkgs takes no other. A feature
/// that depends on something else and changes no lock file leaves nothing that fits.
fn choose(spork: &Spork, upstream_lock: &str) -> Result<Choice, BumpError> {
    let base = spork.upstream.commit;
    let mut manifests: Vec<(&Member, SourceFile)> = Vec::new();
    let mut locks: Vec<(&Member, String)> = Vec::new();
    for feature in &spork.features {
        let changed = spork.repo.changed_paths(base, feature.commit)?;
        let changes = |name: &str| {
            changed
                .iter()
                .any(|path| path.rsplit('/').next() == Some(name))
        };
        if changes(MANIFEST)
            && let Some(text) = text_at(spork, feature.commit, MANIFEST)?
        {
            manifests.push((feature, named(MANIFEST, text)));
        }
        if changed.iter().any(|path| path == LOCK)
            && let Some(text) = text_at(spork, feature.commit, LOCK)?
        {
            locks.push((feature, text));
        }
    }
    let misfit_of = |lock: &str| {
        let lock = read(lock)?;
        manifests
            .iter()
            .find_map(|(feature, manifest)| misfit(&lock, feature, manifest))
    };
    let needed = misfit_of(upstream_lock);
    let Some((feature, text)) = locks.first() else {
        return Ok(match needed {
            None => Choice::Upstream,
            Some((name, reason)) => Choice::None(format!(
                "no {LOCK} of upstream or of a feature fits `{name}`: {reason}"
            )),
        });
    };
    if let Some((other, _)) = locks.iter().find(|(_, other)| other != text) {
        return Ok(Choice::None(format!(
            "the features `{}` and `{}` have each a {LOCK} of their own, and one that fits both needs `cargo`",
            feature.name(),
            other.name()
        )));
    }
    if let Some((name, reason)) = misfit_of(text) {
        return Ok(Choice::None(format!(
            "no {LOCK} of upstream or of a feature fits `{name}`: {reason}"
        )));
    }
    Ok(Choice::Feature {
        name: feature.name().to_owned(),
        text: text.clone(),
        reason: needed.map_or_else(|| format!("it changes {LOCK}"), |(_, reason)| reason),
    })
}

/// Why `lock` does not do for the feature's manifest.
fn misfit(lock: &CargoLock, feature: &Member, manifest: &SourceFile) -> Option<(String, String)> {
    match lock.fit(manifest, Some(manifest)) {
        Ok(Fit::DoesNotFit { dependency, reason }) => Some((
            feature.name().to_owned(),
            format!("`{dependency}`: {reason}"),
        )),
        _ => None,
    }
}

fn text_at(spork: &Spork, commit: Oid, path: &str) -> Result<Option<String>, BumpError> {
    let bytes = spork.repo.read_file(commit, path)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn named(path: &str, text: String) -> SourceFile {
    SourceFile::from_text(RelPath::new(path).unwrap_or(RelPath::root()), text)
}

fn read(lock: &str) -> Option<CargoLock> {
    cargo_lock::read(&named(LOCK, lock.to_owned())).ok()
}

/// What `outputHashes` is about: name, version and commit of every git dependency.
fn git_sources(lock: &str) -> BTreeSet<(String, String, String)> {
    let packages = read(lock).map(|lock| lock.packages).unwrap_or_default();
    packages
        .iter()
        .filter_map(|package| {
            let git = package.git()?;
            Some((package.name.clone(), package.version.to_string(), git.rev))
        })
        .collect()
}
