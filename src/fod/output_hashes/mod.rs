//! The `outputHashes` of nixpkgs' `cargoLock` and `importCargoLock`: one hash for each commit that the `Cargo.lock`
//! takes crates from git at.
//!
//! What `importCargoLock` wants (nixpkgs, `pkgs/build-support/rust/import-cargo-lock.nix`): a key is a crate's
//! `name-version`; it stands for the commit of the first such crate in the lock file; each commit needs one key, of
//! whichever of its crates; a key that no crate from git has is an error. The hash is that of `fetchgit`, which takes
//! submodules along.

mod commits;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use self::commits::{Commits, entries};
pub use self::written::Written;
use crate::edit::{self, Edit};
use crate::fetched::Fetched;
use crate::manifest::cargo_lock;
use crate::problem::Problem;
use crate::source::{Position, RelPath, SourceFile, Workspace};
use crate::syntax::{
    Attrs, EntryChange, Library, NewEntry, NewValue, NixFile, Value, calls, sets_with,
};

/// What is to be done about all `outputHashes` of a workspace.
#[derive(Debug, Default)]
pub struct Plan {
    pub sets: Vec<Changed>,
    /// By file: what turns the text into one with the entries that are wanted, each new one with the placeholder.
    pub edits: BTreeMap<RelPath, Vec<Edit>>,
    /// The files with the edits applied.
    pub files: Vec<SourceFile>,
    /// The files as they were when the edits were made.
    pub before: BTreeMap<RelPath, Arc<SourceFile>>,
    /// What each entry is the hash of, those that were there and those that are new. Offsets are those in `files`.
    pub fetched: Vec<Fetched>,
    pub problems: Vec<Problem>,
    /// The lock files that were compared.
    pub locks: BTreeSet<RelPath>,
}

/// One set whose entries change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub file: RelPath,
    pub position: Position,
    pub lock: RelPath,
    /// Keys, `name-version`.
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

/// One `cargoLock`, as it was found.
#[derive(Debug)]
struct Seen {
    changed: Changed,
    edits: Vec<(RelPath, Edit)>,
    fetched: Vec<Fetched>,
    problem: Option<Problem>,
}

/// Compares every `outputHashes` in `files` with the `Cargo.lock` that stands beside it. New entries hold
/// `placeholder`, a hash that is none.
pub fn plan(workspace: &Workspace, files: &[RelPath], placeholder: &str) -> Plan {
    let (seen, mut problems) = look(workspace, files, placeholder);
    let mut plan = Plan::default();
    let mut places = BTreeSet::new();
    for one in seen {
        problems.extend(one.problem);
        plan.locks.insert(one.changed.lock.clone());
        // One set may serve several packages, of several files.
        let place = (one.changed.file.clone(), one.changed.position);
        let changes = !(one.changed.added.is_empty() && one.changed.removed.is_empty());
        if !changes || !places.insert(place) {
            plan.fetched.extend(one.fetched);
            continue;
        }
        for (file, edit) in one.edits {
            plan.edits.entry(file).or_default().push(edit);
        }
        plan.sets.push(one.changed);
    }
    if !plan.sets.is_empty() {
        plan.apply(workspace, files, placeholder, &mut problems);
    }
    plan.fetched
        .sort_by(|a, b| (&a.file, a.offset).cmp(&(&b.file, b.offset)));
    plan.fetched
        .dedup_by(|a, b| (&a.file, a.offset) == (&b.file, b.offset));
    problems.sort();
    problems.dedup();
    plan.problems = problems;
    plan
}

impl Plan {
    /// `workspace` with the plan's files.
    pub fn changed(&self, workspace: &Workspace) -> Workspace {
        let files = self.files.iter();
        workspace.with_overlay(files.map(|file| file.with_text(file.text().to_owned())))
    }

