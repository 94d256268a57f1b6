//! Finding every pin of a workspace: each file once, in parallel, and only those that can hold one.

use std::rc::Rc;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;

use super::fetcher::{self, Arguments};
use super::{Containers, Pin, PinName, Role, Spot, flake, nixbuild, spork};
use crate::config::Config;
use crate::manifest::ManifestError;
use crate::source::{Position, RelPath, SourceError, SourceFile, Workspace};
use crate::syntax::{Call, Library, NixFile, SyntaxProblem, Value, calls};

/// All pins, and what was wrong with the files that were to be looked through.
#[derive(Debug, Default)]
pub struct Found {
    /// By file and place.
    pub pins: Vec<Pin>,
    pub problems: Vec<Problem>,
    /// The files that were looked at, sorted.
    pub files: Vec<RelPath>,
}

/// Something wrong with a file of the user's: it is told, and the rest goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: RelPath,
    pub position: Position,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn unreadable(file: &RelPath, error: &SourceError) -> Problem {
        let line = match error {
            SourceError::NotUtf8 { line, .. } => *line,
            _ => 1,
        };
        let hint = matches!(error, SourceError::NotUtf8 { .. })
            .then(|| "save the file as UTF-8".to_owned());
        Problem {
            file: file.clone(),
            position: Position { line, column: 1 },
            message: error.reason(),
            hint,
        }
    }

    pub(super) fn of_manifest(file: &RelPath, error: &ManifestError) -> Problem {
        let (position, message) = error.place();
        Problem {
            file: file.clone(),
            position,
            message,
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl From<SyntaxProblem> for Problem {
    fn from(problem: SyntaxProblem) -> Problem {
        let SyntaxProblem {
            file,
            position,
            message,
            hint,
        } = problem;
        Problem {
            file,
            position,
            message,
            hint: hint.map(str::to_owned),
        }
    }
}

/// What is known of a file before it is looked into.
pub struct Source {
    pub container: String,
    /// What stands before the attribute paths of its pins.
    pub prefix: Vec<String>,
}

impl Source {
    /// The comment behind a value in a Nix file.
    pub(super) fn comment(&self, library: &Library, spot: &Spot) -> Option<String> {
        library.comment_of(spot.part()?)
    }
}

/// Words of which a Nix file with a pin holds at least one.
struct Needles(AhoCorasick);

impl Needles {
    fn new() -> Option<Needles> {
        let words = fetcher::functions().chain([spork::UPSTREAM]);
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(words)
            .ok()
            .map(Needles)
    }

    fn are_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Looks through `files`, all of the workspace's. A file that cannot be read or parsed is a problem, not an error.
pub fn find(workspace: &Workspace, config: &Config, files: Vec<RelPath>) -> Found {
    let containers = Containers::new(config, &files);
    let needles = Needles::new();
    let per_file: Vec<(Vec<Pin>, Vec<Problem>)> = files
        .par_iter()
        .filter(|path| is_source(path))
        .map(|path| {
            let source = Source {
                container: containers.name_of(path),
                prefix: Vec::new(),
            };
            in_file(workspace, &source, path, needles.as_ref())
        })
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
    spork::take_in_calls(&mut found.pins);
    number_twins(&mut found.pins);
    found
}

fn is_source(path: &RelPath) -> bool {
    let name = path.file_name();
    name.ends_with(".nix") || name.ends_with(".yaml") || name.ends_with(".yml")
}

fn in_file(
    workspace: &Workspace,
    source: &Source,
    path: &RelPath,
    needles: Option<&Needles>,
) -> (Vec<Pin>, Vec<Problem>) {
    let mut problems = Vec::new();
    let file = match workspace.read(path) {
        Ok(file) => file,
        // Vanished since the folder was read: another program's doing, and nothing to say about.
        Err(SourceError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return (Vec::new(), Vec::new());
        }
        Err(error) => return (Vec::new(), vec![Problem::unreadable(path, &error)]),
    };
    if !path.file_name().ends_with(".nix") {
        let speaks_of_builds = nixbuild::NEEDLES
            .iter()
            .any(|word| file.text().contains(word));
        let pins = if speaks_of_builds {
            nixbuild::find(source, &file, &mut problems)
        } else {
            Vec::new()
        };
        return (pins, problems);
    }
    let is_flake = path.file_name() == "flake.nix";
    if !is_flake && needles.is_some_and(|needles| !needles.are_in(file.text())) {
        return (Vec::new(), problems);
    }
    match NixFile::parse(file) {
        Ok(file) => (
            in_nix(workspace, source, &Rc::new(file), is_flake, &mut problems),
            problems,
        ),
        Err(problem) => (Vec::new(), vec![problem.into()]),
    }
}

fn in_nix(
    workspace: &Workspace,
    source: &Source,
    file: &Rc<NixFile>,
    is_flake: bool,
    problems: &mut Vec<Problem>,
) -> Vec<Pin> {
    let library = Library::new(workspace);
    library.add(file.clone());
    let mut pins = match is_flake {
        true => flake::find(source, workspace, &library, file, problems),
        false => Vec::new(),
    };
    let fetchers = calls(file, |name| fetcher::by_function(name).is_some());
    pins.extend(spork::find(source, &library, file, &fetchers));
    let sporks = pins.len();
    for call in &fetchers {
        if let Some(pin) = of_call(source, &library, call) {
            // A call that fetches a spork's revision is part of the spork.
            let known = pins[..sporks]
                .iter()
                .any(|other| match (&other.spot, &pin.spot) {
                    (Some(a), Some(b)) => a.is_same(b),
                    _ => false,
                });
            if !known {
                pins.push(pin);
            }
        }
    }
    pins
}

fn of_call(source: &Source, library: &Library, call: &Call) -> Option<Pin> {
    let fetcher = fetcher::by_function(&call.function)?;
    let arguments = Arguments::of(call, library);
    let fetched = (fetcher.read)(&arguments)?;
    let mut path = call.attrpath();
    if path.is_empty() {
        path.push(call.function.clone());
    }
    path.splice(0..0, source.prefix.iter().cloned());
    let version = version_near(library, call).filter(|version| !version.is_same(&fetched.spot));
    Some(Pin {
        name: PinName::new(&source.container, &path),
        kind: fetched.kind,
        moves: fetched.moves,
        url: fetched.url,
        repository: fetched.repository,
        git_ref: fetched.git_ref,
        rev: Some(fetched.rev),
        hash: arguments.hash(),
        version,
        comment: source.comment(library, &fetched.spot),
        fetch: fetched.fetch,
        dependent_hashes: dependent_hashes(library, call),
        role: Role::Single,
        spot: Some(fetched.spot),
    })
}

/// The `version` of the package that the call is the source of: in scope, or an attribute of a set around it.
fn version_near(library: &Library, call: &Call) -> Option<Spot> {
    let in_scope = call.name(library, "version");
    std::iter::once(in_scope)
        .chain(
            call.enclosing_sets()
                .iter()
                .map(|set| set.get(library, "version")),
        )
        .find_map(|value| value.text())
        .as_ref()
        .and_then(Spot::literal)
}

/// Attributes of the package around a source whose hashes are taken over what is built from it.
const DERIVED: &[&str] = &[
    "vendorHash",
    "vendorSha256",
    "cargoHash",
    "cargoSha256",
    "npmDepsHash",
    "yarnHash",
    "offlineCacheHash",
    "pnpmDepsHash",
    "mvnHash",
    "outputHash",
    "goModules",
    "depsHash",
    "nugetDepsHash",
    "mixFodDepsHash",
];

fn dependent_hashes(library: &Library, call: &Call) -> Vec<String> {
    // The first set around the call is its own argument's only when the argument holds it; a `src = fetch…` binding
    // stands in the package's set.
    call.enclosing_sets()
        .first()
        .map(|set| {
            DERIVED
                .iter()
                .filter(|name| matches!(set.get(library, name), Value::Text(text) if !text.value().is_empty()))
                .map(|name| (*name).to_owned())
                .collect()
        })
        .unwrap_or_default()
}

/// Two pins of one file by one name get numbers: `src`, `src#2`.
fn number_twins(pins: &mut [Pin]) {
    let mut seen: std::collections::HashMap<(Option<RelPath>, PinName), usize> =
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
