//! `fetchgit`: a clone and checkout in a fixed-output derivation.

use super::{Arguments, Fetched, Fetcher};
use crate::git::FetchMethod;
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchgit", "fetchgitPrivate"],
    read,
};

/// Switches that change nothing while they are off. Submodules are fetched unless they are switched off.
const SWITCHES: &[&str] = &["leaveDotGit", "deepClone", "fetchLFS", "fetchTags"];
const HARMLESS: &[&str] = &[
    "url",
    "rev",
    "tag",
    "name",
    "branchName",
    "fetchSubmodules",
    "meta",
    "passthru",
    "allowedRequisites",
];

fn read(arguments: &Arguments) -> Option<Fetched> {
    let url = arguments.url().map(|url| url.value());
    let (spot, moves, rev) = arguments.revision()?;
    let submodules = !arguments.has("fetchSubmodules") || arguments.is_on("fetchSubmodules");
    let fetch = arguments.tree(FetchMethod::Checkout, submodules, HARMLESS, SWITCHES);
    Some(Fetched {
        kind: PinKind::Git,
        repository: url.clone(),
        url,
        git_ref: arguments.string("branchName"),
        spot,
        moves,
        rev,
        fetch: Some(fetch),
    })
}
