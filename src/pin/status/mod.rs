//! How sporks stand: each pin to the tip of its branch, features to upstream and to each other, and what of it a garbage
//! collection would lose. Facts: nothing is refused here, and nothing changes.

mod overlap;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use overlap::Overlap;
pub use standing::{Keeping, Standing, Way};

use super::held::{self, Base};
use super::location::Places;
use super::{Fetch, Pin, Role, SporkRole};
use crate::config::Config;
use crate::git::{Git, GitError, Location, Need, Oid, Refs, Repo, Uncarried, Why};
use crate::naming::{Containers, Name, Selection};
use crate::source::{RelPath, Workspace};

/// What is asked about.
pub struct Request<'a> {
    pub workspace: &'a Workspace,
    pub config: &'a Config,
    pub containers: &'a Containers<'a>,
    /// All pins of the workspace.
    pub pins: &'a [Pin],
    pub selection: &'a Selection,
    /// Instead of each container's own clone.
    pub clone: Option<&'a Path>,
    /// Whether the remotes that the sources name are asked, and no clones.
    pub remote: bool,
}

/// A spork, and what is known of it.
#[derive(Debug)]
pub struct SporkStatus {
    pub container: String,
    pub file: RelPath,
    /// The repository that was asked. `None` where none is known.
    pub place: Option<Location>,
    /// As it is pinned, also where nothing else is known.
    pub pinned: Vec<Pinned>,
    pub facts: Result<Facts, Unknown>,
}

/// A pin of a spork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    pub name: Name,
    /// The feature's name; `None` for upstream.
    pub feature: Option<String>,
    pub rev: Option<String>,
}

/// Why nothing is known.
#[derive(Debug)]
pub enum Unknown {
    /// No clone is known, and no remote.
    NoPlace,
    Git(GitError),
}

/// What a repository says of a spork.
#[derive(Debug)]
pub struct Facts {
    pub upstream: Standing,
    /// In the order in which they are applied.
    pub features: Vec<FeatureFacts>,
    /// Features that touch the same files.
    pub overlaps: Vec<Overlap>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureFacts {
    pub name: String,
    pub standing: Standing,
    pub base: Base,
    /// Its commits that the pinned upstream lacks, and the other way round. `None` where that is not known.
    pub over_upstream: Option<Way>,
    /// What of its changes no patch of text carries, where it stands on upstream.
    pub uncarried: Vec<Uncarried>,
}

/// A pin of a spork.
type Member<'a> = (&'a Pin, &'a SporkRole);

/// How the sporks stand that are meant. What is not known of one of them is said in it.
pub fn survey(git: &Git, request: &Request) -> Vec<SporkStatus> {
    let places = Places {
        workspace: request.workspace,
        containers: request.containers,
        pins: request.pins,
        clone: request.clone,
    };
    let place_of = |members: &[Member]| {
        members.iter().find_map(|(pin, _)| match request.remote {
            true => places.remote_of(pin),
            false => places.of(pin),
        })
    };
    let sporks = meant(request);
    let places: Vec<Option<Location>> = sporks.iter().map(|members| place_of(members)).collect();
    // All at the same time; each answer is remembered.
    git.refs_of_all(&places.iter().flatten().cloned().collect::<Vec<_>>());
    let status = |(members, place): (Vec<Member>, Option<Location>)| {
        let (first, role) = members.first()?;
        Some(SporkStatus {
            container: first.name.container.clone(),
            file: role.spork.0.clone(),
            pinned: members
                .iter()
                .map(|(pin, role)| pinned(pin, role))
                .collect(),
            facts: match &place {
                Some(place) => facts(git, request, &members, place).map_err(Unknown::Git),
                None => Err(Unknown::NoPlace),
            },
            place,
        })
    };
    sporks.into_iter().zip(places).filter_map(status).collect()
}

/// The sporks of which a pin is meant, each whole: upstream, then the features in their order.
fn meant<'a>(request: &Request<'a>) -> Vec<Vec<Member<'a>>> {
    let mut sporks: BTreeMap<&(RelPath, String), Vec<Member>> = BTreeMap::new();
    let mut wanted = BTreeSet::new();
    for (at, pin) in request.pins.iter().enumerate() {
        if let Role::Spork(role) = &pin.role {
            sporks.entry(&role.spork).or_default().push((pin, role));
            if request.selection.chosen.contains(&at) {
                wanted.insert(&role.spork);
            }
        }
    }
    sporks.retain(|spork, _| wanted.contains(spork));
    for members in sporks.values_mut() {
        members.sort_by_key(|(_, role)| role.feature.as_ref().map(|feature| feature.order));
    }
    sporks.into_values().collect()
}

