//! Which files have to be looked at so that nothing is missed that is about the files that were asked for: those of
//! their containers, what `cotter.toml` says belongs to these, and what reads them.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::rules::hash_left_behind;
use super::{Scope, Subject};
use crate::config;
use crate::fod::lock;
use crate::source::RelPath;

/// Names of files whose every change may matter to any other: of these, everything is asked for.
const OF_ALL: [&str; 3] = [config::FILE, ".gitignore", ".gitattributes"];
/// Names of files that speak of many containers.
const SERVICES: &str = "service-versions";

/// What is asked for with `scope`.
pub fn widened(scope: &Scope) -> Scope {
    let is_of_all = |file: &RelPath| OF_ALL.contains(&file.file_name());
    match scope {
        Scope::Files(files) if files.iter().any(is_of_all) => Scope::All,
        scope => scope.clone(),
    }
}

/// What has to be looked at.
pub struct Related {
    /// Sorted.
    pub files: Vec<RelPath>,
    /// The containers, and their files.
    pub containers: BTreeMap<String, Vec<RelPath>>,
}

pub fn of(subject: &Subject, scope: &Scope) -> Related {
    let named: Vec<(&RelPath, String)> = subject
        .files
        .iter()
        .map(|file| (file, subject.containers.name_of(file)))
        .collect();
    let concerned = match scope {
        Scope::All => None,
        Scope::Files(files) => match files.iter().any(|file| file.stem() == SERVICES) {
            true => None,
            false => Some(concerned(subject, files, &named)),
        },
    };
    let is_meant = |name: &str| concerned.as_ref().is_none_or(|names| names.contains(name));
    let mut containers: BTreeMap<String, Vec<RelPath>> = BTreeMap::new();
    let mut files = Vec::new();
    for (file, name) in named {
        if is_meant(&name) {
            files.push(file.clone());
            containers.entry(name).or_default().push(file.clone());
        }
    }
    for (name, container) in &subject.config.container {
        let Some(own) = is_meant(name).then(|| containers.entry(name.clone()).or_default()) else {
            continue;
        };
        own.extend(container.manifest_files().filter(|f| subject.has_file(f)));
        own.sort_unstable();
        own.dedup();
    }
    Related { files, containers }
}

/// The names of the containers that `files` are part of or matter to.
fn concerned(
    subject: &Subject,
    files: &BTreeSet<RelPath>,
    named: &[(&RelPath, String)],
) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = files
        .iter()
        .map(|file| subject.containers.name_of(file))
        .collect();
    for (name, container) in &subject.config.container {
        let service = container.service.as_ref();
        let service = service.and_then(|service| RelPath::new(service.file.get_ref()));
        if service.is_some_and(|service| files.contains(&service)) {
            names.insert(name.clone());
        }
    }
    // What a hash was verified for, and the record itself.
    let is_lock = files.iter().any(|file| file.as_str() == lock::FILE);
    for (file, _, entry) in subject.lock.entries() {
        if is_lock || entry.files.keys().any(|input| files.contains(input)) {
            names.insert(subject.containers.name_of(file));
        }
    }
    // A hash may be taken over a folder that holds the file, which is named in any way.
    if files.iter().any(hash_left_behind::is_watched) {
        let has_hash = AhoCorasick::new(hash_left_behind::NAMES_OVER_LOCKS).ok();
        let is_match = |bytes: &[u8]| has_hash.as_ref().is_none_or(|words| words.is_match(bytes));
        let hashed = named.par_iter().filter(|(file, _)| {
            file.file_name().ends_with(".nix")
                && matches!(subject.workspace.read_if(file, is_match), Ok(Some(_)))
        });
        let hashed: Vec<String> = hashed.map(|(_, name)| name.clone()).collect();
        names.extend(hashed);
    }
    names.extend(readers(subject, files, named));
    names
}

/// The containers of the Nix files that name one of `files`, or a file that does, in their text.
fn readers(
    subject: &Subject,
    files: &BTreeSet<RelPath>,
    named: &[(&RelPath, String)],
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut left: Vec<&(&RelPath, String)> = named
        .iter()
        .filter(|(file, _)| file.file_name().ends_with(".nix") && !files.contains(*file))
        .collect();
    let mut words: BTreeSet<String> = files.iter().map(import_word).collect();
    while !words.is_empty() {
        let Ok(automaton) = AhoCorasick::new(words.iter()) else {
            break;
        };
        let (found, rest): (Vec<_>, Vec<_>) = left.into_par_iter().partition(|(file, _)| {
            let is_match = |bytes: &[u8]| automaton.is_match(bytes);
            matches!(subject.workspace.read_if(file, is_match), Ok(Some(_)))
        });
        let known = std::mem::take(&mut words);
        for (file, name) in found {
            names.insert(name.clone());
            words.insert(import_word(file));
        }
        words.retain(|word| !known.contains(word));
        left = rest;
    }
    names
}

/// What a Nix file has to hold that reads `file`: its name or, of a `default.nix`, that of its folder.
fn import_word(file: &RelPath) -> String {
    match file.file_name() {
        "default.nix" | "flake.nix" | "flake.lock" => {
            format!("/{}", file.parent().file_name())
        }
        name => format!("/{name}"),
    }
}
