//! The `Cargo.lock` beside a spork: upstream's at the new rev, or that of a feature that changes it.

use super::spork::Spork;
use super::{BumpError, Context};
use crate::pin::lockfile::{Choice, LOCK, choose, git_sources, text_at};
use crate::source::RelPath;

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
    let Some(text) = text_at(&spork.repo, upstream, LOCK)? else {
        return Ok(NewLock::Missing(format!(
            "upstream has no {LOCK} at {upstream}; {path} stays as it is"
        )));
    };
    let features: Vec<_> = spork
        .features
        .iter()
        .map(|feature| (feature.name(), feature.commit))
        .collect();
    let (text, from_feature) = match choose(&spork.repo, upstream, &features, &text)? {
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
