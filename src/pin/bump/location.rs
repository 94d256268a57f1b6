//! Where a bump asks for a pin's repository.

use std::path::Path;

use super::{BumpError, Context};
use crate::git::Location;
use crate::pin::Pin;
use crate::pin::location::Places;

/// The clone or remote that knows the revisions of `pin`. `None` when none is known.
pub fn of(context: &Context, pin: &Pin) -> Option<Location> {
    let places = Places {
        workspace: context.workspace,
        containers: &context.containers,
        pins: &context.found.pins,
        clone: context.request.clone.as_deref(),
    };
    places.of(pin)
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
