//! `fetchFromGitea` and its kin: Forgejo, and Codeberg, which is a Forgejo.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromGitea", "fetchFromForgejo", "fetchFromCodeberg"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let host = match arguments.call.function.as_str() {
        "fetchFromCodeberg" => "codeberg.org".to_owned(),
        _ => arguments.string("domain")?,
    };
    let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
    arguments.forge(
        PinKind::Gitea,
        format!("https://{host}/{owner}/{repo}"),
        &["domain"],
    )
}
