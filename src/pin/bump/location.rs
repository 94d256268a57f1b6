//! Where a pin's repository is asked.

use std::path::{Path, PathBuf};

use super::{BumpError, Context};
use crate::git::Location;
use crate::pin::{Pin, Role};
use crate::source::Workspace;

/// The clone or remote that knows the revisions of `pin`: `--clone`, the container's `clone`, the URL of the source.
/// `None` when nothing of these is known.
pub fn of(context: &Context, pin: &Pin) -> Option<Location> {
    // `--clone` and `clone` stand for one repository: the spork's, or the container's only one.
    let configured = || {
        let clone = context
            .containers
            .config(&pin.name.container)?
            .clone
            .as_deref()?;
        Some(context.workspace.root().join(clone))
    };
    if stands_for_container(context, pin)
        && let Some(path) = context.request.clone.clone().or_else(configured)
    {
        // Without the `..` of a path that was given relative to something, where that can be.
        return Some(Location::Clone(plain(&path).unwrap_or(path)));
    }
    pin.repository
        .as_deref()
        .map(|url| remote(context.workspace, pin, url))
}

fn plain(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok();
    real.or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
}

/// Whether the container's clone is a clone of what `pin` names.
fn stands_for_container(context: &Context, pin: &Pin) -> bool {
    if matches!(pin.role, Role::Spork(_)) {
        return true;
    }
    if matches!(pin.role, Role::FlakeInput(_)) {
        return false;
    }
    let mut siblings = context
        .found
        .pins
        .iter()
        .filter(|other| other.name.container == pin.name.container);
    let spork = siblings
        .clone()
        .find(|other| matches!(other.role, Role::Spork(_)));
    match spork {
        Some(spork) => spork.repository.is_some() && spork.repository == pin.repository,
        None => {
            siblings.all(|other| other.repository.is_none() || other.repository == pin.repository)
        }
    }
}

/// A URL, or a path as the file that holds it sees it.
fn remote(workspace: &Workspace, pin: &Pin, url: &str) -> Location {
    let is_relative = url.starts_with("./") || url.starts_with("../");
    match (is_relative, &pin.spot) {
        (true, Some(spot)) => {
            let folder = spot.file.parent().to_path(workspace.root());
            Location::Remote(folder.join(url).to_string_lossy().into_owned())
        }
        _ => Location::Remote(url.to_owned()),
    }
}

/// `--clone` names one repository, so the selected pins may only be of one.
pub fn check_clone(clone: Option<&Path>, repositories: &[&str]) -> Result<(), BumpError> {
    match clone {
        Some(clone) if repositories.len() > 1 => Err(BumpError::Request(format!(
            "`--clone {}` stands for one repository, but the pins are of {}: {}",
            clone.display(),
            repositories.len(),
            repositories.join(", ")
        ))),
        _ => Ok(()),
    }
}
