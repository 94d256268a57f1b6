//! Keeping pinned commits on their remotes: a mirror sync rebases feature branches, and a commit that no ref
//! holds any more is garbage. Which pins are held, which refs are to be made and which have had their time.
//!
//! Not here: running git (`push`).

mod history;
mod prefix;
mod push;
mod stable;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use prefix::Prefix;
pub use push::{push, verify};
pub use subjects::{Unfit, UnfitReason};

use super::Pin;
use crate::config::Config;
use crate::git::{Git, GitError, Location, Oid, Refs};
use crate::naming::{Containers, Name, Selection};
use crate::process::ProcessError;
use history::Histories;
use stable::Stable;
use subjects::{Subject, Subjects};

/// What is asked for, and what is known to answer it.
pub struct Request<'a> {
    /// All pins of the workspace: what any of them names is never pruned.
    pub pins: &'a [Pin],
    pub selection: &'a Selection,
    /// The words that made the selection.
    pub words: &'a [String],
    pub config: &'a Config,
    pub containers: &'a Containers<'a>,
    pub prefix: &'a Prefix,
    /// The workspace, which configured clones are seen from.
    pub root: &'a Path,
    /// Instead of each container's own clone.
    pub clone: Option<&'a Path>,
    /// `false` when not every pin is known, because a file could not be read.
    pub may_prune: bool,
}

/// What there is to do on the remotes.
#[derive(Debug)]
pub struct Protection {
    /// In the order of the pins, and then the refs that go.
    pub rows: Vec<Row>,
    /// Pins that cannot be protected because of what the source says.
    pub unfit: Vec<Unfit>,
}

/// A pinned commit, or a ref of one that was pinned once.
#[derive(Clone, Debug)]
pub struct Row {
    /// The index of the pin and its name.
    pub pin: Option<(usize, Name)>,
    pub remote: Location,
    pub rev: Oid,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A ref that stays keeps it.
    Held { by: String },
    /// The ref is to be made; `objects` is the folder of objects on this disk that has the commit.
    Create { name: String, objects: PathBuf },
    /// The ref is to go.
    Delete { name: String },
    /// Nobody has the commit any more.
    Gone,
}

#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the container `{container}` cannot be part of the name of a ref")]
    ContainerName { container: String },
    #[error("{remote}: the branch `{branch}` leaves no place for branches below it")]
    InTheWay { remote: Location, branch: String },
    #[error("`{name}` cannot be protected: it names no full commit of a git remote")]
    NoCommit { name: Name },
    #[error("none of the pins that are meant is part of a spork")]
    NothingMeant,
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// git's own words, without credentials.
    #[error("{remote}: the push was refused: {reason}")]
    Refused { remote: Location, reason: String },
    #[error("{remote}: the push was taken, but {name} is not what was pushed")]
    NotAsPushed { remote: Location, name: String },
}

impl ProtectError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ProtectError::Git(error) => return error.hint().map(str::to_owned),
            ProtectError::ContainerName { .. } => {
                "give it another name in cotter.toml: `[container.NAME]` with `nix = \"FILE\"`".into()
            }
            ProtectError::InTheWay { .. } => {
                "choose another place in cotter.toml: `[policy]` with `pins-prefix = \"NAME\"`".into()
            }
            ProtectError::NoCommit { .. } => "`cotter pin list` shows what each pin names".into(),
            ProtectError::NothingMeant => {
                "name a pin as `container:attrpath` to protect one that is no part of a spork".into()
            }
            ProtectError::Process(ProcessError::NotInstalled { .. }) => {
                "install git: cotter pushes with it, as you would".into()
            }
            ProtectError::Process(_) => return None,
            ProtectError::Refused { .. } => {
                "check that you may push to it: cotter uses your own git, with its credential helpers and ssh, \
                 and never asks"
                    .into()
            }
            ProtectError::NotAsPushed { .. } => {
                "something on the remote changes branches as they are pushed; run the command again".into()
            }
        })
    }

    /// Whether the command line, `cotter.toml` or a source is to be changed, rather than something outside.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            ProtectError::ContainerName { .. }
                | ProtectError::InTheWay { .. }
                | ProtectError::NoCommit { .. }
                | ProtectError::NothingMeant
                | ProtectError::Git(GitError::Url { .. })
        )
    }
}

impl Protection {
    /// Whether the remotes are not as they should be.
    pub fn would_change(&self) -> bool {
        self.rows
            .iter()
            .any(|row| matches!(row.action, Action::Create { .. } | Action::Delete { .. }))
    }

    /// The pins whose commit nobody has, with their row.
    pub fn gone(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.rows
            .iter()
            .filter(|row| row.action == Action::Gone)
            .filter_map(|row| Some((row.pin.as_ref()?.0, row)))
    }
}

