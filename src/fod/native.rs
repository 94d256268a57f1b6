//! Hashes that can be proven without a build and without Nix: trees of git commits, and files as a server has them.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::fetched::{Fetched, Origin};
use crate::git::{FetchMethod, Git, GitError, Location, Need, Oid};
use crate::hash::{Algo, Hash, Hasher, NarWriter};
use crate::net::{DownloadError, Downloads};

/// So many are fetched at the same time.
const AT_ONCE: usize = 8;
const BUFFER: usize = 64 * 1024;

/// The outside world that is asked.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub git: &'a Git,
    pub downloads: &'a Downloads,
}

/// Why a hash is not known without a build.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NativeError {
    /// What is fetched does not prove it.
    #[error("{0}, so its hash needs a build")]
    Unproven(String),
    #[error(transparent)]
    Git(GitError),
    /// A local clone that stands for the remote does not have it.
    #[error(transparent)]
    Clone(GitError),
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// None of several URLs has the file; the reason of each.
    #[error("none of {} URLs gives the file: {}", .0.len(), listed(.0))]
    Mirrors(Vec<DownloadError>),
}

fn listed(errors: &[DownloadError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl NativeError {
    /// Whether a build may still yield the hash. It will not where the place that was asked has no such thing.
    pub fn may_build(&self) -> bool {
        let download = |error: &DownloadError| {
            error.is_unreachable()
                || matches!(
                    error,
                    DownloadError::Scheme { .. } | DownloadError::Encoded { .. }
                )
        };
        match self {
            NativeError::Unproven(_) | NativeError::Clone(_) => true,
            NativeError::Git(error) => !error.is_about_a_name(),
            NativeError::Download(error) => download(error),
            NativeError::Mirrors(errors) => errors.iter().any(download),
        }
    }

    /// Whether a place outside of this machine gave no answer.
    pub fn is_unreachable(&self) -> bool {
        match self {
            NativeError::Unproven(_) => false,
            NativeError::Git(error) | NativeError::Clone(error) => error.is_outside(),
            NativeError::Download(error) => error.is_unreachable(),
            NativeError::Mirrors(errors) => errors.iter().any(DownloadError::is_unreachable),
        }
    }

    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            NativeError::Unproven(_) => None,
            NativeError::Git(error) | NativeError::Clone(error) => error.hint(),
            NativeError::Download(error) => error.hint(),
            NativeError::Mirrors(errors) => errors.iter().find_map(DownloadError::hint),
        }
    }
}

/// The hash of what `fetched` names, by its algorithm; sha256 where it names none.
pub fn compute(fetched: &Fetched, world: World) -> Result<Hash, NativeError> {
    if let Some(obstacle) = &fetched.obstacle {
        return Err(NativeError::Unproven(obstacle.clone()));
    }
    let algo = fetched.algo.unwrap_or(Algo::Sha256);
    match &fetched.what {
        Origin::Git {
            at,
            rev,
            method,
            submodules,
            url: _,
        } => tree(world.git, at, rev, *method, *submodules, algo),
        Origin::Flat { urls, executable } => file(world.downloads, urls, *executable, algo),
        Origin::Other => Err(NativeError::Unproven(
            "it is made of what is fetched".to_owned(),
        )),
    }
}

/// [`compute`] of each, in this order, several at the same time. What is fetched for more than one is fetched once.
pub fn compute_all(fetched: &[Fetched], world: World) -> Vec<Result<Hash, NativeError>> {
    // Equal in what decides the answer; the first of each does the work.
    let mut first: Vec<usize> = Vec::new();
    let mut same: Vec<usize> = Vec::with_capacity(fetched.len());
    for one in fetched {
        let known = first.iter().position(|at| {
            fetched.get(*at).is_some_and(|other| {
                (other.algo, &other.what, &other.obstacle) == (one.algo, &one.what, &one.obstacle)
            })
        });
        same.push(known.unwrap_or(first.len()));
        if known.is_none() {
            first.push(same.len() - 1);
        }
    }
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..first.len().min(AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = first.get(at).and_then(|at| fetched.get(*at)) else {
                        return;
                    };
                    let answer = compute(one, world);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.insert(at, answer);
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A thread that panicked has ended the scope with its panic: each has an answer.
    same.iter()
        .filter_map(|at| answers.get(at).cloned())
        .collect()
}

fn tree(
    git: &Git,
    at: &Location,
    rev: &str,
    method: FetchMethod,
    submodules: bool,
    algo: Algo,
) -> Result<Hash, NativeError> {
    let failed = |error: GitError| match at {
        Location::Clone(_) => NativeError::Clone(error),
        Location::Remote(_) => NativeError::Git(error),
    };
    let commit = resolve(git, at, rev).map_err(failed)?;
    let repo = git.repo(at, &Need::Commits(vec![commit])).map_err(failed)?;
    repo.fetched_hash(commit, method, submodules, algo)
        .map_err(failed)?
        .map_err(|found| NativeError::Unproven(format!("at {commit}, {found}")))
}

/// The commit that `rev` means there: a full name; a ref; the beginning of a name, for which all history is fetched.
fn resolve(git: &Git, at: &Location, rev: &str) -> Result<Oid, GitError> {
    if let Ok(commit) = rev.parse::<Oid>() {
        return Ok(commit);
    }
    let refs = git.refs(at)?;
    if let Some(commit) = refs.by_name.get(rev) {
        return Ok(*commit);
    }
    match (refs.tag(rev), refs.branch(rev)) {
        (Some(tag), Some(branch)) if tag != branch => Err(GitError::Ambiguous {
            location: at.to_string(),
            rev: rev.to_owned(),
            candidates: vec![format!("refs/tags/{rev}"), format!("refs/heads/{rev}")],
        }),
        (Some(commit), _) | (None, Some(commit)) => Ok(commit),
        (None, None) => git.repo(at, &Need::History)?.resolve(rev),
    }
}

fn file(
    downloads: &Downloads,
    urls: &[String],
    executable: bool,
    algo: Algo,
) -> Result<Hash, NativeError> {
    let mut errors = Vec::new();
    for url in urls {
        let outcome = downloads.read(url, |content| match executable {
            false => flat(content, algo),
            true => nar_of_executable(content, algo),
        });
        match outcome {
            Ok(hash) => return Ok(hash),
            Err(error) => errors.push(error),
        }
    }
    match errors.pop() {
        None => Err(NativeError::Unproven("it has no URL".to_owned())),
        Some(only) if errors.is_empty() => Err(only.into()),
        Some(last) => {
            errors.push(last);
            Err(NativeError::Mirrors(errors))
        }
    }
}

fn flat(content: &mut dyn Read, algo: Algo) -> io::Result<Hash> {
    let mut hasher = Hasher::new(algo);
    io::copy(&mut BufReader::with_capacity(BUFFER, content), &mut hasher)?;
    Ok(hasher.finish())
}

/// A NAR says the length of a file before its content, so that is kept on the disk until it is known.
fn nar_of_executable(content: &mut dyn Read, algo: Algo) -> io::Result<Hash> {
    let mut kept = tempfile::tempfile()?;
    let len = io::copy(&mut BufReader::with_capacity(BUFFER, content), &mut kept)?;
    kept.seek(SeekFrom::Start(0))?;
    let nar = |content| {
        let mut nar = NarWriter::new(Hasher::new(algo))?;
        nar.regular_from(true, len, content)?;
        nar.finish()
    };
    nar(kept).map(Hasher::finish).map_err(io::Error::other)
}
