//! Repositories fetched from remotes, kept for the next run: per remote one with all branches and tags
//! (`history.git`), and one with single commits without their past (`commits.git`).

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::remote::Direction;
use gix::remote::fetch::refs::update::Mode;
use gix::remote::fetch::{Shallow, Status, Tags};
use sha2::{Digest, Sha256};

use super::ask::{Remote, SPECS, listed};
use super::error::{GitError, reason};
use super::refs::{HEADS, TAGS, View};
use super::repo::reading;
use super::watch::Watch;
use super::{Head, Location, Oid, Repo};

/// The cached repositories of one remote.
#[derive(Clone)]
pub(super) struct Cache {
    dir: PathBuf,
    location: Location,
}

impl Cache {
    /// `location` is shown, and hashed, without credentials.
    pub fn new(cache_dir: &Path, location: &Location) -> Cache {
        let digest = Sha256::digest(location.to_string());
        let name = data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or(&digest));
        Cache {
            dir: cache_dir.join("git").join(name),
            location: location.clone(),
        }
    }

    /// The history as of the last fetch; `None` when there was none.
    pub fn history(&self) -> Option<Repo> {
        // Without a branch or tag it is only the beginning of a first fetch.
        self.opened("history.git")
            .filter(|repo| repo.refs().is_ok_and(|refs| !refs.by_name.is_empty()))
    }

    pub fn commits(&self) -> Option<Repo> {
        self.opened("commits.git")
    }

    fn opened(&self, name: &str) -> Option<Repo> {
        Repo::open_as(&self.dir.join(name), View::Own, self.location.clone()).ok()
    }

    /// Brings all branches and tags of `remote` here, and drops those that it no longer has.
    pub fn fetch_history(&self, remote: &Remote, watch: &Watch) -> Result<(), GitError> {
        let _lock = self.lock(watch)?;
        let repo = self.open_or_create("history.git")?;
        let config = remote.config.to_thread_local();
        let failed = |error: gix::Error| remote.failure(&error, None);
        let source = repo
            .remote_at_without_url_rewrite(remote.url.clone())
            .and_then(|source| source.with_refspecs(SPECS, Direction::Fetch))
            .map_err(failed)?
            .with_fetch_tags(Tags::None);
        let (connection, said) = remote
            .open(&config, watch)?
            .connection(&config, &source, watch);
        let failed = |error: gix::Error| remote.failure(&error, said.as_ref());
        let fetch = connection
            .prepare_fetch(watch.pulse(), Default::default())
            .map_err(failed)?
            .with_write_packed_refs_only(true);
        let refs = listed(&fetch.ref_map().remote_refs);
        // First the old names go: a new branch `a/b` has no place beside an old branch `a`.
        let theirs: Vec<Vec<u8>> = fetch
            .ref_map()
            .mappings
            .iter()
            .filter_map(|mapping| mapping.local.as_ref().map(|name| name.to_vec()))
            .collect();
        prune(&repo, &theirs).map_err(|e| self.broken(&e))?;
        if theirs.is_empty() {
            return Ok(());
        }
        let outcome = fetch.receive(watch.pulse(), watch.stop()).map_err(failed)?;
        let (Status::NoPackReceived { update_refs, .. } | Status::Change { update_refs, .. }) =
            outcome.status;
        for update in &update_refs.updates {
            if let Mode::RejectedSourceObjectNotFound { id } = update.mode {
                return Err(GitError::Network {
                    location: remote.location.clone(),
                    reason: format!("it lists a ref to {id} but does not have that object"),
                });
            }
        }
        point_head(&repo, refs.head.as_ref()).map_err(|e| self.broken(&e))
    }

    /// Brings exactly these commits here, without their past.
    pub fn fetch_commits(
        &self,
        remote: &Remote,
        wanted: &[Oid],
        watch: &Watch,
    ) -> Result<(), GitError> {
        let alone = Shallow::DepthAtRemote(std::num::NonZeroU32::MIN);
        self.fetch_named("commits.git", alone, remote, wanted, watch)
    }

    /// Brings a commit with its past to the history, whether or not a ref of the remote still holds it.
    pub fn fetch_past(&self, remote: &Remote, oid: Oid, watch: &Watch) -> Result<(), GitError> {
        self.fetch_named("history.git", Shallow::NoChange, remote, &[oid], watch)
    }

    fn fetch_named(
        &self,
        name: &str,
        shallow: Shallow,
        remote: &Remote,
        wanted: &[Oid],
        watch: &Watch,
    ) -> Result<(), GitError> {
        let _lock = self.lock(watch)?;
        let repo = self.open_or_create(name)?;
        let config = remote.config.to_thread_local();
        let specs = wanted
            .iter()
            .filter(|oid| repo.find_header(oid.0).is_err())
            .map(|oid| format!("+{oid}:refs/cotter/{oid}"))
            .collect::<Vec<_>>();
        if specs.is_empty() {
            return Ok(());
        }
        let failed = |error: gix::Error| remote.failure(&error, None);
        let source = repo
            .remote_at_without_url_rewrite(remote.url.clone())
            .and_then(|source| {
                source.with_refspecs(specs.iter().map(String::as_str), Direction::Fetch)
            })
            .map_err(failed)?
            .with_fetch_tags(Tags::None);
        let (connection, said) = remote
            .open(&config, watch)?
            .connection(&config, &source, watch);
        let failed = |error: gix::Error| remote.failure(&error, said.as_ref());
        connection
            .prepare_fetch(watch.pulse(), Default::default())
            .map_err(failed)?
            .with_write_packed_refs_only(true)
            .with_shallow(shallow)
            .receive(watch.pulse(), watch.stop())
            .map_err(failed)?;
        Ok(())
    }

    /// One at a time. Waiting is no sign of life: the limit ends it.
    fn lock(&self, watch: &Watch) -> Result<File, GitError> {
        std::fs::create_dir_all(&self.dir).map_err(|e| self.broken(&e))?;
        let file = File::create(self.dir.join("lock")).map_err(|e| self.broken(&e))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(self.broken(&error)),
            }
            if watch.stop().load(Ordering::Relaxed) {
                return Err(self.broken(&io::Error::from(io::ErrorKind::TimedOut)));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn open_or_create(&self, name: &str) -> Result<gix::Repository, GitError> {
        let path = self.dir.join(name);
        if let Ok(repo) = gix::ThreadSafeRepository::open_opts(&path, writing()) {
            return Ok(repo.to_thread_local());
        }
        // A run that was killed while it created this one left a part of it.
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|e| self.broken(&e))?;
        }
        gix::ThreadSafeRepository::init_opts(
            &path,
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            writing(),
        )
        .map(|repo| repo.to_thread_local())
        .map_err(|e| self.broken(&e))
    }

    fn broken(&self, error: &(dyn std::error::Error + 'static)) -> GitError {
        GitError::Cache {
            path: self.dir.clone(),
            reason: reason(error),
        }
    }
}

