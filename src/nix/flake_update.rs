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
        if !plan.pinned.is_empty() {
            self.pin(&plan, &copy, nix)?;
        }
        let text = match copy.lock()? {
            Some(text) => text,
            // A flake without inputs gets no lock file from an older Nix.
            None => self.flake_lock.unwrap_or_default().to_owned(),
        };
        plan.check(&text)?;
        Ok(text)
    }

    fn pin(&self, plan: &Plan, copy: &FlakeCopy, nix: &Nix) -> Result<(), NixError> {
        let before = copy.lock()?.unwrap_or_default();
        let mut args = vec!["lock", THE_COPY];
        for (name, flake_ref) in &plan.pinned {
            args.extend(["--override-input", name, flake_ref]);
        }
        nix.flake(copy.dir(), &args)?;
        let after = copy.lock()?.unwrap_or_default();
        let names: Vec<&str> = plan.pinned.iter().map(|(name, _)| *name).collect();
        let restored = restore_originals(&before, &after, &names).map_err(NixError::Written)?;
        copy.write_lock(&restored)?;
        // Without the overrides: as the user's next run of Nix will find it.
        nix.flake(copy.dir(), &["lock", THE_COPY, "--no-update-lock-file"])
            .map_err(NixError::NotAccepted)?;
        Ok(())
    }
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
            match step {
                InputMove::Pin { flake_ref, .. } => {
                    let shown = redact(flake_ref);
                    if shown != *flake_ref {
                        return Err(NixError::Credential { flake_ref: shown });
                    }
                    plan.pinned.push((name, flake_ref));
                }
                _ => plan.refreshed.push(name),
            }
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
            let node = lock
                .input(name)
                .ok_or_else(|| NixError::NoSuchInput((*name).to_owned()))?;
            let rev = node
                .locked
                .as_ref()
                .and_then(|locked| locked.rev.as_deref());
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

/// Names joined by `/`, none of which Nix could take for an option.
fn is_input_path(path: &str) -> bool {
    path.split('/').all(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-'.".contains(c))
    })
}
