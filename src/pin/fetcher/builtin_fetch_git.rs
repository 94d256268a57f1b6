//! `builtins.fetchGit`: fetched while Nix evaluates; the rev alone pins it.

use super::{Arguments, Fetched, Fetcher};
use crate::git::FetchMethod;
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchGit"],
    read,
};

const HARMLESS: &[&str] = &[
    "url",
    "rev",
    "ref",
    "name",
    "shallow",
    "allRefs",
    "lastModified",
    "revCount",
];
const SWITCHES: &[&str] = &["submodules", "exportIgnore", "lfs", "verifyCommit"];

fn read(arguments: &Arguments) -> Option<Fetched> {
    let url = arguments.url().map(|url| url.value());
    let (spot, moves, rev) = arguments.revision()?;
    let fetch = arguments.tree(
        FetchMethod::BuiltinFetchGit,
        arguments.is_on("submodules"),
        HARMLESS,
        SWITCHES,
    );
    Some(Fetched {
        kind: PinKind::Git,
        repository: url.clone(),
        url,
        git_ref: arguments.string("ref"),
        spot,
        moves,
        rev,
        fetch: Some(fetch),
    })
}
