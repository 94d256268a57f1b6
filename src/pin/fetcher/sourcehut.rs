//! `fetchFromSourcehut`. Mercurial repositories are no concern of cotter's.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromSourcehut"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    if arguments.has("vc") && arguments.string("vc")? != "git" {
        return None;
    }
    let host = match arguments.has("domain") {
        true => arguments.string("domain")?,
        false => "sr.ht".to_owned(),
    };
    let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
    let url = format!("https://git.{host}/{owner}/{repo}");
    arguments.forge(PinKind::Sourcehut, url, &["domain", "vc"])
}
