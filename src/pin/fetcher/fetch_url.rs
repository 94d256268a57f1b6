//! `fetchurl` and `fetchpatch`: a file, whose hash is taken over its bytes.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::{Moves, PinKind, forge};
use crate::spot::Spot;
use crate::syntax::Text;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchurl", "fetchpatch", "fetchpatch2"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
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
