//! The outside world of git: each place is asked once per run, many of them at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::ask::Remote;
use super::cache::Cache;
use super::error::reason;
use super::location::{local_path, parse_url};
use super::refs::View;
use super::watch::{Limit, within};
use super::{GitError, Location, Oid, Refs, Repo};

/// So many remotes are asked at the same time.
const AT_ONCE: usize = 16;

#[derive(Clone, Debug)]
pub struct GitOptions {
    /// Where fetched repositories are kept for the next run; created when needed.
    pub cache_dir: PathBuf,
    /// Ask no remote: clones, local paths and what the cache holds.
    pub offline: bool,
    /// For a list of refs: from beginning to end. For a fetch: without any progress.
    pub timeout: Duration,
}

/// What a repository is needed for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// All branches and tags with their past: ancestry, reachability, merges.
    History,
    /// The files of exactly these commits.
    Commits(Vec<Oid>),
}

/// All clones and remotes of one run. Answers are remembered; share it between threads.
pub struct Git {
    options: GitOptions,
    config: OnceLock<Result<Config, GitError>>,
    refs: Memo<Location, Arc<Refs>>,
    repos: Memo<(Location, Need), Arc<Repo>>,
}

/// An empty repository through which the configuration of the user and the machine is read. It is gone from the disk
/// once it is read, so that a killed run leaves nothing behind.
struct Config {
    repo: gix::ThreadSafeRepository,
}

enum Place {
    Local(PathBuf, View),
    Remote(Box<Remote>),
}

impl Git {
    pub fn new(options: GitOptions) -> Git {
        Git {
            options,
            config: OnceLock::new(),
            refs: Memo::default(),
            repos: Memo::default(),
        }
    }

    /// The branches and tags of `location`. Asked once; the same answer ever after.
    pub fn refs(&self, location: &Location) -> Result<Arc<Refs>, GitError> {
        self.refs
            .get(location.clone(), || self.ask_refs(location).map(Arc::new))
    }

