//! The branches and tags of a place, each with the commit that it stands for.
//!
//! Not here: asking a remote for them (`ask`).

use std::collections::BTreeMap;

use super::{GitError, Oid, Repo};

/// Full names (`refs/heads/...`, `refs/tags/...`) and the commits that they lead to; tags are peeled.
/// A ref that leads to no commit is left out where that is known; so is a name that is not UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    pub head: Option<Head>,
    pub by_name: BTreeMap<String, Oid>,
}

/// What a remote's HEAD names: its default branch, or no branch when it is detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Without `refs/heads/`.
    pub branch: Option<String>,
    pub id: Oid,
}

pub(super) const HEADS: &str = "refs/heads/";
pub(super) const TAGS: &str = "refs/tags/";

/// Whether git takes `name`, a full one such as `refs/heads/x`, as the name of a ref.
pub fn is_ref_name(name: &str) -> bool {
    gix::refs::FullName::try_from(name).is_ok()
}

impl Refs {
    /// The tip of the branch `name` (without `refs/heads/`).
    pub fn branch(&self, name: &str) -> Option<Oid> {
        self.by_name.get(&format!("{HEADS}{name}")).copied()
    }

    /// The commit that the tag `name` (without `refs/tags/`) leads to.
    pub fn tag(&self, name: &str) -> Option<Oid> {
        self.by_name.get(&format!("{TAGS}{name}")).copied()
    }

    /// All branches by name, without `refs/heads/`.
    pub fn branches(&self) -> impl Iterator<Item = (&str, Oid)> {
        self.below(HEADS)
    }

    /// All tags by name, without `refs/tags/`.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Oid)> {
        self.below(TAGS)
    }

    fn below(&self, prefix: &'static str) -> impl Iterator<Item = (&str, Oid)> {
        self.by_name
            .range(prefix.to_owned()..)
            .map_while(move |(name, id)| Some((name.strip_prefix(prefix)?, *id)))
    }
}

/// Which of a repository's refs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// What the clone last saw of its remote: `refs/remotes/origin/x` stands as `refs/heads/x`. A bare
    /// repository, and one that has seen no remote, shows its own branches.
    Mirror,
    /// Its own branches, as a server shows them.
    Own,
}

impl Repo {
    /// The refs of this repository; see [`Location`](super::Location) for which.
    pub fn refs(&self) -> Result<Refs, GitError> {
        let repo = self.local();
        let failed = |error: gix::Error| self.unreadable("the list of refs", &error);
        let mut own = BTreeMap::new();
        let mut tracked: BTreeMap<String, BTreeMap<String, Oid>> = BTreeMap::new();
        let platform = repo.references().map_err(failed)?;
        for reference in platform.all().map_err(failed)? {
            // One damaged ref does not hide the others.
            let Ok(mut reference) = reference else {
                continue;
            };
            let Ok(name) = std::str::from_utf8(reference.name().as_bstr()).map(str::to_owned)
            else {
                continue;
            };
            let remote = name.strip_prefix("refs/remotes/");
            if !(name.starts_with(HEADS) || name.starts_with(TAGS) || remote.is_some()) {
                continue;
            }
            let Ok(id) = reference.peel_to_id() else {
                continue;
            };
            let id = id.detach();
            let is_commit = repo
                .find_header(id)
                .is_ok_and(|header| header.kind() == gix::object::Kind::Commit);
            if !is_commit {
                continue;
            }
            match remote.and_then(|name| name.split_once('/')) {
                Some((_, "HEAD")) => {}
                Some((remote, branch)) => {
                    tracked
                        .entry(remote.to_owned())
                        .or_default()
                        .insert(format!("{HEADS}{branch}"), Oid(id));
                }
                None if remote.is_none() => {
                    own.insert(name, Oid(id));
                }
                None => {}
            }
        }
        let mirrored = match self.view {
            View::Mirror if !repo.is_bare() => remote_of(&repo, &tracked),
            _ => None,
        };
        if let Some((remote, mut by_name)) = mirrored {
            by_name.extend(own.into_iter().filter(|(name, _)| name.starts_with(TAGS)));
            let head = symbolic(&repo, &format!("refs/remotes/{remote}/HEAD"))
                .and_then(|target| {
                    let branch = target.strip_prefix(&format!("refs/remotes/{remote}/"))?;
                    let id = *by_name.get(&format!("{HEADS}{branch}"))?;
                    Some(Head {
                        branch: Some(branch.to_owned()),
                        id,
                    })
                })
                .or_else(|| head_of(&repo, &by_name));
            return Ok(Refs { head, by_name });
        }
        let head = head_of(&repo, &own);
        Ok(Refs { head, by_name: own })
    }
}

/// The remote that a clone mirrors, and its branches: `origin`, else the one that git would take.
fn remote_of(
    repo: &gix::Repository,
    tracked: &BTreeMap<String, BTreeMap<String, Oid>>,
) -> Option<(String, BTreeMap<String, Oid>)> {
    let default = repo
        .remote_default_name(gix::remote::Direction::Fetch)
        .map(|name| name.to_string());
    ["origin"]
        .into_iter()
        .chain(default.as_deref())
        .chain(tracked.keys().map(String::as_str))
        .find_map(|name| Some((name.to_owned(), tracked.get(name)?.clone())))
}

fn head_of(repo: &gix::Repository, by_name: &BTreeMap<String, Oid>) -> Option<Head> {
    let branch =
        symbolic(repo, "HEAD").and_then(|target| Some(target.strip_prefix(HEADS)?.to_owned()));
    let shown = branch
        .as_ref()
        .and_then(|name| by_name.get(&format!("{HEADS}{name}")).copied());
    let id = match shown {
        Some(id) => id,
        None => Oid(repo.head_commit().ok()?.id),
    };
    Some(Head { branch, id })
}

/// The full name of the ref that the symbolic ref `name` points to.
fn symbolic(repo: &gix::Repository, name: &str) -> Option<String> {
    let reference = repo.try_find_reference(name).ok()??;
    let target = reference.target().try_name()?.as_bstr().to_owned();
    String::from_utf8(target.into()).ok()
}
