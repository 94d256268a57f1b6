//! New locks of flake inputs, computed by Nix itself on a copy of the flake.
//!
//! Not here: which input is to move and where to (`pin`), and the writing of the result (`transaction`).

use std::path::Path;

use super::flake_copy::FlakeCopy;
use super::flake_pin::restore_originals;
use super::{FlakeLock, InputLink, Nix, NixError};
use crate::process::redact;

/// `path:`, so that it does not matter what git knows of the folder; relative, so that its name needs no escapes.
const THE_COPY: &str = "path:.";

/// A flake and the moves of its inputs. Nothing of it is written but in a temporary folder.
pub struct FlakeUpdate<'a> {
    pub flake_nix: &'a str,
    /// `None` when there is none yet.
    pub flake_lock: Option<&'a str>,
    /// The flake's folder: from here come the folders that relative path inputs name.
    pub folder: Option<&'a Path>,
    pub moves: Vec<InputMove>,
}

/// An input is named by its path, as Nix does: `nixpkgs`, or `tool/nixpkgs` for an input of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputMove {
    /// To what `flake.nix` asks for, as of now.
    Refresh(String),
    /// To exactly the full revision in `flake_ref` ([`super::Source::flake_ref_at`]), while `flake.nix` goes on
    /// asking for what it does.
    Pin { name: String, flake_ref: String },
    /// No input by itself: `flake.nix` has changed, and the lock has to follow.
    Relock,
}

impl FlakeUpdate<'_> {
    /// The text of the new `flake.lock`: byte by byte what Nix writes. When nothing moves it is the old text.
    ///
    /// An input that follows another is left as it is.
    pub fn run(&self, nix: &Nix) -> Result<String, NixError> {
        let old = self.flake_lock.map(FlakeLock::parse).transpose()?;
        let plan = Plan::new(&self.moves, old.as_ref())?;
        let copy = FlakeCopy::make(self, nix)?;
        let lock = |args: &[&str]| nix.flake(copy.dir(), args);

        if plan.needs_plain_lock {
            lock(&["lock", THE_COPY])?;
        }
        if !plan.refreshed.is_empty() {
            if nix.version().updates_inputs_by_name() {
                let args = ["update", "--flake", THE_COPY];
                lock(&[&args, plan.refreshed.as_slice()].concat())?;
            } else {
                let mut args = vec!["lock", THE_COPY];
                for name in &plan.refreshed {
                    args.extend(["--update-input", name]);
                }
                lock(&args)?;
            }
        }
        pin(&plan.pinned, &copy, nix)?;
        let text = copy.lock()?.ok_or(NixError::NoInputs)?;
        plan.check(&text)?;
        Ok(text)
    }
}

/// Locks inputs, given with references, at the revisions of these, and proves that Nix takes the result.
fn pin(pins: &[(&str, &str)], copy: &FlakeCopy, nix: &Nix) -> Result<(), NixError> {
    let Some(before) = copy.lock()? else {
        return Ok(());
    };
    let lock = FlakeLock::parse(&before).map_err(NixError::Written)?;
    // Nix writes a `ref` beside the revision or leaves it out, as its cache has it: asked again for what is locked
    // already, it may answer with another text.
    let is_there = |input: &str, flake_ref: &str| {
        locked_rev(&lock, input).is_some_and(|rev| flake_ref.contains(rev))
    };
    let mut args = vec!["lock", THE_COPY];
    let mut inputs = Vec::new();
    for (input, flake_ref) in pins.iter().filter(|(i, r)| !is_there(i, r)) {
        args.extend(["--override-input", input, flake_ref]);
        inputs.push(*input);
    }
    if inputs.is_empty() {
        return Ok(());
    }
    nix.flake(copy.dir(), &args)?;
    let after = copy.lock()?.unwrap_or_default();
    let restored = restore_originals(&before, &after, &inputs).map_err(NixError::Written)?;
    copy.write_lock(&restored)?;
    // Without the overrides: as the user's next run of Nix will find it.
    nix.flake(copy.dir(), &["lock", THE_COPY, "--no-update-lock-file"])
        .map_err(NixError::NotAccepted)?;
    Ok(())
}

/// The moves, sorted by how Nix makes them.
struct Plan<'a> {
    needs_plain_lock: bool,
    refreshed: Vec<&'a str>,
    /// Names and references.
    pinned: Vec<(&'a str, &'a str)>,
}

impl<'a> Plan<'a> {
    fn new(moves: &'a [InputMove], old: Option<&FlakeLock>) -> Result<Plan<'a>, NixError> {
        let mut plan = Plan {
            needs_plain_lock: old.is_none(),
            refreshed: Vec::new(),
            pinned: Vec::new(),
        };
        for step in moves {
            let name = match step {
                InputMove::Refresh(name) | InputMove::Pin { name, .. } => name.as_str(),
                InputMove::Relock => {
                    plan.needs_plain_lock = true;
                    continue;
                }
            };
            if !is_input_path(name) {
                return Err(NixError::NoSuchInput(name.to_owned()));
            }
            match old.and_then(|lock| lock.link(name)) {
                Some(InputLink::Follows(_)) => continue,
                Some(InputLink::Node(_)) => {}
                // It has to be in the lock before it can move.
                None => plan.needs_plain_lock = true,
            }
            let InputMove::Pin { flake_ref, .. } = step else {
                plan.refreshed.push(name);
                continue;
            };
            let shown = redact(flake_ref);
            if shown != *flake_ref {
                return Err(NixError::Credential { flake_ref: shown });
            }
            plan.pinned.push((name, flake_ref));
        }
        Ok(plan)
    }

    /// Nix only warns of an input that there is not, and an older one locks a branch when it cannot read a reference
    /// in full: neither is a success.
    fn check(&self, text: &str) -> Result<(), NixError> {
        if self.refreshed.is_empty() && self.pinned.is_empty() {
            return Ok(());
        }
        let lock = FlakeLock::parse(text).map_err(NixError::Written)?;
        for name in &self.refreshed {
            lock.link(name)
                .ok_or_else(|| NixError::NoSuchInput((*name).to_owned()))?;
        }
        for (name, flake_ref) in &self.pinned {
            if lock.link(name).is_none() {
                return Err(NixError::NoSuchInput((*name).to_owned()));
            }
            let rev = locked_rev(&lock, name);
            if !rev.is_some_and(|rev| flake_ref.contains(rev)) {
                return Err(NixError::NotPinned {
                    input: (*name).to_owned(),
                    flake_ref: (*flake_ref).to_owned(),
                    found: rev.map_or("without a revision".into(), |rev| format!("at {rev}")),
                });
            }
        }
        Ok(())
    }
}

fn locked_rev<'a>(lock: &'a FlakeLock, input: &str) -> Option<&'a str> {
    lock.input(input)?.locked.as_ref()?.rev.as_deref()
}

/// Names joined by `/`, none of which Nix could take for an option.
fn is_input_path(path: &str) -> bool {
    path.split('/').all(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-'.".contains(c))
    })
}
