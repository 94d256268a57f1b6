//! The `Cargo.lock` that fits a spork: upstream's, or that of a feature that changes it. Told of a repository; the file
//! beside the spork is compared elsewhere.

use std::collections::BTreeSet;

use crate::git::{GitError, Oid, Repo};
use crate::manifest::cargo_lock::{self, CargoLock, Fit};
use crate::source::{RelPath, SourceFile};

pub const LOCK: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

/// Which lock file fits upstream with its features.
pub enum Choice {
    Upstream,
    Feature {
        name: String,
        text: String,
        reason: String,
    },
    /// None, and why.
    None(String),
}

/// Upstream's, unless a feature changes it: the patched source has that one then, and nixpkgs takes no other. A feature
/// that depends on something else and changes no lock file leaves nothing that fits.
///
/// `features` are names and commits, `upstream_lock` is the lock file at `upstream`.
pub fn choose(
    repo: &Repo,
    upstream: Oid,
    features: &[(&str, Oid)],
    upstream_lock: &str,
) -> Result<Choice, GitError> {
    let mut manifests: Vec<(&str, SourceFile)> = Vec::new();
    let mut locks: Vec<(&str, String)> = Vec::new();
    for (feature, commit) in features {
        let changed = repo.changed_paths(upstream, *commit)?;
        let changes = |name: &str| {
            changed
                .iter()
                .any(|path| path.rsplit('/').next() == Some(name))
        };
        if changes(MANIFEST)
            && let Some(text) = text_at(repo, *commit, MANIFEST)?
        {
            manifests.push((feature, named(MANIFEST, text)));
        }
        if changed.iter().any(|path| path == LOCK)
            && let Some(text) = text_at(repo, *commit, LOCK)?
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
            feature, other
        )));
    }
    if let Some((name, reason)) = misfit_of(text) {
        return Ok(Choice::None(format!(
            "no {LOCK} of upstream or of a feature fits `{name}`: {reason}"
        )));
    }
    Ok(Choice::Feature {
        name: (*feature).to_owned(),
        text: text.clone(),
        reason: needed.map_or_else(|| format!("it changes {LOCK}"), |(_, reason)| reason),
    })
}

/// Why `lock` does not do for the feature's manifest.
fn misfit(lock: &CargoLock, feature: &str, manifest: &SourceFile) -> Option<(String, String)> {
    match lock.fit(manifest, Some(manifest)) {
        Ok(Fit::DoesNotFit { dependency, reason }) => {
            Some((feature.to_owned(), format!("`{dependency}`: {reason}")))
        }
        _ => None,
    }
}

/// Why `lock` does not do for the `Cargo.toml` of `commit`; `None` where it does, or where that cannot be told.
pub fn misfit_at(repo: &Repo, commit: Oid, lock: &str) -> Result<Option<String>, GitError> {
    let Some(manifest) = text_at(repo, commit, MANIFEST)? else {
        return Ok(None);
    };
    let manifest = named(MANIFEST, manifest);
    let reason = read(lock).and_then(|lock| misfit(&lock, "", &manifest));
    Ok(reason.map(|(_, reason)| reason))
}

/// The text of a file of `commit`; `None` where there is none, or it is no text.
pub fn text_at(repo: &Repo, commit: Oid, path: &str) -> Result<Option<String>, GitError> {
    let bytes = repo.read_file(commit, path)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn named(path: &str, text: String) -> SourceFile {
    SourceFile::from_text(RelPath::new(path).unwrap_or(RelPath::root()), text)
}

fn read(lock: &str) -> Option<CargoLock> {
    cargo_lock::read(&named(LOCK, lock.to_owned())).ok()
}

/// What `outputHashes` is about: name, version and commit of every git dependency.
pub fn git_sources(lock: &str) -> BTreeSet<(String, String, String)> {
    let packages = read(lock).map(|lock| lock.packages).unwrap_or_default();
    packages
        .iter()
        .filter_map(|package| {
            let git = package.git()?;
            Some((package.name.clone(), package.version.to_string(), git.rev))
        })
        .collect()
}
