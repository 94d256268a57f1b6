//! What is to be written for a pin, before it is known whether it can be.

use std::borrow::Cow;

use crate::edit::Edit;
use crate::source::RelPath;
use crate::spot::Spot;

/// What is to be written for one or more pins, all or nothing.
#[derive(Default)]
pub struct Item {
    /// The pin's or container's name.
    pub name: String,
    pub steps: Vec<Step>,
    pub shifts: Vec<Shift>,
    /// Hashes that git's objects do not prove: to be computed before anything of this is written.
    pub wanted: Vec<Wanted>,
    /// A lock file that changes and whose `outputHashes` have to follow.
    pub lock: Option<ChangedLock>,
    /// The pins that cannot be moved, and why.
    pub left: Vec<(usize, Why)>,
}

/// One value that is to change.
pub struct Step {
    /// The pin that it belongs to.
    pub pin: usize,
    pub field: Cow<'static, str>,
    pub place: Place,
    pub new: String,
}

pub enum Place {
    Spot(Spot),
    /// The whole of a file.
    File(RelPath),
    /// These bytes, as they are in the file.
    Edit {
        file: RelPath,
        /// Where the value begins: what the edit replaces may begin with its quotes.
        offset: usize,
        edit: Edit,
        /// The value that stands there.
        old: String,
    },
}

/// A hash that is not known yet.
#[derive(Clone)]
pub struct Wanted {
    /// The pin that moves, and the name of the value in reports.
    pub pin: usize,
    pub field: Cow<'static, str>,
    pub place: Hole,
    /// Why it is not known without more ado: what to say when it cannot be computed either.
    pub reason: String,
}

/// Where a hash belongs.
#[derive(Clone, PartialEq, Eq)]
pub enum Hole {
    /// In a literal, or a placeholder, of a file as it is.
    Literal { file: RelPath, offset: usize },
    /// In the text that a step of the item writes, so many bytes from its beginning.
    Step { step: usize, within: usize },
}

/// A `Cargo.lock` of which the git dependencies change.
pub struct ChangedLock {
    pub pin: usize,
    pub path: RelPath,
    /// The file with the `outputHashes`.
    pub nix: RelPath,
    pub reason: String,
}

/// Why a pin stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    pub reason: String,
    /// The last lines of the log of a build that failed.
    pub log: Vec<String>,
    pub hint: Option<String>,
}

impl From<String> for Why {
    fn from(reason: String) -> Why {
        Why {
            reason,
            ..Why::default()
        }
    }
}

/// A revision that became another, for what names the same one elsewhere.
pub struct Shift {
    pub pin: usize,
    pub old_rev: String,
    pub new_rev: String,
    pub version: Option<(String, String)>,
}

impl Step {
    pub fn at(pin: usize, field: &'static str, spot: &Spot, new: impl Into<String>) -> Step {
        Step {
            pin,
            field: field.into(),
            place: Place::Spot(spot.clone()),
            new: new.into(),
        }
    }
}

/// The literal that a step changes.
pub fn key(step: &Step) -> Option<(RelPath, usize)> {
    match &step.place {
        Place::Spot(spot) => Some((spot.file.clone(), spot.offset())),
        Place::File(_) => None,
        Place::Edit { file, offset, .. } => Some((file.clone(), *offset)),
    }
}

impl Wanted {
    /// The literal that it is about.
    pub fn key(&self) -> Option<(RelPath, usize)> {
        match &self.place {
            Hole::Literal { file, offset } => Some((file.clone(), *offset)),
            Hole::Step { .. } => None,
        }
    }
}