/// Refs are cotter's own here: no log of them is kept, whoever the user is.
fn writing() -> gix::open::Options {
    reading().config_overrides([
        "core.logAllRefUpdates=false",
        "committer.name=cotter",
        "committer.email=cotter@localhost",
        "clone.rejectShallow=false",
    ])
}

fn prune(repo: &gix::Repository, theirs: &[Vec<u8>]) -> Result<(), gix::Error> {
    let mut edits = Vec::new();
    for reference in repo.references()?.all()? {
        let Ok(reference) = reference else {
            continue;
        };
        let name = reference.name().as_bstr();
        let ours = name.starts_with(HEADS.as_bytes()) || name.starts_with(TAGS.as_bytes());
        if ours && !theirs.iter().any(|kept| kept == name) {
            edits.push(RefEdit {
                change: Change::Delete {
                    expected: PreviousValue::Any,
                    log: RefLog::AndReference,
                },
                name: reference.name().to_owned(),
                deref: false,
            });
        }
    }
    if !edits.is_empty() {
        repo.edit_references(edits)?;
    }
    Ok(())
}

/// Keeps which branch is the remote's default one.
fn point_head(repo: &gix::Repository, head: Option<&Head>) -> Result<(), gix::Error> {
    let target = match head {
        Some(Head {
            branch: Some(branch),
            ..
        }) => format!("{HEADS}{branch}"),
        Some(Head { branch: None, id }) => return set_head(repo, gix::refs::Target::Object(id.0)),
        // A remote whose HEAD leads nowhere has no default branch; the HEAD here must not invent one.
        None => "refs/cotter/no-head".to_owned(),
    };
    let target: gix::refs::FullName = target.try_into().map_err(gix::Error::from_error)?;
    set_head(repo, gix::refs::Target::Symbolic(target))
}

fn set_head(repo: &gix::Repository, new: gix::refs::Target) -> Result<(), gix::Error> {
    repo.edit_reference(RefEdit {
        change: Change::Update {
            log: LogChange::default(),
            expected: PreviousValue::Any,
            new,
        },
        name: "HEAD".try_into().map_err(gix::Error::from_error)?,
        deref: false,
    })?;
    Ok(())
}
