//! `fetchFromBitbucket`.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromBitbucket"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
    arguments.forge(
        PinKind::Git,
        format!("https://bitbucket.org/{owner}/{repo}"),
        &[],
    )
}
