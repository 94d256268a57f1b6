//! The fetchers of Nix and nixpkgs: which call names which revision of what, and where.
//!
//! A fetcher is one file here and one line in [`FETCHERS`].

mod arguments;
mod bitbucket;
mod builtin_fetch_git;
mod fetch_tree;
mod fetch_url;
mod fetchgit;
mod gitea;
mod github;
mod gitiles;
mod gitlab;
mod pull_image;
mod registry;
mod sourcehut;
mod spork_source;
mod tarball;

pub(super) use arguments::Arguments;
pub use arguments::hash_names;
pub(super) use spork_source::{BRANCH as SPORK_BRANCH, FUNCTION as SPORK_SOURCE};

use super::{Fetch, Moves, PinKind};
use crate::spot::Spot;

/// A family of functions with the same arguments.
pub struct Fetcher {
    /// The last names of the functions, whatever stands before them (`pkgs.`, `builtins.`).
    pub functions: &'static [&'static str],
    /// What a call of one of them pins; `None` when the text does not tell.
    pub read: fn(&Arguments) -> Option<Fetched>,
}

/// What a call says.
#[derive(Debug)]
pub struct Fetched {
    pub kind: PinKind,
    pub url: Option<String>,
    pub repository: Option<String>,
    pub git_ref: Option<String>,
    pub spot: Spot,
    pub moves: Moves,
    /// The whole revision that stands there.
    pub rev: String,
    pub fetch: Option<Fetch>,
}

static FETCHERS: &[Fetcher] = &[
    bitbucket::FETCHER,
    builtin_fetch_git::FETCHER,
    fetch_tree::FETCHER,
    fetch_url::FETCHER,
    fetchgit::FETCHER,
    gitea::FETCHER,
    github::FETCHER,
    gitiles::FETCHER,
    gitlab::FETCHER,
    pull_image::FETCHER,
    registry::FETCHER,
    sourcehut::FETCHER,
    spork_source::FETCHER,
    tarball::FETCHER,
];

/// The fetcher that `function` is one of.
pub fn by_function(function: &str) -> Option<&'static Fetcher> {
    FETCHERS
        .iter()
        .find(|fetcher| fetcher.functions.contains(&function))
}

/// Whether `function` fetches something that a call of it names, as nixpkgs and Nix have it.
pub fn is_fetcher(function: &str) -> bool {
    by_function(function).is_some()
}

/// All names of fetchers.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FETCHERS
        .iter()
        .flat_map(|fetcher| fetcher.functions.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_has_two_fetchers() {
        let mut names: Vec<_> = functions().collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
