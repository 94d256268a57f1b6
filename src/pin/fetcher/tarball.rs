//! `builtins.fetchTarball` and `fetchzip`: an archive, unpacked. Of a forge's archive the tree is the commit's.

use super::{Arguments, Fetched, Fetcher};
use crate::git::FetchMethod;
use crate::pin::{Fetch, Moves, PinKind, forge};

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchTarball", "fetchzip"],
    read,
};

const HARMLESS: &[&str] = &[
    "url",
    "type",
    "name",
    "pname",
    "version",
    "extension",
    "meta",
    "passthru",
];

fn read(arguments: &Arguments) -> Option<Fetched> {
    let text = arguments.url()?;
    let url = text.value();
    let fetch = arguments.tree(FetchMethod::Archive, false, HARMLESS, &[]);
    match forge::in_url(&url) {
        Some(found) => {
            let (spot, moves) = arguments.moving(&text, found.revision.clone())?;
            let rev = url.get(found.revision)?.to_owned();
            // What is no archive of the repository's own has other contents than its tree.
            let fetch = found.is_archive.then_some(fetch);
            Some(Fetched {
                kind: PinKind::Tarball,
                repository: Some(found.repository),
                url: Some(url),
                git_ref: None,
                spot,
                moves,
                rev,
                fetch: fetch.or(Some(Fetch::Tree {
                    method: FetchMethod::Archive,
                    submodules: false,
                    obstacle: Some("it is no archive of a git tree".to_owned()),
                })),
            })
        }
        None => super::fetch_url::of_url(&text, PinKind::Tarball, Moves::Given),
    }
}
