//! Putting findings right: a plan per round, until nothing is left that has a fix.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Finding, Fix};
use crate::plan::{EditGroup, Plan, PlanError, Rewritten};
use crate::source::{RelPath, SourceFile, Workspace};
use crate::syntax::NixFile;

/// One fix may uncover another finding, and two that meet are made one after the other. More rounds than this would
/// mean that they undo each other.
const MAX_ROUNDS: usize = 20;

/// What is to be written, and what is left to be found then.
pub struct Fixed {
    pub findings: Vec<Finding>,
    /// The files as they are and as they become, sorted by path.
    pub files: Vec<Rewritten>,
}

/// Why nothing is to be written.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("{file}: with its fixes it would no longer be Nix: {message}")]
    Broken { file: RelPath, message: String },
    #[error("{0}: its fixes undo each other")]
    Endless(RelPath),
}

/// Fixes everything that `check` finds in `workspace`, again and again. Nothing is written.
pub fn all(
    workspace: &Workspace,
    check: impl Fn(&Workspace) -> Vec<Finding>,
) -> Result<Fixed, FixError> {
    let mut now = workspace.clone();
    let mut files: BTreeMap<RelPath, Rewritten> = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        let findings = check(&now);
        let rewritten = plan(&findings).apply(&now)?;
        if rewritten.is_empty() {
            return Ok(Fixed {
                findings,
                files: files.into_values().collect(),
            });
        }
        for Rewritten { before, after } in rewritten {
            prove(&after)?;
            now = now.with_overlay([after.with_text(after.text().to_owned())]);
            // What is written replaces what was there before the first round.
            let before = match files.remove(after.path()) {
                Some(earlier) => earlier.before,
                None => before,
            };
            files.insert(after.path().clone(), Rewritten { before, after });
        }
    }
    let last = files.into_keys().next().unwrap_or_else(RelPath::root);
    Err(FixError::Endless(last))
}

/// The fixes that can be made at once: of two that touch, the first.
fn plan(findings: &[Finding]) -> Plan {
    let mut taken: BTreeMap<&RelPath, Vec<Range<usize>>> = BTreeMap::new();
    let mut plan = Plan::default();
    for finding in findings {
        let Some(Fix { changes }) = &finding.fix else {
            continue;
        };
        let is_free = changes.iter().all(|change| {
            let (file, range) = (&change.file, &change.edit.range);
            let taken = taken.get(file).into_iter().flatten();
            taken
                .clone()
                .all(|other| range.end < other.start || other.end < range.start)
        });
        if !is_free {
            continue;
        }
        for change in changes {
            let ranges = taken.entry(&change.file).or_default();
            ranges.push(change.edit.range.clone());
        }
        plan.groups.push(EditGroup {
            name: finding.rule.name.to_owned(),
            changes: changes.clone(),
        });
    }
    plan
}

/// A Nix file that could be read can be read again.
fn prove(file: &SourceFile) -> Result<(), FixError> {
    if !file.path().file_name().ends_with(".nix") {
        return Ok(());
    }
    let again = Arc::new(file.with_text(file.text().to_owned()));
    match NixFile::parse(again) {
        Ok(_) => Ok(()),
        Err(problem) => Err(FixError::Broken {
            file: file.path().clone(),
            message: problem.message,
        }),
    }
}
