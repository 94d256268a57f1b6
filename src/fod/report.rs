//! What a run comes to, literal by literal.

use serde::Serialize;

use crate::naming::Name;
use crate::source::RelPath;

/// A hash literal and what became of it. The fields are the keys of the JSON contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: Name,
    pub file: RelPath,
    /// Where the literal begins; both 1-based.
    pub line: usize,
    pub column: usize,
    /// The system that it was looked for on, or is of where it is `unreached`.
    pub system: Option<String>,
    /// The first of the derivations that have it, as it is in the store now.
    pub drv: Option<String>,
    /// As it is written in the source.
    pub old: String,
    /// As it is to be written; `None` where it is not known.
    pub new: Option<String>,
    pub status: Status,
    /// `None` for what was not looked into.
    pub strategy: Option<Strategy>,
    /// Why it is not `verified`, in words.
    pub reason: Option<String>,
    /// The last lines of the log of the builder that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was wrong, or nothing yet.
    Updated,
    /// It is right.
    Verified,
    /// It could not be computed: the literal stays as it was.
    Failed,
    /// Nothing that was evaluated has it.
    Unreached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// In this process, from what git or a server has.
    Native,
    /// By a build, now or by the one that cotter.lock records.
    Build,
}