    /// Makes the files and looks through them again: nothing may be left to do.
    fn apply(
        &mut self,
        workspace: &Workspace,
        files: &[RelPath],
        placeholder: &str,
        problems: &mut Vec<Problem>,
    ) {
        let mut changed = Vec::new();
        let mut refused = BTreeSet::new();
        for (path, edits) in &self.edits {
            let made = workspace.read(path).ok().and_then(|file| {
                let text = edit::apply(file.text(), edits).ok()?;
                Some((file.with_text(text), file))
            });
            match made {
                Some((made, file)) => {
                    changed.push(made);
                    self.before.insert(path.clone(), file);
                }
                None => drop(refused.insert(path.clone())),
            }
        }
        let overlaid = workspace.with_overlay(changed.iter().map(|f| f.with_text(f.text().into())));
        let (again, _) = look(&overlaid, files, placeholder);
        for one in &again {
            if !(one.changed.added.is_empty() && one.changed.removed.is_empty())
                && one.problem.is_none()
            {
                refused.insert(one.changed.file.clone());
            }
        }
        for set in self.sets.iter().filter(|set| refused.contains(&set.file)) {
            problems.push(Problem {
                file: set.file.clone(),
                position: set.position,
                message: "these `outputHashes` cannot be brought in step with their Cargo.lock"
                    .into(),
                hint: Some("write them as one plain set beside `lockFile`".into()),
            });
        }
        self.sets.retain(|set| !refused.contains(&set.file));
        self.edits.retain(|path, _| !refused.contains(path));
        self.before.retain(|path, _| !refused.contains(path));
        changed.retain(|file| !refused.contains(file.path()));
        self.files = changed;
        self.fetched = again
            .into_iter()
            .flat_map(|one| one.fetched)
            .filter(|fetched| !refused.contains(&fetched.file))
            .collect();
    }
}

fn look(workspace: &Workspace, files: &[RelPath], placeholder: &str) -> (Vec<Seen>, Vec<Problem>) {
    let per_file: Vec<(Vec<Seen>, Vec<Problem>)> = files
        .par_iter()
        .filter(|path| path.file_name().ends_with(".nix"))
        .map(|path| in_file(workspace, path, placeholder))
        .collect();
    let (seen, problems): (Vec<_>, Vec<_>) = per_file.into_iter().unzip();
    (
        seen.into_iter().flatten().collect(),
        problems.into_iter().flatten().collect(),
    )
}

