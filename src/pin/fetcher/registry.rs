//! `fetchCrate` and `fetchPypi`: a release of a package registry. It moves only when a version is given.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::{Moves, PinKind};
use crate::spot::Spot;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchCrate", "fetchPypi"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let version = arguments.text("version")?;
    let package = arguments
        .string("crateName")
        .or_else(|| arguments.string("pname"));
    let registry = match arguments.call.function.as_str() {
        "fetchCrate" => "crate",
        _ => "pypi",
    };
    Some(Fetched {
        kind: PinKind::Url,
        url: package.map(|package| format!("{registry}:{package}")),
        repository: None,
        git_ref: None,
        spot: Spot::literal(&version)?,
        moves: Moves::Given,
        rev: version.value(),
        fetch: None,
    })
}