/// Asks the remotes of the pins that are meant, each once, and says what there is to do. Writes nothing but
/// cotter's own cache.
///
/// The pins that are meant are those of sporks, and others when they are named with their attribute path.
pub fn plan(git: &Git, request: &Request) -> Result<Protection, ProtectError> {
    let Subjects { of, unfit } = subjects::of(request)?;
    let mut by_remote: BTreeMap<Location, Vec<Subject>> = BTreeMap::new();
    for subject in of {
        by_remote
            .entry(subject.remote.clone())
            .or_default()
            .push(subject);
    }
    let remotes: Vec<Location> = by_remote.keys().cloned().collect();
    let answers = git.refs_of_all(&remotes);
    let may_prune = request.may_prune && unfit.is_empty();
    let mut rows = Vec::new();
    for ((remote, subjects), refs) in by_remote.into_iter().zip(answers) {
        let refs = refs.or_else(|error| as_last_seen(git, &subjects, error))?;
        let prune = match may_prune {
            true => to_prune(request, &subjects, &refs),
            false => BTreeMap::new(),
        };
        rows.extend(of_remote(git, request, &remote, &subjects, &refs)?);
        rows.extend(prune.into_iter().map(|(name, rev)| Row {
            pin: None,
            remote: remote.clone(),
            rev,
            action: Action::Delete { name },
        }));
    }
    // Stable: the refs that go stay in the order of remotes and names.
    rows.sort_by_key(|row| row.pin.as_ref().map_or(usize::MAX, |(at, _)| *at));
    Ok(Protection { rows, unfit })
}

/// Offline, a clone knows what it last saw of the remote.
fn as_last_seen(git: &Git, subjects: &[Subject], error: GitError) -> Result<Arc<Refs>, GitError> {
    let clone = subjects.iter().find_map(|subject| subject.clone.as_ref());
    match (&error, clone) {
        (GitError::Offline { .. }, Some(clone)) => git.refs(clone),
        _ => Err(error),
    }
}

fn of_remote(
    git: &Git,
    request: &Request,
    remote: &Location,
    subjects: &[Subject],
    refs: &Refs,
) -> Result<Vec<Row>, ProtectError> {
    let of_this_remote = request.pins.iter().filter(
        |pin| matches!((&pin.repository, remote), (Some(a), Location::Remote(b)) if a == b),
    );
    let stable = Stable::new(
        request.prefix,
        request.config,
        request.containers,
        of_this_remote,
    );
    let keeping = stable.among(refs);
    let histories = Histories::new(git, remote, &keeping);
    let mut rows = Vec::new();
    for subject in subjects {
        let container = &subject.name.container;
        let name = request
            .prefix
            .ref_for(container, subject.rev, refs)
            .ok_or_else(|| ProtectError::ContainerName {
                container: container.clone(),
            })?;
        let action = match protecting(request.prefix, refs, &name, subject.rev) {
            Some(by) => Action::Held { by },
            None => {
                let mut holders = histories.holders(subject)?;
                // The most telling one.
                holders.sort_by_key(|name| !stable.is_main(name));
                match holders.into_iter().next() {
                    Some(by) => Action::Held { by },
                    None => match histories.objects(subject)? {
                        Some(objects) => Action::Create { name, objects },
                        None => Action::Gone,
                    },
                }
            }
        };
        if matches!(action, Action::Create { .. })
            && let Some(branch) = request.prefix.in_the_way(container, refs)
        {
            return Err(ProtectError::InTheWay {
                remote: remote.clone(),
                branch: branch.to_owned(),
            });
        }
        rows.push(Row {
            pin: Some((subject.pin, subject.name.clone())),
            remote: remote.clone(),
            rev: subject.rev,
            action,
        });
    }
    Ok(rows)
}

/// The ref below the prefix that keeps `rev`: its own, else that of another container.
fn protecting(prefix: &Prefix, refs: &Refs, own: &str, rev: Oid) -> Option<String> {
    if refs.by_name.get(own) == Some(&rev) {
        return Some(own.to_owned());
    }
    let folder = prefix.folder();
    refs.by_name
        .range(folder.clone()..)
        .take_while(|(name, _)| name.starts_with(&folder))
        .find_map(|(name, tip)| (*tip == rev).then(|| name.clone()))
}

/// The refs of containers that are meant whole, whose commits no pin of the workspace names any more.
fn to_prune(request: &Request, subjects: &[Subject], refs: &Refs) -> BTreeMap<String, Oid> {
    let meant: BTreeSet<usize> = request.selection.chosen.iter().copied().collect();
    let containers: BTreeSet<&str> = subjects
        .iter()
        .map(|subject| subject.name.container.as_str())
        .filter(|container| {
            request
                .pins
                .iter()
                .enumerate()
                .all(|(at, pin)| pin.name.container != *container || meant.contains(&at))
        })
        .collect();
    let is_pinned = |rev: Oid| {
        let rev = rev.to_string();
        request.pins.iter().any(|pin| {
            let named = pin.rev.as_deref().unwrap_or_default().to_ascii_lowercase();
            // No fewer digits than git itself abbreviates to.
            named.len() >= 7 && rev.starts_with(&named)
        })
    };
    containers
        .into_iter()
        .flat_map(|container| request.prefix.made_for(container, refs))
        .filter(|(_, rev)| !is_pinned(*rev))
        .map(|(name, rev)| (name.to_owned(), rev))
        .collect()
}
