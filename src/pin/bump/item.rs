//! What is to be written for a pin, before it is known whether it can be.

use crate::source::RelPath;
use crate::spot::Spot;

/// What is to be written for one or more pins, all or nothing.
#[derive(Default)]
pub struct Item {
    /// The pin's or container's name.
    pub name: String,
    pub steps: Vec<Step>,
    pub shifts: Vec<Shift>,
    /// The pins that cannot be moved, and why.
    pub left: Vec<(usize, String)>,
}

/// One value that is to change.
pub struct Step {
    /// The pin that it belongs to.
    pub pin: usize,
    pub field: &'static str,
    pub place: Place,
    pub new: String,
}

pub enum Place {
    Spot(Spot),
    /// The whole of a file.
    File(RelPath),
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
            field,
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
    }
}