    /// [`Git::refs`] of each, in this order, asked at the same time.
    pub fn refs_of_all(&self, locations: &[Location]) -> Vec<Result<Arc<Refs>, GitError>> {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..locations.len().min(AT_ONCE) {
                scope.spawn(|| {
                    while let Some(location) = locations.get(next.fetch_add(1, Ordering::Relaxed)) {
                        // Remembered, and taken below.
                        let _ = self.refs(location);
                    }
                });
            }
        });
        locations
            .iter()
            .map(|location| self.refs(location))
            .collect()
    }

    /// The repository of `location` with what is needed: a clone or local path as it is, never written
    /// to; a remote fetched into the cache.
    ///
    /// With [`Need::Commits`] each of them is there and is a commit.
    pub fn repo(&self, location: &Location, need: &Need) -> Result<Arc<Repo>, GitError> {
        self.repos.get((location.clone(), need.clone()), || {
            let repo = match self.place(location)? {
                Place::Local(path, view) => Repo::open_as(&path, view, location.clone())?,
                Place::Remote(remote) => self.fetched(location, *remote, need)?,
            };
            if let Need::Commits(wanted) = need {
                let local = repo.local();
                for oid in wanted {
                    repo.commit(&local, *oid)
                        .map_err(|error| self.named(location, *oid, error))?;
                }
            }
            Ok(Arc::new(repo))
        })
    }

    /// Whether `location` lies on this disk, where nothing has to be fetched.
    pub fn is_here(&self, location: &Location) -> bool {
        matches!(self.place(location), Ok(Place::Local(..)))
    }

    /// The history of `location` with `oid` in it, which the remote's refs need not hold any more: a server may give
    /// what it has not yet collected. `None` when it does not.
    pub fn unheld(&self, location: &Location, oid: Oid) -> Result<Option<Repo>, GitError> {
        let cache = Cache::new(&self.options.cache_dir, location);
        if let (Place::Remote(remote), false) = (self.place(location)?, self.options.offline) {
            let limit = Limit::Idle(self.options.timeout);
            let cache = cache.clone();
            let outcome = self.bounded(limit, location, move |watch| {
                cache.fetch_past(&remote, oid, &watch)
            });
            match outcome {
                // That it has no such object, or gives only what its refs hold.
                Ok(()) | Err(GitError::Network { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(cache.history().filter(|repo| repo.has_commit(oid)))
    }

    /// An empty repository for a git that is to see the configuration of the user and the machine and no other. It
    /// lasts as long as the folder that is returned.
    pub fn empty_repository(&self) -> Result<tempfile::TempDir, GitError> {
        Ok(empty_repository()?.1)
    }

    fn ask_refs(&self, location: &Location) -> Result<Refs, GitError> {
        let remote = match self.place(location)? {
            Place::Local(path, view) => {
                return Repo::open_as(&path, view, location.clone())?.refs();
            }
            Place::Remote(remote) => remote,
        };
        if self.options.offline {
            return match Cache::new(&self.options.cache_dir, location).history() {
                Some(repo) => repo.refs(),
                None => Err(offline(location)),
            };
        }
        self.bounded(Limit::Total(self.options.timeout), location, move |watch| {
            remote.refs(&watch)
        })
    }

    fn fetched(&self, location: &Location, remote: Remote, need: &Need) -> Result<Repo, GitError> {
        let cache = Cache::new(&self.options.cache_dir, location);
        let limit = Limit::Idle(self.options.timeout);
        if let Need::Commits(wanted) = need {
            let all = |repo: &Repo| wanted.iter().all(|oid| repo.has_commit(*oid));
            let kept = || {
                cache
                    .history()
                    .filter(all)
                    .or_else(|| cache.commits().filter(all))
            };
            if let Some(repo) = kept() {
                return Ok(repo);
            }
            if self.options.offline {
                return Err(offline(location));
            }
            self.unless_down(location)?;
            let (cache, remote, wanted) = (cache.clone(), remote.clone(), wanted.clone());
            let outcome = self.bounded(limit, location, move |watch| {
                cache.fetch_commits(&remote, &wanted, &watch)
            });
            match outcome {
                Ok(()) => {
                    if let Some(repo) = kept() {
                        return Ok(repo);
                    }
                }
                // A server may refuse to give single commits; then its history has them or nothing has.
                Err(GitError::Network { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.options.offline {
            return cache.history().ok_or_else(|| offline(location));
        }
        self.unless_down(location)?;
        let fresh = match (self.refs.known(location), cache.history()) {
            (Some(Ok(theirs)), Some(repo)) => repo.refs().is_ok_and(|ours| ours == *theirs),
            _ => false,
        };
        if !fresh {
            let cache = cache.clone();
            self.bounded(limit, location, move |watch| {
                cache.fetch_history(&remote, &watch)
            })?;
        }
        cache.history().ok_or_else(|| GitError::Network {
            location: location.to_string(),
            reason: "it has no branches and no tags".to_owned(),
        })
    }

    /// A remote that gave no answer in this run is not asked for another one.
    fn unless_down(&self, location: &Location) -> Result<(), GitError> {
        match self.refs.known(location) {
            Some(Err(error)) if error.is_outside() => Err(error),
            _ => Ok(()),
        }
    }

    /// Says which ref names what turned out to be no commit.
    fn named(&self, location: &Location, oid: Oid, error: GitError) -> GitError {
        match (error, self.refs.known(location)) {
            (
                GitError::NotACommit {
                    location,
                    name,
                    kind,
                },
                Some(Ok(refs)),
            ) => GitError::NotACommit {
                location,
                name: refs
                    .by_name
                    .iter()
                    .find_map(|(name, id)| (*id == oid).then(|| name.clone()))
                    .unwrap_or(name),
                kind,
            },
            (error, _) => error,
        }
    }

    fn bounded<T: Send + 'static>(
        &self,
        limit: Limit,
        location: &Location,
        work: impl FnOnce(super::watch::Watch) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, GitError> {
        match within(limit, work) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(GitError::Timeout {
                location: location.to_string(),
                timeout: self.options.timeout,
            }),
            Err(error) => Err(GitError::Network {
                location: location.to_string(),
                reason: reason(&error),
            }),
        }
    }

    /// Where `location` really is, with `url.<base>.insteadOf` applied.
    fn place(&self, location: &Location) -> Result<Place, GitError> {
        let url = match location {
            Location::Clone(path) => return Ok(Place::Local(path.clone(), View::Mirror)),
            Location::Remote(url) => parse_url(url)?,
        };
        let config = self.config()?;
        let repo = config.repo.to_thread_local();
        let rewritten = repo
            .remote_at(url)
            .ok()
            .and_then(|remote| remote.url(gix::remote::Direction::Fetch).cloned())
            .ok_or_else(|| GitError::Url {
                location: location.to_string(),
                reason: "`url.<base>.insteadOf` makes no URL of it".to_owned(),
            })?;
        let url = parse_url(&rewritten.to_bstring().to_string())?;
        if let Some(path) = local_path(&url) {
            return Ok(Place::Local(as_git_finds_it(path), View::Own));
        }
        Ok(Place::Remote(Box::new(Remote {
            config: config.repo.clone(),
            url,
            location: location.to_string(),
            timeout: self.options.timeout,
        })))
    }

    fn config(&self) -> Result<&Config, GitError> {
        let made = self.config.get_or_init(|| {
            let (repo, dir) = empty_repository()?;
            dir.close().map_err(|e| no_folder(&e))?;
            Ok(Config { repo })
        });
        made.as_ref().map_err(Clone::clone)
    }
}

fn empty_repository() -> Result<(gix::ThreadSafeRepository, tempfile::TempDir), GitError> {
    let dir = tempfile::Builder::new()
        .prefix("cotter-git-")
        .tempdir()
        .map_err(|e| no_folder(&e))?;
    let repo = gix::ThreadSafeRepository::init_opts(
        dir.path(),
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        gix::open::Options::default(),
    )
    .map_err(|e| no_folder(&e))?;
    Ok((repo, dir))
}

fn no_folder(error: &(dyn std::error::Error + 'static)) -> GitError {
    GitError::Cache {
        path: std::env::temp_dir(),
        reason: reason(error),
    }
}

fn offline(location: &Location) -> GitError {
    GitError::Offline {
        location: location.to_string(),
    }
}

/// `x` may be spelled without its `.git`.
fn as_git_finds_it(path: PathBuf) -> PathBuf {
    if !path.exists() {
        let mut name = path.clone().into_os_string();
        name.push(".git");
        let with_ending = PathBuf::from(name);
        if with_ending.exists() {
            return with_ending;
        }
    }
    path
}

type Slot<V> = Arc<OnceLock<Result<V, GitError>>>;

/// Answers by question; a question asked twice at the same time is worked on once.
struct Memo<K, V>(Mutex<HashMap<K, Slot<V>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Memo(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    fn get(&self, key: K, ask: impl FnOnce() -> Result<V, GitError>) -> Result<V, GitError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slots.entry(key).or_default().clone()
        };
        slot.get_or_init(ask).clone()
    }

    fn known(&self, key: &K) -> Option<Result<V, GitError>> {
        let slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(key)?.get().cloned()
    }
}
