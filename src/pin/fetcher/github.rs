//! `fetchFromGitHub`.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromGitHub"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let host = match arguments.has("githubBase") {
        true => arguments.string("githubBase")?,
        false => "github.com".to_owned(),
    };
    let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
    arguments.forge(
        PinKind::GitHub,
        format!("https://{host}/{owner}/{repo}"),
        &["githubBase"],
    )
}
