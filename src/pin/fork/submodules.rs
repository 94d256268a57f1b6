//! Submodules of upstream, which the expression does not fetch.

use super::{ForkError, Wanted};
use crate::git::{Oid, TraitKind};

/// What says where they are from: without it git does nothing with them either.
const FILE: &str = ".gitmodules";

/// A warning where upstream has some.
pub fn warning(wanted: &Wanted, upstream: Oid) -> Result<Option<String>, ForkError> {
    if wanted.repo.read_file(upstream, FILE)?.is_none() {
        return Ok(None);
    }
    let found = wanted.repo.checkout_traits(upstream)?.into_iter();
    let paths: Vec<String> = found
        .filter(|found| found.kind == TraitKind::Submodule)
        .map(|found| found.path)
        .collect();
    let (verb, folder) = match paths.len() {
        0 => return Ok(None),
        1 => ("is a submodule", "an empty folder"),
        _ => ("are submodules", "empty folders"),
    };
    Ok(Some(format!(
        "{} {verb} of upstream: none is fetched, and what is built has {folder} there",
        paths.join(", ")
    )))
}
