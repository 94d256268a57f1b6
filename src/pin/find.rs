//! Finding every pin of a workspace: each file once, in parallel, and only those that can hold one.

use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use super::fetcher::{self, Arguments};
use super::needles::Needles;
use super::{Follow, Pin, Role, dependents, flake, nixbuild, spork};
use crate::config::Config;
use crate::naming::{Containers, Name};
use crate::problem::Problem;
use crate::source::{Position, RelPath, SourceError, SourceFile, Workspace};
use crate::spot::Spot;
use crate::syntax::{Call, Library, NixFile, Value, calls};

/// All pins, and what was wrong with the files that were to be looked through.
#[derive(Debug, Default)]
pub struct Found {
    /// By file and place.
    pub pins: Vec<Pin>,
    pub problems: Vec<Problem>,
    /// The files that were looked at, sorted.
    pub files: Vec<RelPath>,
}

/// Looks through `files`, all of the workspace's. A file that cannot be read or parsed is a problem, not an error.
pub fn find(workspace: &Workspace, config: &Config, files: Vec<RelPath>) -> Found {
    let containers = Containers::new(config, &files);
    let needles = Needles::new();
    let per_file: Vec<(Vec<Pin>, Vec<Problem>)> = files
        .par_iter()
        .filter(|path| is_source(path))
        .map(|path| in_file(workspace, &containers.name_of(path), path, &needles))
        .collect();
    let mut found = Found {
        files,
        ..Found::default()
    };
    for (pins, problems) in per_file {
        found.pins.extend(pins);
        found.problems.extend(problems);
    }
    found.problems.sort();
    found.problems.dedup();
    together(&mut found.pins);
    found
}

/// Makes of the pins of all files, in the order of the files, those of the workspace: a call that fetches a spork's
/// revision is part of the spork, and names become unique within a file.
pub fn together(pins: &mut Vec<Pin>) {
    spork::take_in_calls(pins);
    number_twins(pins);
}

fn is_source(path: &RelPath) -> bool {
    let name = path.file_name();
    name.ends_with(".nix") || name.ends_with(".yaml") || name.ends_with(".yml")
}

fn in_file(
    workspace: &Workspace,
    container: &str,
    path: &RelPath,
    needles: &Needles,
) -> (Vec<Pin>, Vec<Problem>) {
    let mut problems = Vec::new();
    let is_nix = path.file_name().ends_with(".nix");
    let is_flake = path.file_name() == "flake.nix";
    let wanted = |bytes: &[u8]| match is_nix {
        true => is_flake || needles.are_in_nix(bytes),
        false => needles.are_in_manifest(bytes),
    };
    let file = match workspace.read_if(path, wanted) {
        Ok(Some(file)) => file,
        Ok(None) => return (Vec::new(), problems),
        // Vanished since the folder was read: another program's doing, and nothing to say about.
        Err(SourceError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return (Vec::new(), Vec::new());
        }
        Err(error) => return (Vec::new(), vec![Problem::unreadable(path, &error)]),
    };
    if !is_nix {
        let pins = nixbuild::find(container, &file, &mut problems);
        return (pins, problems);
    }
    match NixFile::parse(file) {
        Ok(file) => {
            let file = Rc::new(file);
            let library = Library::new(workspace);
            library.add(file.clone());
            let pins = in_nix(workspace, container, &library, &file, &mut problems);
            (pins, problems)
        }
        Err(problem) => (Vec::new(), vec![problem.into()]),
    }
}

/// The pins of one Nix file, which `library` has.
pub fn in_nix(
    workspace: &Workspace,
    container: &str,
    library: &Library,
    file: &Rc<NixFile>,
    problems: &mut Vec<Problem>,
) -> Vec<Pin> {
    let mut pins = match file.path().file_name() {
        "flake.nix" => flake::find(container, workspace, library, file, problems),
        _ => Vec::new(),
    };
    let fetchers = calls(file, |name| fetcher::by_function(name).is_some());
    pins.extend(spork::find(container, library, file, &fetchers));
    let text = file.source().text();
    let words = Words {
        version: text.contains("version"),
        hashes: dependents::may_be_in(text),
    };
    pins.extend(
        fetchers
            .iter()
            .filter_map(|call| of_call(container, library, call, &words)),
    );
    for spot in pins.iter_mut().filter_map(|pin| pin.spot.as_mut()) {
        if let Some(file) = library.source(&spot.file) {
            spot.locate(&file);
        }
    }
    pins
}

/// What a file speaks of at all, so that it is not looked for call by call.
struct Words {
    version: bool,
    hashes: bool,
}

fn of_call(container: &str, library: &Library, call: &Call, words: &Words) -> Option<Pin> {
    let fetcher = fetcher::by_function(&call.function)?;
    let arguments = Arguments::of(call, library);
    let fetched = (fetcher.read)(&arguments)?;
    let mut path = call.attrpath();
    if path.is_empty() {
        path.push(call.function.clone());
    }
    let version = match words.version {
        true => version_near(library, call).filter(|version| !version.is_same(&fetched.spot)),
        false => None,
    };
    Some(Pin {
        name: Name::new(container, &path),
        file: call.file().path().clone(),
        kind: fetched.kind,
        moves: fetched.moves,
        url: fetched.url,
        repository: fetched.repository,
        git_ref: fetched.git_ref,
        rev: Some(fetched.rev),
        hash: arguments.hash(),
        version,
        comment: Follow::comment(library, &fetched.spot),
        fetch: fetched.fetch,
        dependent_hashes: match words.hashes {
            true => dependents::hashes(library, call),
            false => Vec::new(),
        },
        role: Role::Single,
        spot: Some(fetched.spot),
    })
}

/// The `version` of the package that the call is the source of: the nearest around it, or else that of a package that
/// takes it by name.
fn version_near(library: &Library, call: &Call) -> Option<Spot> {
    let version = match call.nearest(library, "version") {
        Value::Text(text) => text,
        _ => call
            .consumers(library)
            .iter()
            .find_map(|consumer| consumer.attrs.get(library, "version").text())?,
    };
    Spot::literal(&version)
}

/// Two pins of one file by one name get numbers: `src`, `src#2`.
fn number_twins(pins: &mut [Pin]) {
    let mut seen: std::collections::HashMap<(Option<RelPath>, Name), usize> =
        std::collections::HashMap::new();
    for pin in pins {
        let file = pin.spot.as_ref().map(|spot| spot.file.clone());
        let count = seen.entry((file, pin.name.clone())).or_insert(0);
        *count += 1;
        if *count > 1 {
            pin.name.attrpath = format!("{}#{count}", pin.name.attrpath);
        }
    }
}

impl Found {
    /// The file that `pin` stands in and where in it, both 1-based, at the value that a bump would change.
    pub fn place(workspace: &Workspace, pin: &Pin) -> Option<(Arc<SourceFile>, Position)> {
        let spot = pin.spot.as_ref()?;
        let file = workspace.read(&spot.file).ok()?;
        let position = file.position(spot.offset());
        Some((file, position))
    }
}
