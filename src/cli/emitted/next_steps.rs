//! What is left to do by hand after files were emitted, as commands: a flake is locked and known to git before Nix builds
//! it, and placeholders become hashes.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Planned;
use crate::cli::setup::Opened;
use crate::git;
use crate::image::emit::{command_word, has_placeholders, way_between};
use crate::nix::FlakeLock;
use crate::pin::{Asked, FlakeInputs};
use crate::source::{RelPath, SourceFile};
use crate::syntax::{Library, NixFile};

/// The commands, in their order, for the folder that the user is in.
pub fn of(opened: &Opened, planned: &[Planned]) -> Vec<String> {
    let steps = Steps {
        opened,
        tracked: tracked(opened),
    };
    let mut all = Vec::new();
    let flakes: Vec<&Planned> = planned
        .iter()
        .filter(|file| file.path.file_name() == "flake.nix")
        .collect();
    if !flakes.is_empty() {
        all.extend(steps.add(planned.iter().map(|file| &file.path)));
    }
    for flake in flakes {
        let Some(lock) = flake.path.parent().join("flake.lock") else {
            continue;
        };
        if steps.lacks_lock(flake, &lock) {
            let folder = way_between(&opened.folder(), &flake.path.parent());
            all.push(match folder.as_str() {
                "." => "nix flake lock".to_owned(),
                folder => format!("nix flake lock {}", command_word(&format!("./{folder}"))),
            });
        }
        all.extend(steps.add(std::iter::once(&lock)));
    }
    let unknown: Vec<String> = planned
        .iter()
        .filter(|file| file.path.file_name().ends_with(".nix"))
        .filter(|file| has_placeholders(&opened.workspace, &file.text))
        .map(|file| steps.word(&file.path))
        .collect();
    if !unknown.is_empty() {
        all.push(format!("cotter fod-rehash {}", unknown.join(" ")));
    }
    all
}

/// What git knows, where the workspace is a repository: of that, Nix copies no more.
fn tracked(opened: &Opened) -> Option<BTreeSet<RelPath>> {
    let root = opened.workspace.root();
    root.join(".git").exists().then_some(())?;
    Some(git::tracked_files(root).ok()?.into_iter().collect())
}

struct Steps<'a> {
    opened: &'a Opened,
    tracked: Option<BTreeSet<RelPath>>,
}

impl Steps<'_> {
    /// Tells git of those of `files` that it does not know.
    fn add<'f>(&self, files: impl Iterator<Item = &'f RelPath>) -> Option<String> {
        let tracked = self.tracked.as_ref()?;
        let new: Vec<String> = files
            .filter(|file| !tracked.contains(*file))
            .map(|file| self.word(file))
            .collect();
        (!new.is_empty()).then(|| format!("git add {}", new.join(" ")))
    }

    fn word(&self, file: &RelPath) -> String {
        command_word(&way_between(&self.opened.folder(), file))
    }

    /// Whether the lock file is not there, or is not of the inputs that the flake has now.
    fn lacks_lock(&self, flake: &Planned, lock: &RelPath) -> bool {
        let workspace = &self.opened.workspace;
        if !workspace.has_file(lock) {
            return true;
        }
        let Some(inputs) = self.inputs(Arc::new(flake.rewritten().after)) else {
            return false;
        };
        let before = flake.before.clone().and_then(|before| self.inputs(before));
        if before.is_some_and(|before| before != inputs) {
            return true;
        }
        let lock = workspace.read(lock).ok();
        let lock = lock.and_then(|lock| FlakeLock::parse(lock.text()).ok());
        lock.is_none_or(|lock| inputs.iter().any(|(name, _)| lock.link(name).is_none()))
    }

    fn inputs(&self, flake: Arc<SourceFile>) -> Option<Vec<(String, Asked)>> {
        let file = Rc::new(NixFile::parse(flake).ok()?);
        let inputs = FlakeInputs::read(&Library::new(&self.opened.workspace), &file)?;
        let inputs = inputs.inputs.into_iter();
        Some(inputs.map(|input| (input.name, input.asked)).collect())
    }
}
