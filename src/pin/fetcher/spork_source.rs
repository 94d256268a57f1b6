//! `sporkSource` of cotter's own library: upstream at a revision, with features that are patches of it.
//!
//! Not here: the features, which are pins of their own (`spork`).

use super::{Arguments, Fetched, Fetcher};
use crate::git::FetchMethod;
use crate::pin::spork::UPSTREAM;
use crate::pin::{Fetch, Moves, PinKind};
use crate::spot::Spot;

/// The function's name.
pub const FUNCTION: &str = "sporkSource";

/// The argument that says upstream's branch.
pub const BRANCH: &str = "branch";

pub const FETCHER: Fetcher = Fetcher {
    functions: &[FUNCTION],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let url = arguments.string("url");
    let spot = Spot::literal(&arguments.text(UPSTREAM)?)?;
    Some(Fetched {
        kind: PinKind::SporkUpstream,
        repository: url.clone(),
        url,
        git_ref: arguments.string(BRANCH),
        moves: Moves::Rev,
        rev: spot.value.clone(),
        spot,
        fetch: Some(Fetch::Tree {
            method: FetchMethod::BuiltinFetchGit,
            submodules: false,
            obstacle: Some("the features are patched into it".to_owned()),
        }),
    })
}
