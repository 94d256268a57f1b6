//! `pin bump`: from pins and what they follow to a plan. Nothing is written here.
//!
//! The way: where each pin is asked (`location`), what it is to become (`targets`), what must hold (`invariants`), what
//! moves along (`version`, `lockfile`, `along`, `hash`), what is computed outside (`built`), which changes belong together (`group`), and the proof on
//! the changed texts (`prove`). Flake inputs go their own way through Nix (`flake`).

mod along;
mod built;
mod companions;
mod dates;
mod flake;
mod followed;
mod given;
mod group;
mod hash;
mod hashes;
mod invariants;
mod item;
mod location;
mod lockfile;
mod prove;
mod single;
mod spork;
mod sporks;
mod target;
mod targets;
mod unread;
mod version;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::{Config, ConfigError};
use crate::git::{Git, GitError};
use crate::manifest::ManifestError;
use crate::naming::{Containers, Name, Selection};
use crate::nix::NixError;
use crate::plan::{Plan, PlanError};
use crate::problem::Problem;
use crate::process::Runner;
use crate::source::{Position, RelPath, SourceError, Workspace};
use crate::spot::SpotError;

use super::{Found, Pin};

pub use hashes::{Ask, Computed, Failed, Hashes, OutputHashes, Spot as HashSpot};
pub use item::Why;
pub use version::is_short_of;

/// What was asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// `--to`: overrides what the named pins follow.
    pub to: Option<String>,
    /// `--clone`: where to look instead of the remote.
    pub clone: Option<PathBuf>,
}

/// The outside world that a bump asks.
pub struct World<'a> {
    pub git: &'a Git,
    pub runner: &'a dyn Runner,
    /// Computes the hashes that git's objects do not prove.
    pub hashes: &'a dyn Hashes,
    pub offline: bool,
}

/// What a bump comes to.
#[derive(Debug, Default)]
pub struct Bump {
    pub plan: Plan,
    /// Pins that would move, but whose hash cannot be known here: they are left as they were.
    pub left: Vec<Left>,
    pub warnings: Vec<Remark>,
    /// What a user may want to know: which lock file was taken.
    pub notes: Vec<Remark>,
    /// Where each new value comes from, for those who ask for more.
    pub trail: Vec<String>,
    /// Pins whose hash was computed from what they come to: it is right, also where it stays the same.
    hashed: BTreeSet<usize>,
}

/// A pin that was left as it was, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    pub name: Name,
    pub file: RelPath,
    pub line: usize,
    pub column: usize,
    pub reason: String,
    /// The last lines of the log of a build that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    #[serde(skip)]
    pub hint: Option<String>,
}

/// Something to say, about a place where there is one.
#[derive(Clone, Debug)]
pub struct Remark {
    pub at: Option<(RelPath, Position)>,
    pub message: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum BumpError {
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Request(String),
    /// Places in the user's files that are wrong.
    #[error("{} places are wrong", .0.len())]
    Source(Vec<Problem>),
    /// Invariants that do not hold.
    #[error("{} invariants do not hold", .0.len())]
    Invariant(Vec<Violation>),
    /// Remotes that gave no answer, each once.
    #[error("{} remotes gave no answer", .0.len())]
    Git(Vec<GitError>),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Nix(#[from] NixError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Read(#[from] SourceError),
    #[error(transparent)]
    Spot(#[from] SpotError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The proof failed: a bug of cotter's, caught before anything was written.
    #[error("the plan does not do what it says: {0}; nothing was written")]
    Unproven(String),
}

impl From<GitError> for BumpError {
    fn from(error: GitError) -> BumpError {
        BumpError::Git(vec![error])
    }
}

/// An invariant that does not hold, with the commits.
#[derive(Clone, Debug)]
pub struct Violation {
    pub at: Option<(RelPath, Position)>,
    pub message: String,
    pub hint: Option<String>,
}

/// Everything that the steps share.
struct Context<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    containers: Containers<'a>,
    found: &'a Found,
    request: &'a Request,
    world: &'a World<'a>,
    /// Whether a plan that is made already is only looked at again: nothing is asked that cannot be remembered.
    proving: bool,
    /// Pins that would be left with a hash that is stale: theirs is computed too.
    stale: BTreeSet<usize>,
}

impl Context<'_> {
    fn pin(&self, at: usize) -> &Pin {
        &self.found.pins[at]
    }

    fn place(&self, pin: &Pin) -> Option<(RelPath, Position)> {
        let (file, at) = Found::place(self.workspace, pin)?;
        Some((file.path().clone(), at))
    }

    fn place_or_root(&self, pin: &Pin) -> (RelPath, Position) {
        self.place(pin)
            .unwrap_or((RelPath::root(), Position { line: 1, column: 1 }))
    }

    fn problem(&self, pin: &Pin, message: String, hint: Option<&str>) -> Problem {
        let (file, position) = self.place_or_root(pin);
        Problem {
            file,
            position,
            message,
            hint: hint.map(str::to_owned),
        }
    }

    fn left(&self, pin: &Pin, why: impl Into<Why>) -> Left {
        let Why { reason, log, hint } = why.into();
        let (file, at) = self.place_or_root(pin);
        Left {
            name: pin.name.clone(),
            file,
            line: at.line,
            column: at.column,
            reason,
            log,
            hint,
        }
    }
}

/// Plans the bump of the selected pins, and proves the plan on the changed texts.
pub fn plan(
    workspace: &Workspace,
    config: &Config,
    found: &Found,
    selection: &Selection,
    request: &Request,
    world: &World,
) -> Result<Bump, BumpError> {
    let containers = Containers::new(config, &found.files);
    let mut context = Context {
        workspace,
        config,
        containers,
        found,
        request,
        world,
        proving: false,
        stale: BTreeSet::new(),
    };
    loop {
        let mut bump = once(&context, selection)?;
        let stale = prove::prove(&context, selection, &mut bump)?;
        if stale.is_empty() {
            return Ok(bump);
        }
        context.stale.extend(stale);
    }
}

/// One pass, without the proof.
fn once(context: &Context, selection: &Selection) -> Result<Bump, BumpError> {
    let targets = targets::targets(context, selection)?;
    let mut bump = Bump {
        trail: targets.trail(context),
        ..Bump::default()
    };
    let mut items = sporks::items(context, selection, &targets, &mut bump)?;
    items.extend(single::items(context, selection, &targets)?);
    dates::settle(context, &mut items);
    unread::hold_back(context, &mut items)?;
    along::nixbuilds(context, &mut items);
    along::services(context, &mut items, &mut bump)?;
    group::into_plan(context, selection, items, &mut bump)?;
    flake::inputs(context, selection, &targets, &mut bump)?;
    Ok(bump)
}
