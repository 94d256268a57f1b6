//! A spork that is to be: what a repository says of upstream, of its feature branches and of what builds it, and what
//! the pins say that are there already. Plain values: the expression that is made of them is of another room.

mod existing;
mod features;
mod lock;
mod npm;
mod project;
mod rust;
mod submodules;
mod url;

use crate::config::Container;
use crate::git::{GitError, Location, Oid, Refs, Repo};

pub use existing::{Existing, ExistingFeature, SeveralSporks};
pub use url::{NoUrl, of_origin};

use super::held::Base;
use super::invariants::{Fault, Part, Stack};

/// What is asked for, and the repository that knows it.
pub struct Wanted<'a> {
    /// The container's name.
    pub name: &'a str,
    pub place: &'a Location,
    pub repo: &'a Repo,
    pub refs: &'a Refs,
    pub container: Option<&'a Container>,
    /// The spork as it is pinned now.
    pub existing: Option<&'a Existing>,
    /// Upstream's branch.
    pub main: &'a str,
    /// The features, in their order, instead of all branches below `feature/`.
    pub features: &'a [Asked],
    /// Whether features go whose branch is gone or not asked for, and those that upstream has by now.
    pub prune: bool,
    pub project: Given<'a>,
    /// The `Cargo.lock` that is beside the expression.
    pub lock: Option<&'a str>,
}

/// A feature by its branch, with a name of the user's where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub name: Option<String>,
    pub branch: String,
}

/// What is said of the project, and need not be found in its files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    pub build: Option<Build>,
    pub pname: Option<&'a str>,
    pub program: Option<&'a str>,
    /// Whether the program is not asked for.
    pub needs_no_program: bool,
}

/// A spork as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Upstream's branch.
    pub main: String,
    pub upstream: Oid,
    /// As it stands now; `None` for one that follows from the commit.
    pub version: Option<String>,
    /// In the order in which they are applied.
    pub features: Vec<Feature>,
    pub project: Project,
    /// The `Cargo.lock` that fits, where one is needed.
    pub lock: Option<LockFile>,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: String,
    pub branch: Option<String>,
    pub commit: Oid,
    /// The ref that the commit was just taken from; `None` for a commit that was pinned already.
    pub from: Option<String>,
}

/// What builds a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    Rust,
    Go,
    Npm,
    Make,
}

/// What the files of a project say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub build: Build,
    pub pname: String,
    /// `None` where none was asked for, and none is certain.
    pub program: Option<String>,
    /// Whether building it takes anything from the network.
    pub fetches: bool,
    /// Whether `package.json` has a script `build`.
    pub has_build_script: bool,
}

/// A lock file's text, and whether it is the one that the pins that are there came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockFile {
    pub text: String,
    /// What the file beside the expression may hold without being someone else's: the lock file of the spork as it
    /// is pinned now.
    pub before: Option<String>,
}

/// Why there is no spork.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    #[error("{message}")]
    Wrong { message: String, hint: String },
    #[error("{} invariants do not hold", .0.len())]
    Invariant(Vec<Fault>),
    #[error(transparent)]
    Git(#[from] GitError),
}