fn pinned(pin: &Pin, role: &SporkRole) -> Pinned {
    Pinned {
        name: pin.name.clone(),
        feature: role.feature.as_ref().map(|feature| feature.name.clone()),
        rev: pin.rev.clone(),
    }
}

fn facts(
    git: &Git,
    request: &Request,
    members: &[Member],
    place: &Location,
) -> Result<Facts, GitError> {
    let refs = git.refs(place)?;
    let repo = git.repo(place, &Need::History)?;
    let known = Known {
        repo: &repo,
        refs: &refs,
        request,
    };
    let mut upstream = None;
    let mut features = Vec::new();
    for (pin, role) in members {
        let standing = known.standing(pin)?;
        match &role.feature {
            None => upstream = Some(standing),
            Some(feature) => features.push((feature.name.clone(), standing)),
        }
    }
    // `members` begins with it: a spork is what has one.
    let Some(upstream) = upstream else {
        return Ok(Facts {
            upstream: Standing::default(),
            features: Vec::new(),
            overlaps: Vec::new(),
        });
    };
    // Where the source does not say, they may be there and be patched like the rest.
    let fetches_none = members.iter().any(|(pin, _)| {
        let submodules =
            |fetch: &Fetch| matches!(fetch, Fetch::Tree { submodules, .. } if !submodules);
        pin.fetch.as_ref().is_some_and(submodules)
    });
    let features: Vec<FeatureFacts> = features
        .into_iter()
        .map(|(name, standing)| known.feature(&upstream, name, standing, fetches_none))
        .collect::<Result<_, GitError>>()?;
    let overlaps = match upstream.commit {
        Some(commit) => overlap::of(&repo, commit, &features)?,
        None => Vec::new(),
    };
    Ok(Facts {
        upstream,
        features,
        overlaps,
    })
}

/// What can be asked.
struct Known<'a> {
    repo: &'a Repo,
    refs: &'a Refs,
    request: &'a Request<'a>,
}

impl Known<'_> {
    fn feature(
        &self,
        upstream: &Standing,
        name: String,
        standing: Standing,
        fetches_no_submodules: bool,
    ) -> Result<FeatureFacts, GitError> {
        let (mut base, mut over_upstream) = (Base::Unknown, None);
        let mut uncarried = Vec::new();
        if let (Some(below), Some(commit)) = (upstream.commit, standing.commit) {
            base = held::base(self.repo, below, commit)?;
            over_upstream = self.way(below, commit)?;
            if base == Base::Upstream {
                uncarried = self.repo.uncarried(below, commit)?;
                uncarried.retain(|one| one.why != Why::Submodule || fetches_no_submodules);
            }
        }
        Ok(FeatureFacts {
            name,
            standing,
            base,
            over_upstream,
            uncarried,
        })
    }

    /// The way from `base` to `tip`; `None` where the history is cut off.
    fn way(&self, base: Oid, tip: Oid) -> Result<Option<Way>, GitError> {
        match self.repo.ahead_behind(base, tip) {
            // What is beyond the end of a history is not counted.
            Ok(_) if self.repo.is_shallow() => Ok(None),
            Ok((ahead, behind)) => Ok(Some(Way { ahead, behind })),
            Err(GitError::Shallow { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
