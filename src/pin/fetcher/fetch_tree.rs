//! `builtins.fetchTree` and `builtins.getFlake`: a flake reference, as a set or as a URL.

use super::{Arguments, Fetched, Fetcher};
use crate::git::FetchMethod;
use crate::manifest::flake_url;
use crate::pin::PinKind;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["fetchTree", "getFlake"],
    read,
};

const HARMLESS: &[&str] = &[
    "type",
    "url",
    "owner",
    "repo",
    "host",
    "rev",
    "ref",
    "name",
    "shallow",
    "lastModified",
    "revCount",
];
const SWITCHES: &[&str] = &["submodules", "exportIgnore", "lfs", "verifyCommit"];

fn read(arguments: &Arguments) -> Option<Fetched> {
    let Some(kind) = arguments.string("type") else {
        return by_url(arguments);
    };
    let host = arguments.string("host");
    let forge = |kind: PinKind, default: &str| {
        let host = host.as_deref().unwrap_or(default);
        let (owner, repo) = (arguments.string("owner")?, arguments.string("repo")?);
        Some((
            kind,
            format!("https://{host}/{owner}/{repo}"),
            FetchMethod::Archive,
        ))
    };
    let (kind, repository, method) = match kind.as_str() {
        "git" => (
            PinKind::Git,
            arguments.string("url")?,
            FetchMethod::BuiltinFetchGit,
        ),
        "github" => forge(PinKind::GitHub, "github.com")?,
        "gitlab" => forge(PinKind::GitLab, "gitlab.com")?,
        "sourcehut" => forge(PinKind::Sourcehut, "git.sr.ht")?,
        "tarball" => return super::tarball::FETCHER.read(arguments),
        _ => return None,
    };
    let (spot, moves, rev) = arguments.revision()?;
    Some(Fetched {
        kind,
        url: Some(repository.clone()),
        repository: Some(repository),
        git_ref: arguments.string("ref"),
        spot,
        moves,
        rev,
        fetch: Some(arguments.tree(method, false, HARMLESS, SWITCHES)),
    })
}

fn by_url(arguments: &Arguments) -> Option<Fetched> {
    let text = arguments.url()?;
    let value = text.value();
    let flake = flake_url::read(&value)?;
    let (spot, moves) = arguments.moving(&text, flake.rev.clone()?)?;
    let kind = match value.split(':').next() {
        Some("github") => PinKind::GitHub,
        Some("gitlab") => PinKind::GitLab,
        Some("sourcehut") => PinKind::Sourcehut,
        _ => PinKind::Git,
    };
    let rev = flake.rev_in(&value)?.to_owned();
    Some(Fetched {
        kind,
        url: Some(value.clone()),
        repository: flake.repository,
        git_ref: flake.git_ref,
        spot,
        moves,
        rev,
        fetch: Some(arguments.tree(FetchMethod::BuiltinFetchGit, false, &["url"], &[])),
    })
}

impl Fetcher {
    fn read(&self, arguments: &Arguments) -> Option<Fetched> {
        (self.read)(arguments)
    }
}