impl ForkError {
    fn wrong(message: impl Into<String>, hint: impl Into<String>) -> ForkError {
        ForkError::Wrong {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// The spork that is wanted. Pins that are there stay; what is new is taken from the branches as they are now.
pub fn draw(wanted: &Wanted) -> Result<Fork, ForkError> {
    let (mut warnings, mut notes) = (Vec::new(), Vec::new());
    let pinned = wanted
        .existing
        .and_then(|existing| existing.upstream.as_deref());
    let is_followed = wanted
        .existing
        .is_some_and(|existing| existing.main.as_deref() == Some(wanted.main));
    let (upstream, from) = match pinned {
        Some(rev) if is_followed => (known(wanted, "upstreamRev", rev)?, None),
        Some(rev) => {
            // Another branch is to be followed from now on.
            upstream_tip(wanted)?;
            (known(wanted, "upstreamRev", rev)?, None)
        }
        None => {
            let (commit, name) = upstream_tip(wanted)?;
            (commit, Some(name))
        }
    };
    let mut features = features::chosen(wanted, &mut warnings, &mut notes)?;
    if wanted.prune {
        features::prune_merged(wanted, upstream, &mut features, &mut notes)?;
    }
    hold(
        wanted,
        (upstream, from.as_deref()),
        &features,
        &mut warnings,
    )?;
    warnings.extend(submodules::warning(wanted, upstream)?);
    let commits: Vec<Oid> = features.iter().map(|feature| feature.commit).collect();
    let project = project::of(wanted, upstream, &commits)?;
    let lock = match project.build {
        Build::Rust => lock::of(wanted, upstream, &features, &mut notes)?,
        _ => None,
    };
    Ok(Fork {
        main: wanted.main.to_owned(),
        upstream,
        version: wanted
            .existing
            .and_then(|existing| existing.version.clone()),
        features,
        project,
        lock,
        warnings,
        notes,
    })
}

/// The tip of upstream's branch, and the full name of that.
fn upstream_tip(wanted: &Wanted) -> Result<(Oid, String), ForkError> {
    let (main, place) = (wanted.main, wanted.place);
    match wanted.refs.branch(main) {
        Some(tip) => Ok((tip, format!("refs/heads/{main}"))),
        None => {
            let default = wanted
                .refs
                .head
                .as_ref()
                .and_then(|head| head.branch.as_deref());
            let hint = match default.filter(|branch| *branch != main) {
                Some(branch) => {
                    format!("its default branch is `{branch}`: `--main {branch}` takes that")
                }
                None => {
                    "name upstream's branch: `--main BRANCH`, or `main` in cotter.toml".to_owned()
                }
            };
            Err(ForkError::wrong(
                format!("{place} has no branch `{main}`, which would be upstream's"),
                hint,
            ))
        }
    }
}

/// The commit that a pin that is there names.
fn known(wanted: &Wanted, pin: &str, rev: &str) -> Result<Oid, ForkError> {
    match wanted.repo.resolve(rev) {
        Ok(commit) => Ok(commit),
        Err(GitError::NoSuchCommit { .. }) if wanted.repo.is_shallow() => Err(GitError::Shallow {
            location: wanted.place.to_string(),
        }
        .into()),
        Err(GitError::NoSuchCommit { .. }) => Err(ForkError::Invariant(vec![Fault {
            feature: None,
            message: format!(
                "no branch or tag of {} holds {rev}, the rev of `{}:{pin}`, and the commit is gone from there",
                wanted.place, wanted.name
            ),
            hint: format!(
                "let the pins follow their branches first: `cotter pin bump {}`; or name a clone that has the commit \
                 with `--clone`",
                wanted.name
            ),
        }])),
        Err(error) => Err(error.into()),
    }
}

/// Refuses what does not hold. Of what is pinned already it is only told where no ref holds it.
fn hold(
    wanted: &Wanted,
    (upstream, from): (Oid, Option<&str>),
    features: &[Feature],
    warnings: &mut Vec<String>,
) -> Result<(), ForkError> {
    let stack = Stack {
        place: wanted.place,
        repo: wanted.repo,
        refs: wanted.refs,
        container: wanted.container,
        upstream: Part {
            name: "upstream",
            pin: format!("{}:upstreamRev", wanted.name),
            commit: upstream,
            from,
        },
        features: features
            .iter()
            .map(|feature| Part {
                name: &feature.name,
                pin: format!("{}:features.{}", wanted.name, feature.name),
                commit: feature.commit,
                from: feature.from.as_deref(),
            })
            .collect(),
    };
    let mut faults = Vec::new();
    for fault in stack.unheld()? {
        let is_new = match fault.feature.and_then(|at| features.get(at)) {
            Some(feature) => feature.from.is_some(),
            None => from.is_some(),
        };
        match is_new {
            true => faults.push(fault),
            false => warnings.push(format!(
                "{}; `cotter pin protect {}` keeps it",
                fault.message, wanted.name
            )),
        }
    }
    for (base, mut fault) in stack.not_on_upstream()? {
        if let (Base::Same | Base::Merged, Some(feature)) =
            (base, fault.feature.and_then(|at| features.get(at)))
        {
            fault.hint = match feature.from.is_some() {
                true => {
                    "delete its branch, or name the features that are to be: `--feature BRANCH`"
                        .to_owned()
                }
                false => "`--prune` leaves it out".to_owned(),
            };
        }
        faults.push(fault);
    }
    let newer = stack.on_newer_upstream(wanted.main)?;
    match newer.as_slice() {
        [one] => warnings.push(format!("{} ({})", one.message, one.hint)),
        _ => faults.extend(newer),
    }
    if faults.is_empty() {
        faults.extend(stack.uncarried()?);
        faults.extend(stack.conflicts()?.into_iter().map(|(_, fault)| fault));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(ForkError::Invariant(faults)),
    }
}
