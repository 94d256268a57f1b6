//! The entries of `outputHashes` that a new lock file asks for.

use super::PLACEHOLDER;
use crate::config::Config;
use crate::edit;
use crate::fod::{self, Literal, output_hashes};
use crate::pin::bump::OutputHashes;
use crate::source::{RelPath, Workspace};

/// What becomes of the entries of `outputHashes` in the file `nix` with the lock file `lock` of `workspace`, where they
/// were in step with that of `before`.
pub fn output_hashes(
    config: &Config,
    before: &Workspace,
    workspace: &Workspace,
    nix: &RelPath,
    lock: &RelPath,
) -> Result<OutputHashes, String> {
    let files = std::slice::from_ref(nix);
    let plan = output_hashes::plan(workspace, files, PLACEHOLDER);
    if let Some(problem) = plan.problems.first() {
        return Err(problem.message.clone());
    }
    if !plan.locks.contains(lock) || plan.edits.keys().any(|file| file != nix) {
        return Err(format!("{nix} does not show which of them are of {lock}"));
    }
    let then = output_hashes::plan(before, files, PLACEHOLDER);
    let literals = fod::find(before, config, files).literals;
    let origin = |plan: &output_hashes::Plan, literal: &Literal| {
        let edits = plan.edits.get(nix).map(Vec::as_slice).unwrap_or_default();
        let offset = literal.spot.offset();
        if edits.iter().any(|edit| edit.range.contains(&offset)) {
            return None;
        }
        let place = edit::moved(offset, edits);
        let mut fetched = plan.fetched.iter();
        let found = fetched.find(|one| one.file == *nix && one.offset == place)?;
        found.what.identity()
    };
    let has_moved = |literal: &&Literal| {
        let now = origin(&plan, literal);
        now.is_some() && now != origin(&then, literal)
    };
    Ok(OutputHashes {
        moved: literals
            .iter()
            .filter(has_moved)
            .map(|literal| literal.spot.offset())
            .collect(),
        edits: plan.edits.get(nix).cloned().unwrap_or_default(),
        placeholder: PLACEHOLDER.to_owned(),
    })
}
