//! Lock files that changed, and the hashes of what is made from them.

use std::collections::BTreeMap;

use super::sides::{Sides, called};
use crate::check::{Place, Report};
use crate::fod::Literal;
use crate::manifest::{self, cargo_lock};
use crate::source::{RelPath, SourceFile};
use crate::spot::Spot;
use crate::syntax::{Attrs, calls, sets_with};

const GO: &[&str] = &["go.sum"];
const CARGO: &[&str] = &["Cargo.lock"];
const NPM: &[&str] = &["package-lock.json", "npm-shrinkwrap.json"];
const YARN: &[&str] = &["yarn.lock"];
const PNPM: &[&str] = &["pnpm-lock.yaml"];
/// Every lock file of which something is fetched.
const ANY: &[&str] = &[
    "go.sum",
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "pubspec.lock",
];
const PACKAGE: &str = "package.json";

/// Names of hashes, and the lock files that each is taken over.
const HASHES: &[(&str, &[&str])] = &[
    ("vendorHash", GO),
    ("vendorSha256", GO),
    ("cargoHash", CARGO),
    ("cargoSha256", CARGO),
    ("npmDepsHash", NPM),
    ("yarnDepsHash", YARN),
    ("pnpmDepsHash", PNPM),
    ("outputHash", ANY),
];
/// Functions that fetch what a lock file names, and which.
const FETCHERS: &[(&str, &[&str])] = &[
    ("fetchNpmDeps", NPM),
    ("fetchYarnDeps", YARN),
    ("fetchYarnBerryDeps", YARN),
    ("fetchPnpmDeps", PNPM),
    ("fetchDeps", PNPM),
    ("fetchCargoVendor", CARGO),
    ("fetchCargoTarball", CARGO),
];
/// A Nix file that holds none of these has no hash that is taken over a lock file.
pub const NAMES: &[&str] = &[
    "vendorHash",
    "vendorSha256",
    "cargoHash",
    "cargoSha256",
    "DepsHash",
    "outputHash",
    "fetchNpmDeps",
    "fetchYarn",
    "fetchPnpmDeps",
    "fetchDeps",
    "fetchCargo",
];
const OF_CALLS: &[&str] = &["hash", "sha256", "sha512"];
/// Names of the folder in the source that has the lock file.
const ROOTS: &[&str] = &["modRoot", "cargoRoot", "npmRoot", "pnpmRoot", "sourceRoot"];

/// Whether a hash may be taken over `file`.
pub fn is_watched(file: &RelPath) -> bool {
    ANY.contains(&file.file_name()) || file.file_name() == PACKAGE
}

pub fn check(sides: &Sides, report: &mut Report) {
    let changed: Vec<RelPath> = sides
        .before
        .changed()
        .changed
        .iter()
        .filter(|path| is_watched(path))
        .filter(|path| differs(sides, path).unwrap_or(false))
        .cloned()
        .collect();
    if changed.is_empty() {
        return;
    }
    let file = sides.view.file;
    let text = file.source().text();
    for (name, locks) in HASHES.iter().filter(|(name, _)| text.contains(name)) {
        for (attrs, _) in sets_with(file, name) {
            of_set(sides, &attrs, name, locks, &changed, report);
        }
    }
    let fetches = |name: &str| FETCHERS.iter().find(|(function, _)| *function == name);
    if FETCHERS.iter().any(|(function, _)| text.contains(function)) {
        for call in calls(file, |name| fetches(name).is_some()) {
            let (Some(attrs), Some((_, locks))) =
                (call.arguments(sides.view.library), fetches(&call.function))
            else {
                continue;
            };
            for name in OF_CALLS
                .iter()
                .filter(|name| attrs.place_of(name).is_some())
            {
                of_set(sides, &attrs, name, locks, &changed, report);
            }
        }
    }
    if text.contains("outputHashes") {
        for (attrs, _) in sets_with(file, "outputHashes") {
            of_git_crates(sides, &attrs, &changed, report);
        }
    }
}

/// Whether what the file says is not what it said; `None` where it was not there.
fn differs(sides: &Sides, path: &RelPath) -> Option<bool> {
    // A binary lock file has no text to compare.
    if path.file_name() == "bun.lockb" {
        return Some(sides.before.base().read(path).ok()?.is_some());
    }
    let then = sides.before.file(path)?;
    let now = sides.view.subject.workspace.read(path).ok()?;
    if path.file_name() == PACKAGE {
        return Some(dependencies(&then)? != dependencies(&now)?);
    }
    let lines = |file: &SourceFile| {
        let lines = file.text().lines().map(str::trim_end);
        let mut lines: Vec<String> = lines.filter(|l| !l.is_empty()).map(str::to_owned).collect();
        // Of these each line is by itself.
        if path.file_name() == "go.sum" {
            lines.sort_unstable();
            lines.dedup();
        }
        lines
    };
    Some(lines(&then) != lines(&now))
}

/// What a `package.json` asks to be installed.
fn dependencies(file: &SourceFile) -> Option<BTreeMap<String, String>> {
    const TABLES: &[&str] = &[
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "overrides",
        "resolutions",
        "patchedDependencies",
    ];
    let tree = manifest::parse(file).ok()?;
    let root = tree.documents.first()?;
    let mut all = BTreeMap::new();
    for table in TABLES {
        for (name, version) in root.get(table).into_iter().flat_map(|node| node.pairs()) {
            let version = version.as_str().unwrap_or_default().to_owned();
            all.insert(format!("{table} {name}"), version);
        }
    }
    Some(all)
}