/// A file that cannot be read or parsed is told of where its literals are looked for.
fn in_file(workspace: &Workspace, path: &RelPath, placeholder: &str) -> (Vec<Seen>, Vec<Problem>) {
    let wanted = |bytes: &[u8]| {
        // `importCargoLock` as well.
        memchr::memmem::find(bytes, b"argoLock").is_some()
    };
    let Ok(Some(source)) = workspace.read_if(path, wanted) else {
        return Default::default();
    };
    let Ok(file) = NixFile::parse(source) else {
        return Default::default();
    };
    let file = Rc::new(file);
    let library = Library::new(workspace);
    library.add(file.clone());
    let is_cargo_lock =
        |(_, path): &(Attrs, Vec<String>)| path.last().is_some_and(|n| n == "cargoLock");
    let mut holders: Vec<Attrs> = ["lockFile", "lockFileContents"]
        .into_iter()
        .flat_map(|name| sets_with(&file, name))
        .filter(is_cargo_lock)
        .map(|(set, _)| set)
        .collect();
    // And what a name stands for: `inherit cargoLock;`.
    holders.extend(
        sets_with(&file, "cargoLock")
            .into_iter()
            .filter_map(|(set, _)| set.get(&library, "cargoLock").attrs()),
    );
    holders.extend(
        calls(&file, |name| name == "importCargoLock")
            .iter()
            .filter_map(|call| call.arguments(&library)),
    );
    let mut seen = Vec::new();
    let mut problems = Vec::new();
    for holder in holders {
        match in_holder(workspace, &library, &holder, placeholder) {
            Ok(found) => seen.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    (seen, problems)
}

/// A set with a `lockFile` and its `outputHashes`.
fn in_holder(
    workspace: &Workspace,
    library: &Library,
    holder: &Attrs,
    placeholder: &str,
) -> Result<Option<Seen>, Problem> {
    let anchor = match holder.has(library, "lockFile") {
        true => "lockFile",
        false => "lockFileContents",
    };
    // A lock file that comes out of what is fetched is not there to be read, and what is not there fails in Nix.
    let Some((lock_path, source)) = holder
        .file_named(library, anchor)
        .and_then(|path| Some((path.clone(), workspace.read(&path).ok()?)))
    else {
        return Ok(None);
    };
    let lock =
        cargo_lock::read(&source).map_err(|error| Problem::of_manifest(&lock_path, &error))?;
    let commits = Commits::of(&lock);
    let is_set = holder.has(library, "outputHashes");
    let set = holder.get(library, "outputHashes").attrs();
    let place = set.as_ref().and_then(Attrs::place);
    let Some((file, position)) = place.or_else(|| holder.place()) else {
        return Ok(None);
    };
    let problem = |message: String, hint: &str| Problem {
        file: file.clone(),
        position,
        message,
        hint: Some(hint.to_owned()),
    };
    let names = set.as_ref().map(Attrs::names).unwrap_or_default();
    let is_open = is_set && set.as_ref().is_none_or(Attrs::may_hold_more);
    let fetches_itself = matches!(
        holder.get(library, "allowBuiltinFetchGit"),
        Value::Bool(true)
    );
    let (mut missing, ambiguous) = match fetches_itself {
        true => Default::default(),
        false => commits.missing(&names),
    };
    let removed: Vec<String> = names
        .iter()
        .filter(|name| !commits.has(name))
        .cloned()
        .collect();
    let mut seen = Seen {
        changed: Changed {
            file: file.clone(),
            position,
            lock: lock_path.clone(),
            added: Vec::new(),
            removed: Vec::new(),
        },
        edits: Vec::new(),
        fetched: set
            .as_ref()
            .map(|set| entries(library, set, &names, &commits))
            .unwrap_or_default(),
        problem: ambiguous.map(|key| {
            problem(
                format!("{lock_path} takes two crates `{key}` from different commits, of which `outputHashes` can name one"),
                "depend on one commit of it",
            )
        }),
    };
    if is_open && !missing.is_empty() {
        seen.problem = Some(problem(
            format!(
                "`outputHashes` is not written out here, and {lock_path} may need entries that it lacks: {}",
                missing.join(", ")
            ),
            "write it as a plain set",
        ));
        missing.clear();
    }
    if missing.is_empty() && removed.is_empty() {
        return Ok(Some(seen));
    }
    let edits = match &set {
        Some(set) => set.change(&EntryChange {
            add: missing.iter().map(|key| text(key, placeholder)).collect(),
            remove: removed.clone(),
            after: None,
        }),
        None => holder.change(&EntryChange {
            add: vec![NewEntry {
                name: "outputHashes".into(),
                value: NewValue::Set(
                    missing
                        .iter()
                        .map(|key| (key.clone(), placeholder.to_owned()))
                        .collect(),
                ),
            }],
            remove: Vec::new(),
            after: Some(anchor),
        }),
    };
    match edits {
        Ok(edits) => {
            seen.edits = edits;
            seen.changed.added = missing;
            seen.changed.removed = removed;
        }
        Err(error) => {
            let message =
                format!("`outputHashes` cannot be brought in step with {lock_path}: {error}");
            seen.problem = Some(problem(
                message,
                "write it as a plain set beside `lockFile`",
            ));
        }
    }
    Ok(Some(seen))
}

fn text(name: &str, value: &str) -> NewEntry {
    NewEntry {
        name: name.to_owned(),
        value: NewValue::Text(value.to_owned()),
    }
}
