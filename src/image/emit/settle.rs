//! What becomes of a file that is there when it is emitted again: its pins and hashes are carried over, and what was
//! changed by hand is not lost.

use super::header::{Digests, NOT_YET};
use super::kept::{self, Kept};
use super::{Emitted, parsed};
use crate::source::Workspace;
use crate::syntax::{Library, SyntaxProblem};

/// A file that is where one is emitted to.
#[derive(Clone, Copy, Debug)]
pub struct Existing<'a> {
    pub text: &'a str,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The file's new text, which may be its old one.
    Text(String),
    /// It was not made by cotter.
    NotOurs { would_be: String },
    /// It was edited by hand since cotter made it.
    Edited { would_be: String },
}

/// The new text of a file of which `existing` is there.
pub fn settle(
    workspace: &Workspace,
    emitted: &Emitted,
    existing: Option<Existing>,
) -> Result<Settled, SyntaxProblem> {
    let Some(existing) = existing else {
        return Ok(Settled::Text(emitted.text.clone()));
    };
    let Some(recorded) = Digests::read(existing.text) else {
        return Ok(Settled::NotOurs {
            would_be: emitted.text.clone(),
        });
    };
    if !emitted.name.ends_with(".nix") {
        let is_ours = Digests::of(existing.text, &[]).text == recorded.text;
        let text = emitted.text.clone();
        return Ok(match is_ours {
            true => Settled::Text(text),
            false => Settled::Edited { would_be: text },
        });
    }
    // What does not parse any more was edited, and has nothing to keep.
    let old = kept_of(workspace, existing.text).unwrap_or_default();
    let new = kept_of(workspace, &emitted.text)?;
    let keeps_pins = Digests::of(&emitted.text, &new).pins == recorded.pins;
    let text = kept::carry_over(&emitted.text, &new, &old, keeps_pins);
    let is_ours = Digests::of(existing.text, &old).text == recorded.text;
    Ok(match is_ours {
        true => Settled::Text(text),
        false => Settled::Edited { would_be: text },
    })
}

/// Whether a hash of `text` is not known yet.
pub fn has_placeholders(workspace: &Workspace, text: &str) -> bool {
    let kept = kept_of(workspace, text).unwrap_or_default();
    kept.iter().any(|kept| kept.is_hash && kept.text.is_none())
}

/// `emitted` with pins that are no one's to replace but the command's that made it: they were read from the file that is
/// there, or are new. What else is in the file keeps its hashes.
pub fn with_own_pins(emitted: Emitted) -> Emitted {
    let text = match Digests::read(&emitted.text) {
        Some(digests) => emitted
            .text
            .replacen(&digests.line(), &digests.with_own_pins().line(), 1),
        None => emitted.text,
    };
    Emitted { text, ..emitted }
}

/// `text` with the digests of itself in its header.
pub(super) fn signed(workspace: &Workspace, text: &str) -> Result<String, SyntaxProblem> {
    let digests = Digests::of(text, &kept_of(workspace, text)?);
    Ok(text.replacen(NOT_YET, &digests.line(), 1))
}

/// The same for a text that is no Nix.
pub(super) fn signed_plain(text: &str) -> String {
    text.replacen(NOT_YET, &Digests::of(text, &[]).line(), 1)
}

fn kept_of(workspace: &Workspace, text: &str) -> Result<Vec<Kept>, SyntaxProblem> {
    let file = parsed(text)?;
    Ok(kept::of(&Library::new(workspace), &file))
}