/// Reports the hash `name` of `attrs` where a lock file that it is taken over has changed.
fn of_set(
    sides: &Sides,
    attrs: &Attrs,
    name: &str,
    locks: &[&str],
    changed: &[RelPath],
    report: &mut Report,
) {
    let left = literals(sides, attrs, name);
    let left: Vec<&Literal> = left
        .iter()
        .filter(|literal| sides.is_left(literal))
        .collect();
    if left.is_empty() {
        return;
    }
    let source = Source::of(sides, attrs);
    let is_meant = |path: &&RelPath| {
        let file = path.file_name();
        (locks.contains(&file) || (file == PACKAGE && name == "outputHash")) && source.has(path)
    };
    let mut over: Vec<&RelPath> = changed.iter().filter(is_meant).collect();
    // What it asks for is in the lock file then.
    if over.iter().any(|path| path.file_name() != PACKAGE) {
        over.retain(|path| path.file_name() != PACKAGE);
    }
    let Some(first) = over.first() else {
        return;
    };
    for literal in left {
        let message = format!(
            "`{}` is what it was before {first} changed",
            called(literal)
        );
        let related = over
            .iter()
            .map(|path| (Place::whole(path), "this has changed".to_owned()))
            .collect();
        sides.tell(report, literal, message, related);
    }
}

/// The hash literals that `name` is bound to: one, or one for each system.
fn literals(sides: &Sides, attrs: &Attrs, name: &str) -> Vec<Literal> {
    let library = sides.view.library;
    if let Some(text) = attrs.get(library, name).text() {
        let spot = Spot::literal(&text);
        let literal = spot.and_then(|spot| sides.literal_at(&spot.file, spot.offset()));
        return literal.into_iter().collect();
    }
    match attrs.place_of(name) {
        Some(place) if place.name != place.value => sides.literals_in(&place.file, &place.value),
        _ => Vec::new(),
    }
}

/// What a hash is taken over, as far as the text tells.
struct Source {
    /// Files that are named.
    named: Vec<RelPath>,
    /// The folders that have the lock file directly in them.
    folders: Vec<RelPath>,
}

impl Source {
    fn of(sides: &Sides, attrs: &Attrs) -> Source {
        let library = sides.view.library;
        let hashes: Vec<&str> = HASHES
            .iter()
            .map(|(name, _)| *name)
            .chain(["hash"])
            .collect();
        let mut named = attrs.paths_within(library, &hashes);
        let mut folders = Vec::new();
        if let Some(source) = attrs.source_behind(library, "src") {
            folders.extend(source.paths.clone());
            // Of a file set only what is in it, not its root.
            if source.text.contains("fileset") && !folders.is_empty() {
                let root = folders.remove(0);
                named.extend(folders.iter().cloned());
                folders.retain(|path| *path == root);
            }
            let is_flake = source.file.file_name() == "flake.nix";
            if is_flake && matches!(source.text.trim(), "self" | "inputs.self") {
                folders.push(source.file.parent());
            }
        }
        for root in ROOTS.iter().filter(|root| attrs.has(library, root)) {
            let below = attrs.get(library, root).text().map(|text| text.value());
            let below = below.map(|path| path.trim_start_matches("source/").to_owned());
            folders = match below {
                Some(below) => folders.iter().filter_map(|f| f.join(&below)).collect(),
                None => Vec::new(),
            };
        }
        Source { named, folders }
    }

    fn has(&self, lock: &RelPath) -> bool {
        self.named.contains(lock) || self.folders.contains(&lock.parent())
    }
}

/// Reports the entries of `outputHashes` whose crate the lock file takes from another commit now.
fn of_git_crates(sides: &Sides, holder: &Attrs, changed: &[RelPath], report: &mut Report) {
    let library = sides.view.library;
    let Some(lock) = holder
        .file_named(library, "lockFile")
        .filter(|path| changed.contains(path))
    else {
        return;
    };
    let (Some(then), Ok(now)) = (
        sides.before.file(&lock),
        sides.view.subject.workspace.read(&lock),
    ) else {
        return;
    };
    let (Some(then), Some(now)) = (git_crates(&then), git_crates(&now)) else {
        return;
    };
    let Some(set) = holder.get(library, "outputHashes").attrs() else {
        return;
    };
    for key in set.names() {
        let (Some(was), Some(is)) = (then.get(&key), now.get(&key)) else {
            continue;
        };
        if was == is {
            continue;
        }
        for literal in literals(sides, &set, &key) {
            if sides.is_left(&literal) {
                let short = |rev: &str| rev.chars().take(12).collect::<String>();
                let message = format!(
                    "the hash of `{key}` is what it was for {}, and {lock} takes the crate at {} now",
                    short(was),
                    short(is)
                );
                let related = vec![(Place::whole(&lock), "this has changed".to_owned())];
                sides.tell(report, &literal, message, related);
            }
        }
    }
}

/// The commit of each key of `outputHashes`: of the first crate of that name and version.
fn git_crates(lock: &SourceFile) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for package in cargo_lock::read(lock).ok()?.packages {
        if let Some(git) = package.git() {
            let key = format!("{}-{}", package.name, package.version);
            found.entry(key).or_insert(git.rev);
        }
    }
    Some(found)
}
