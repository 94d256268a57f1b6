//! Hash literals: every place in Nix files, and in the data files that these read, that may hold the hash of a
//! fixed-output derivation. Which of them do is told later, by what Nix makes of them.

mod find;
mod meaning;
mod needles;
mod nix;
mod side;
mod text;
mod word;

pub use find::{Literals, find, in_file};
pub use meaning::may_be_literal;

use crate::edit::Edit;
use crate::hash::{Algo, Hash, HashText, Spelling};
use crate::naming::{Name, Named};
use crate::source::{Position, RelPath, SourceFile};
use crate::spot::{Spot, SpotError};
use crate::syntax::Role;

/// What a hash literal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text that decodes as a hash. It may be one of only zeros, see [`Literal::is_placeholder`].
    Hash(HashText),
    /// `""`, `lib.fakeHash` and the like, which say no hash.
    Placeholder,
}

/// A place that holds a hash, or where one belongs.
#[derive(Clone, Debug)]
pub struct Literal {
    /// The container, and the names of the bindings and arguments around the literal:
    /// `kingfisher:src.hash`, `web:hashes.x86_64-linux`. A literal of a file that Nix reads as data has the file's
    /// name without its ending first: `web:sources.cli.sha256`. What has no name around it is `hash`.
    ///
    /// Unique within a file: the second and third of one name are `src.hash#2` and `src.hash#3`, which
    /// `web:src.hash*` matches.
    pub name: Name,
    pub spot: Spot,
    pub kind: Kind,
    /// The algorithm that the text says, or else its name, its place or its length.
    pub algo: Algo,
    /// Whether what it is bound to speaks of a hash: `sha256`, `vendorHash`, `outputHashes."x-0.1.0"`.
    pub is_named_like_hash: bool,
    /// The system that it is for, where the text around tells: `aarch64-linux`.
    pub system: Option<String>,
    pub role: Role,
    /// Whether it is an expression, which is replaced whole by a string: `lib.fakeHash`.
    is_expression: bool,
}

impl Named for Literal {
    const NOUN: &'static str = "hash literal";
    const LISTED_BY: &'static str = "cotter fod-rehash --list";

    fn name(&self) -> &Name {
        &self.name
    }

    fn is_within(&self, path: &RelPath) -> bool {
        self.spot.file.is_within(path)
    }

    fn file(&self) -> Option<&RelPath> {
        Some(&self.spot.file)
    }
}

impl Literal {
    pub fn path(&self) -> &RelPath {
        &self.spot.file
    }

    /// The line and column of the value: of a string's first character, of an expression's beginning.
    pub fn position(&self) -> Option<Position> {
        self.spot.position()
    }

    /// The hash that it says; `None` for a placeholder that says none.
    pub fn hash(&self) -> Option<&Hash> {
        match &self.kind {
            Kind::Hash(text) => Some(&text.hash),
            Kind::Placeholder => None,
        }
    }

    /// Whether it only keeps a hash's place: it says none, or one of only zeros.
    pub fn is_placeholder(&self) -> bool {
        self.hash().is_none_or(Hash::is_placeholder)
    }

    /// Whether a fake may stand here: in a comparison, or where a function's default says that there is none, it would
    /// change what is evaluated.
    pub fn is_to_be_found(&self) -> bool {
        match self.role {
            Role::Compared => false,
            Role::Default => !self.is_placeholder(),
            Role::Bound | Role::Argument | Role::Other => true,
        }
    }

    /// Whether its text or its place says that it is a hash. Another text may be anything of that length.
    pub fn is_sure(&self) -> bool {
        let names_algo = match &self.kind {
            Kind::Hash(text) => text.spelling.names_algo(),
            Kind::Placeholder => true,
        };
        names_algo || self.is_named_like_hash
    }

    /// How `hash` is written here: in the spelling that stands here, as SRI where there is none or where that says
    /// another algorithm.
    pub fn spell(&self, hash: &Hash) -> String {
        let spelling = match &self.kind {
            Kind::Hash(text) if text.hash.algo() == hash.algo() => text.spelling,
            _ => Spelling::Sri,
        };
        hash.spell(spelling)
    }

    /// The edit of `file`, in which the literal was found, that makes it say `hash`.
    pub fn replace(&self, file: &SourceFile, hash: &Hash) -> Result<Edit, SpotError> {
        let text = self.spell(hash);
        match self.is_expression {
            true => self.spot.replace(file, &format!("\"{text}\"")),
            false => self.spot.replace(file, &text),
        }
    }
}
