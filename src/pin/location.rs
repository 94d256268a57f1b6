//! Where a pin's repository is asked.

use std::path::{Path, PathBuf};

use super::{Pin, Role};
use crate::git::Location;
use crate::naming::Containers;
use crate::source::Workspace;

/// What decides it.
pub struct Places<'a> {
    pub workspace: &'a Workspace,
    pub containers: &'a Containers<'a>,
    /// All pins of the workspace.
    pub pins: &'a [Pin],
    /// `--clone`.
    pub clone: Option<&'a Path>,
}

impl Places<'_> {
    /// The clone or remote that knows the revisions of `pin`: `--clone`, the container's `clone`, the URL of the
    /// source. `None` when nothing of these is known.
    pub fn of(&self, pin: &Pin) -> Option<Location> {
        // `--clone` and `clone` stand for one repository: the spork's, or the container's only one.
        let configured = || {
            let clone = self
                .containers
                .config(&pin.name.container)?
                .clone
                .as_deref()?;
            Some(self.workspace.root().join(clone))
        };
        if let Some(path) = self.clone.map(Path::to_owned).or_else(configured)
            && self.stands_for_container(pin)
        {
            // Without the `..` of a path that was given relative to something, where that can be.
            return Some(Location::Clone(plain(&path).unwrap_or(path)));
        }
        self.remote_of(pin)
    }

    /// What the URL of the source names.
    pub fn remote_of(&self, pin: &Pin) -> Option<Location> {
        pin.repository.as_deref().map(|url| self.remote(pin, url))
    }

    /// Whether the container's clone is a clone of what `pin` names.
    fn stands_for_container(&self, pin: &Pin) -> bool {
        if matches!(pin.role, Role::Spork(_)) {
            return true;
        }
        if matches!(pin.role, Role::FlakeInput(_)) {
            return false;
        }
        let mut siblings = self
            .pins
            .iter()
            .filter(|other| other.name.container == pin.name.container);
        let spork = siblings
            .clone()
            .find(|other| matches!(other.role, Role::Spork(_)));
        match spork {
            Some(spork) => spork.repository.is_some() && spork.repository == pin.repository,
            None => siblings
                .all(|other| other.repository.is_none() || other.repository == pin.repository),
        }
    }

    /// A URL, or a path as the file that holds it sees it.
    fn remote(&self, pin: &Pin, url: &str) -> Location {
        let is_relative = url.starts_with("./") || url.starts_with("../");
        match (is_relative, &pin.spot) {
            (true, Some(spot)) => {
                let folder = spot.file.parent().to_path(self.workspace.root());
                Location::Remote(folder.join(url).to_string_lossy().into_owned())
            }
            _ => Location::Remote(url.to_owned()),
        }
    }
}

fn plain(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok();
    real.or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
}
