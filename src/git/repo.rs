//! A repository on this disk, clone or bare: its commits, and which of them a word means.
//!
//! It is only read. Nothing of the environment that git sets for a hook (`GIT_DIR`, `GIT_INDEX_FILE`,
//! ...) changes which repository or which part of it is seen.

use std::path::{Path, PathBuf};

use super::error::{GitError, reason};
use super::refs::{HEADS, Refs, TAGS, View};
use super::{Location, Oid};

/// An opened repository; cheap to share between threads.
pub struct Repo {
    pub(super) inner: gix::ThreadSafeRepository,
    pub(super) view: View,
    /// What messages call it.
    pub(super) location: Location,
}

/// When a commit was made, by its committer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitTime {
    /// Since 1970-01-01T00:00:00Z.
    pub seconds: i64,
}

impl CommitTime {
    /// The day in UTC, as `YYYY-MM-DD`.
    pub fn date(&self) -> String {
        gix::date::Time::new(self.seconds, 0).format_or_unix(gix::date::time::format::SHORT)
    }
}

/// The environment of a surrounding git hook must not lead to another repository, index or namespace.
pub(super) fn reading() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    permissions.env.git_prefix = gix::sec::Permission::Deny;
    permissions.env.objects = gix::sec::Permission::Deny;
    gix::open::Options::default().permissions(permissions)
}

impl Repo {
    /// Opens the clone at `path`: a work tree, its `.git`, or a bare repository.
    pub fn open(path: &Path) -> Result<Repo, GitError> {
        Repo::open_as(path, View::Mirror, Location::Clone(path.to_owned()))
    }

    pub(super) fn open_as(path: &Path, view: View, location: Location) -> Result<Repo, GitError> {
        let inner =
            gix::ThreadSafeRepository::open_opts(path, reading()).map_err(|e| GitError::Open {
                path: path.into(),
                reason: match path.exists() {
                    true => reason(&e),
                    false => "no such file or folder".to_owned(),
                },
            })?;
        Ok(Repo {
            inner,
            view,
            location,
        })
    }

    /// A handle for one thread, with a cache that fits the reading of histories and trees.
    pub(super) fn local(&self) -> gix::Repository {
        let mut repo = self.inner.to_thread_local();
        repo.object_cache_size_if_unset(16 * 1024 * 1024);
        repo
    }

    pub(super) fn unreadable(
        &self,
        what: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
    ) -> GitError {
        GitError::Read {
            location: self.location.to_string(),
            what: what.into(),
            reason: reason(error),
        }
    }

    /// The folder of its objects, which another git can borrow them from.
    pub fn objects_dir(&self) -> PathBuf {
        self.inner.to_thread_local().common_dir().join("objects")
    }

    /// Whether its history is cut off: an answer of "no" about ancestry means nothing then.
    pub fn is_shallow(&self) -> bool {
        // A list of cut-off commits that cannot be read is no proof of a whole history.
        self.inner.to_thread_local().is_shallow().unwrap_or(true)
    }

    /// Whether it has no work tree, as mirrors have none.
    pub fn is_bare(&self) -> bool {
        self.inner.to_thread_local().is_bare()
    }

    pub fn has_commit(&self, oid: Oid) -> bool {
        self.inner
            .to_thread_local()
            .find_header(oid.0)
            .is_ok_and(|header| header.kind() == gix::object::Kind::Commit)
    }

    pub fn commit_time(&self, oid: Oid) -> Result<CommitTime, GitError> {
        let repo = self.local();
        let commit = self.commit(&repo, oid)?;
        let time = commit
            .time()
            .map_err(|e| self.unreadable(format!("the date of {oid}"), &e))?;
        Ok(CommitTime {
            seconds: time.seconds,
        })
    }

    pub(super) fn commit<'a>(
        &self,
        repo: &'a gix::Repository,
        oid: Oid,
    ) -> Result<gix::Commit<'a>, GitError> {
        let object = repo
            .try_find_object(oid.0)
            .map_err(|e| self.unreadable(oid.to_string(), &e))?
            .ok_or_else(|| GitError::NoSuchCommit {
                location: self.location.to_string(),
                oid,
            })?;
        let kind = object.kind;
        object.try_into_commit().map_err(|_| GitError::NotACommit {
            location: self.location.to_string(),
            name: oid.to_string(),
            kind: kind.to_string(),
        })
    }

    /// The commit that `rev` means: a full commit name, a full ref name, a branch or tag as [`Refs`]
    /// shows them, or the beginning of a commit name that only one commit has.
    ///
    /// A word that is a branch and a tag with different commits is [`GitError::Ambiguous`].
    pub fn resolve(&self, rev: &str) -> Result<Oid, GitError> {
        if let Ok(oid) = rev.parse::<Oid>() {
            let repo = self.local();
            return self.commit(&repo, oid).map(|commit| Oid(commit.id));
        }
        match find(&self.refs()?, rev) {
            Found::One(oid) => Ok(oid),
            Found::Two => {
                Err(self.ambiguous(rev, vec![format!("{HEADS}{rev}"), format!("{TAGS}{rev}")]))
            }
            Found::None => self.by_abbreviation(rev),
        }
    }

    pub(super) fn by_abbreviation(&self, rev: &str) -> Result<Oid, GitError> {
        let absent = || GitError::NoSuchRev {
            location: self.location.to_string(),
            rev: rev.to_owned(),
        };
        let prefix = gix::hash::Prefix::from_hex(rev).map_err(|_| absent())?;
        let repo = self.local();
        let mut candidates = Default::default();
        repo.objects
            .lookup_prefix(prefix, Some(&mut candidates))
            .map_err(|e| self.unreadable(format!("`{rev}`"), &e))?;
        let mut commits: Vec<gix::ObjectId> = candidates
            .into_iter()
            .filter(|id| {
                repo.find_header(*id)
                    .is_ok_and(|header| header.kind() == gix::object::Kind::Commit)
            })
            .collect();
        commits.sort();
        match commits.as_slice() {
            [] => Err(absent()),
            [one] => Ok(Oid(*one)),
            many => Err(self.ambiguous(rev, many.iter().map(ToString::to_string).collect())),
        }
    }

    fn ambiguous(&self, rev: &str, candidates: Vec<String>) -> GitError {
        GitError::Ambiguous {
            location: self.location.to_string(),
            rev: rev.to_owned(),
            candidates,
        }
    }
}

enum Found {
    One(Oid),
    /// A branch and a tag that do not agree.
    Two,
    None,
}

fn find(refs: &Refs, name: &str) -> Found {
    if name == "HEAD"
        && let Some(head) = &refs.head
    {
        return Found::One(head.id);
    }
    if let Some(oid) = refs.by_name.get(name) {
        return Found::One(*oid);
    }
    match (refs.branch(name), refs.tag(name)) {
        (Some(branch), Some(tag)) if branch != tag => Found::Two,
        (Some(oid), _) | (None, Some(oid)) => Found::One(oid),
        (None, None) => Found::None,
    }
}
