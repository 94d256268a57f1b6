//! `fetchurl` and `fetchpatch`: a file, whose hash is taken over its bytes.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::{Fetch, Moves, PinKind, forge};
use crate::spot::Spot;
use crate::syntax::Text;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchurl", "fetchpatch", "fetchpatch2"],
    read,
};

const HARMLESS: &[&str] = &[
    "url",
    "urls",
    "name",
    "pname",
    "version",
    "outputHashAlgo",
    "executable",
    "system",
    "preferLocalBuild",
    "meta",
    "passthru",
];
const SWITCHES: &[&str] = &[
    "downloadToTemp",
    "recursiveHash",
    "showURLs",
    "unpack",
    "impure",
];

fn read(arguments: &Arguments) -> Option<Fetched> {
    let fetched = place(arguments)?;
    Some(Fetched {
        fetch: file(arguments),
        ..fetched
    })
}

/// How the file is fetched. What `fetchpatch` yields is rewritten.
fn file(arguments: &Arguments) -> Option<Fetch> {
    if arguments.call.function != "fetchurl" {
        return None;
    }
    let urls = arguments.urls();
    let unknown = || match &urls {
        None => Some("not all of its URLs are known".to_owned()),
        Some(urls) if urls.iter().any(|url| url.starts_with("mirror://")) => {
            Some("nixpkgs knows which servers its `mirror://` URLs stand for".to_owned())
        }
        Some(_) => None,
    };
    let executable = arguments.is_on("executable");
    let undecided = || {
        let decided = !executable || arguments.is_true("executable");
        (!decided).then(|| "`executable` is not plainly on or off".to_owned())
    };
    let obstacle = arguments
        .obstacle(HARMLESS, SWITCHES)
        .or_else(unknown)
        .or_else(undecided);
    Some(Fetch::File {
        urls: urls.unwrap_or_default(),
        executable,
        obstacle,
    })
}

/// What of the URL names the revision.
fn place(arguments: &Arguments) -> Option<Fetched> {
    let text = arguments.url()?;
    let url = text.value();
    // A patch is one commit for good; it does not follow its branch.
    if arguments.call.function == "fetchurl"
        && let Some(found) = forge::in_url(&url)
        && let Some((spot, moves)) = arguments.moving(&text, found.revision.clone())
    {
        let rev = url.get(found.revision)?.to_owned();
        return Some(Fetched {
            kind: PinKind::Url,
            repository: Some(found.repository),
            url: Some(url),
            git_ref: None,
            spot,
            moves,
            rev,
            fetch: None,
        });
    }
    of_url(&text, PinKind::Url, Moves::Given)
}

/// A file of which only the URL is known: the version in it, or the whole of it, is what can be given anew.
pub(super) fn of_url(text: &Text, kind: PinKind, moves: Moves) -> Option<Fetched> {
    let named = text
        .parts
        .iter()
        .find(|part| part.via.as_deref() == Some("version"));
    let part = named.or(text.parts.first())?;
    let spot = Spot::in_part(part, 0..part.value.len());
    let rev = if named.is_some() {
        spot.value.clone()
    } else {
        text.value()
    };
    Some(Fetched {
        kind,
        url: Some(text.value()),
        repository: None,
        git_ref: None,
        spot,
        moves,
        rev,
        fetch: None,
    })
}
