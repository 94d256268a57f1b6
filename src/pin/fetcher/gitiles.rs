//! `fetchFromGitiles`: the web view of Gerrit, which serves git under the same URL.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromGitiles"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let url = arguments.url()?.value();
    arguments.forge(PinKind::Git, url, &["url"])
}
