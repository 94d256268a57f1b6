//! Pins: the places in source files that name an exact revision of something fetched. What they are, how they are
//! found, and how a plan to move them is made.
//!
//! Not here: fixed-output hashes for their own sake (`fod`), and writing files (`transaction`).

pub mod bump;
mod dependents;
mod fetched;
mod fetcher;
mod find;
mod flake;
mod flake_inputs;
mod flake_ref;
mod follow;
mod forge;
pub mod fork;
pub mod held;
pub mod invariants;
pub mod location;
pub mod lockfile;
mod moved;
mod needles;
mod nixbuild;
pub mod protect;
mod spork;
pub mod status;
pub mod tag;

pub use dependents::DependentHash;
pub use fetched::fetched;
pub use fetcher::{hash_names, is_fetcher};
pub use find::{Found, find, in_nix, together};
pub use flake::FlakeInput;
pub use flake_inputs::{Asked, Declared, FlakeInputs};
pub use flake_ref::{FlakeRef, Kind as FlakeKind};
pub use follow::Follow;
pub use needles::words;
pub use nixbuild::find as in_manifest;
pub use spork::SporkRole;

use crate::git::FetchMethod;
use crate::hash::{Algo, HashText};
use crate::naming::{Name, Named};
use crate::source::RelPath;
use crate::spot::Spot;

/// What fetches the pinned thing; the `kind` of the JSON contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinKind {
    SporkUpstream,
    SporkFeature,
    Git,
    #[serde(rename = "github")]
    GitHub,
    #[serde(rename = "gitlab")]
    GitLab,
    Gitea,
    Sourcehut,
    Tarball,
    Url,
    FlakeInput,
    ImageDigest,
    #[serde(rename = "nixbuild")]
    NixBuild,
}

/// What stands in the place that a bump changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moves {
    /// A commit name, whole or abbreviated.
    Rev,
    /// A tag or a part of one: the tag is `prefix`, the value, `suffix`.
    Tag { prefix: String, suffix: String },
    /// Something that no git remote knows: a release of a registry, an image's digest. Only `--to` moves it.
    Given,
}

/// A place that names an exact revision, with all that a bump has to know about it.
#[derive(Clone, Debug)]
pub struct Pin {
    pub name: Name,
    /// The file that fetches; the value itself may stand in another.
    pub file: RelPath,
    pub kind: PinKind,
    /// The value that a bump changes. `None` for a flake input that nothing pins yet.
    pub spot: Option<Spot>,
    pub moves: Moves,
    /// Where it is fetched from, as the source says it.
    pub url: Option<String>,
    /// The git remote that knows its revisions.
    pub repository: Option<String>,
    /// The branch or tag that the source itself names.
    pub git_ref: Option<String>,
    /// The whole revision: commit, tag, version or digest.
    pub rev: Option<String>,
    pub hash: PinnedHash,
    /// A `version` near the pin, which moves along when it says the same.
    pub version: Option<Spot>,
    /// What a comment behind the value says.
    pub comment: Option<String>,
    pub fetch: Option<Fetch>,
    /// Hashes of the package around the pin that are stale once it moves: `vendorHash` and its kin.
    pub dependent_hashes: Vec<DependentHash>,
    pub role: Role,
}

impl Named for Pin {
    const NOUN: &'static str = "pin";
    const LISTED_BY: &'static str = "cotter pin list";

    fn name(&self) -> &Name {
        &self.name
    }

    fn is_within(&self, path: &RelPath) -> bool {
        match (&self.spot, &self.role) {
            (_, Role::FlakeInput(input)) => {
                input.flake_nix.is_within(path) || input.flake_lock.is_within(path)
            }
            (Some(spot), _) => spot.file.is_within(path) || self.file.is_within(path),
            (None, _) => false,
        }
    }

    fn file(&self) -> Option<&RelPath> {
        self.spot.as_ref().map(|spot| &spot.file)
    }
}

/// What a pin is part of.
#[derive(Clone, Debug)]
pub enum Role {
    Single,
    Spork(SporkRole),
    FlakeInput(FlakeInput),
    NixBuild {
        /// The tag of the image, which moves along when it names the rev.
        image_tag: Option<Spot>,
    },
}

/// The hash that belongs to a pin.
#[derive(Clone, Debug)]
pub enum PinnedHash {
    None,
    /// A literal. `text` is `None` for a placeholder that says nothing, such as `""`.
    Literal {
        spot: Spot,
        text: Option<HashText>,
        algo: Option<Algo>,
    },
    /// Something that is no literal: `lib.fakeHash`, a computed value.
    Opaque(Option<FakeHash>),
    /// Kept elsewhere by the tool that made it: a flake's lock file.
    Locked(String),
}

/// A name of nixpkgs' that stands for a hash that is none: `lib.fakeHash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeHash {
    pub file: RelPath,
    /// Where the name begins, `lib` and all, in bytes.
    pub offset: usize,
    pub algo: Algo,
}

/// What is fetched, as far as its hash depends on it.
#[derive(Clone, Debug)]
pub enum Fetch {
    /// The tree of a commit.
    Tree {
        method: FetchMethod,
        submodules: bool,
        /// Why the hash is not the tree's, read off the call: an argument that changes the result.
        obstacle: Option<String>,
    },
    /// A file as the server has it.
    File {
        urls: Vec<String>,
        /// Whether the hash is taken over the NAR of the file with the executable bit.
        executable: bool,
        /// Why the hash is not the file's, read off the call.
        obstacle: Option<String>,
    },
}
