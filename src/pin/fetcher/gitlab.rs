//! `fetchFromGitLab`.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchFromGitLab"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let host = match arguments.has("domain") {
        true => arguments.string("domain")?,
        false => "gitlab.com".to_owned(),
    };
    let group = match arguments.has("group") {
        true => format!("{}/", arguments.string("group")?),
        false => String::new(),
    };
    let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
    let url = format!("https://{host}/{group}{owner}/{repo}");
    arguments.forge(PinKind::GitLab, url, &["domain", "group", "protocol"])
}
