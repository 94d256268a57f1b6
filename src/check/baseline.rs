//! The baseline: findings that were there when a repository took up `check`, and that do not fail it.
//!
//! A finding is told again by its rule, its file and the line that it is on, without the number of the line, so that what is
//! written above it does not bring it back. One object per file and rule:
//!
//! ```json
//! {
//!   "schema": 1,
//!   "findings": {
//!     "argocd/manifests/ntfy/deployment.yaml": {
//!       "C503": ["image: registry.example.org/team/ntfy:latest"]
//!     }
//!   }
//! }
//! ```

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::{Finding, Scope, rules};
use crate::problem::json_words;
use crate::source::{Position, RelPath, SourceError, Stamp, Workspace};
use crate::transaction::FileChange;

/// The file's name at the workspace root.
pub const FILE: &str = "cotter-baseline.json";
const SCHEMA: u64 = 1;

/// By file and code: the lines, one for each finding, sorted.
type Known = BTreeMap<String, BTreeMap<String, Vec<String>>>;

#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: Known,
    /// Of the file that it was read from.
    stamp: Option<Stamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u64,
    findings: Known,
}

#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{file}:{}:{}: {message}", .at.line, .at.column)]
    Invalid {
        file: RelPath,
        at: Position,
        message: String,
    },
}

impl Baseline {
    /// Reads the workspace's; an empty one where there is no file.
    pub fn load(workspace: &Workspace) -> Result<Baseline, BaselineError> {
        let Some(path) = RelPath::new(FILE) else {
            return Ok(Baseline::default());
        };
        let file = match workspace.read(&path) {
            Ok(file) => file,
            Err(SourceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Baseline::default());
            }
            Err(error) => return Err(error.into()),
        };
        let invalid = |line: usize, column: usize, message: String| BaselineError::Invalid {
            file: path.clone(),
            at: Position { line, column },
            message,
        };
        let document: Document = serde_json::from_str(file.text()).map_err(|error| {
            invalid(
                error.line().max(1),
                error.column().max(1),
                json_words(&error),
            )
        })?;
        if document.schema != SCHEMA {
            let message = format!("schema {}; this cotter knows {SCHEMA}", document.schema);
            return Err(invalid(1, 1, message));
        }
        Ok(Baseline {
            known: document.findings,
            stamp: Some(file.stamp()),
        })
    }

    /// The baseline that knows `findings` and, of files and rules that were not looked at, what this one knows.
    pub fn with(&self, findings: &[Finding], workspace: &Workspace, scope: &Scope) -> Baseline {
        let mut known = Known::new();
        if let Scope::Files(_) = scope {
            known = self.known.clone();
            known.retain(|file, _| !RelPath::new(file).is_some_and(|file| scope.has(&file)));
        }
        for finding in findings.iter().filter(|one| scope.has(&one.place.file)) {
            let codes = known.entry(finding.place.file.to_string()).or_default();
            let lines = codes.entry(finding.rule.code.to_owned()).or_default();
            lines.push(finding.line(workspace));
        }
        for lines in known.values_mut().flat_map(BTreeMap::values_mut) {
            lines.sort_unstable();
        }
        Baseline {
            known,
            stamp: self.stamp,
        }
    }

    /// Takes out the findings that are known, each as often as it was there; says how many.
    pub fn take_out(&self, findings: &mut Vec<Finding>, workspace: &Workspace) -> usize {
        if self.known.is_empty() {
            return 0;
        }
        let mut left = self.known.clone();
        let before = findings.len();
        findings.retain(|finding| {
            let lines = left
                .get_mut(finding.place.file.as_str())
                .and_then(|codes| codes.get_mut(finding.rule.code));
            let line = finding.line(workspace);
            match lines.and_then(|lines| Some((lines.iter().position(|l| *l == line)?, lines))) {
                Some((at, lines)) => {
                    lines.remove(at);
                    false
                }
                None => true,
            }
        });
        before - findings.len()
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        let lines = self.known.values().flat_map(BTreeMap::values);
        lines.map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is to be written: `None` where the file says the same.
    pub fn change(&self, read: &Baseline) -> Result<Option<FileChange>, serde_json::Error> {
        if self.known == read.known && read.stamp.is_some() {
            return Ok(None);
        }
        let document = Document {
            schema: SCHEMA,
            findings: self.known.clone(),
        };
        let text = serde_json::to_string_pretty(&document)? + "\n";
        Ok(RelPath::new(FILE).map(|path| FileChange {
            path,
            before: read.stamp,
            after: text.into_bytes(),
        }))
    }

    /// Codes in it that are no rules: a newer cotter wrote it, or a person did.
    pub fn unknown_codes(&self) -> Vec<&str> {
        let codes = self.known.values().flat_map(BTreeMap::keys);
        let mut unknown: Vec<&str> = codes
            .map(String::as_str)
            .filter(|code| rules::by_word(code).is_none())
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }
}
