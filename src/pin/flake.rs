//! The inputs of a flake: `flake.nix` in all its spellings, with what `flake.lock` says.

use std::rc::Rc;
use std::sync::Arc;

use super::{Follow, Moves, Pin, PinKind, PinnedHash, Role};
use crate::manifest::flake_url;
use crate::naming::Name;
use crate::nix::{FlakeLock, InputLink, LockError};
use crate::problem::Problem;
use crate::source::{Position, RelPath, SourceFile, Workspace};
use crate::spot::Spot;
use crate::syntax::{Attrs, Library, NixFile, Text, Value, sets_with};

/// What a bump has to know about an input beside its pin.
#[derive(Clone, Debug)]
pub struct FlakeInput {
    pub input: String,
    pub flake_nix: RelPath,
    pub flake_lock: RelPath,
    /// Whether the rev stands in `flake.nix`; else only `flake.lock` has it.
    pub rev_in_nix: bool,
    /// The flake reference of `flake.nix` can be locked at any rev of a git repository.
    pub takes_rev: bool,
}

/// The inputs of the flake in `file`, in the order of the text.
pub fn find(
    container: &str,
    workspace: &Workspace,
    library: &Library,
    file: &Rc<NixFile>,
    problems: &mut Vec<Problem>,
) -> Vec<Pin> {
    let Value::Attrs(flake) = library.value(file) else {
        return Vec::new();
    };
    let inputs = flake.get(library, "inputs").attrs().unwrap_or_default();
    let lock_path = match file.path().parent().join("flake.lock") {
        Some(path) => path,
        None => return Vec::new(),
    };
    let lock = read_lock(workspace, &lock_path, problems);
    let lock = lock.as_ref().map(|(file, lock)| (file.as_ref(), lock));
    let mut names = inputs.names();
    // An argument of `outputs` is an input too: one that the registry knows, and only the lock file tells of.
    for (name, _) in lock.iter().flat_map(|(_, lock)| lock.inputs()) {
        if !names.iter().any(|known| known == name) && !sets_with(file, name).is_empty() {
            names.push(name.to_owned());
        }
    }
    names
        .into_iter()
        .filter_map(|name| {
            let attrs = match inputs.has(library, &name) {
                true => inputs.get(library, &name).attrs()?,
                false => Attrs::default(),
            };
            of_input(container, library, file, &name, &attrs, &lock_path, lock)
        })
        .collect()
}

fn read_lock(
    workspace: &Workspace,
    path: &RelPath,
    problems: &mut Vec<Problem>,
) -> Option<(Arc<SourceFile>, FlakeLock)> {
    if !workspace.has_file(path) {
        return None;
    }
    let file = match workspace.read(path) {
        Ok(file) => file,
        Err(error) => {
            problems.push(Problem::unreadable(path, &error));
            return None;
        }
    };
    match FlakeLock::parse(file.text()) {
        Ok(lock) => Some((file, lock)),
        Err(error) => {
            let position = match &error {
                LockError::Syntax { line, column, .. } => Position {
                    line: *line,
                    column: *column,
                },
                _ => Position { line: 1, column: 1 },
            };
            problems.push(Problem {
                file: path.clone(),
                position,
                message: error.to_string(),
                hint: Some("let `nix flake lock` write it anew".into()),
            });
            None
        }
    }
}

fn of_input(
    container: &str,
    library: &Library,
    file: &NixFile,
    name: &str,
    attrs: &Attrs,
    lock_path: &RelPath,
    lock: Option<(&SourceFile, &FlakeLock)>,
) -> Option<Pin> {
    let text = |key: &str| attrs.get(library, key).text();
    let url = text("url");
    if url.is_none() && text("type").is_none() {
        // `follows` alone: another input's pin. Nothing at all: a name of the registry, locked like any other.
        let follows = attrs.has(library, "follows");
        let locked =
            lock.is_some_and(|(_, lock)| matches!(lock.link(name), Some(InputLink::Node(_))));
        if follows || !locked {
            return None;
        }
    }
    let asked = Asked::read(library, attrs, url.as_ref());
    // A folder of this machine has no revision.
    let is_path = |url: &String| {
        ["path:", "./", "../", "/"]
            .iter()
            .any(|start| url.starts_with(start))
    };
    if asked.url.as_ref().is_some_and(is_path)
        || text("type").is_some_and(|kind| kind.value() == "path")
    {
        return None;
    }
    let node = lock.and_then(|(_, lock)| match lock.link(name)? {
        InputLink::Node(node) => lock.nodes.get(node),
        InputLink::Follows(_) => None,
    });
    let locked = node.and_then(|node| node.locked.as_ref());
    let from_lock = || {
        let rev = locked?.rev.as_ref()?;
        Some(Spot::bytes(lock_path, node?.rev_span.clone()?, rev))
    };
    let rev_in_nix = asked.rev.is_some();
    let spot = asked.rev.or_else(from_lock);
    let comment_at = text("rev")
        .or(text("ref"))
        .or(url)
        .as_ref()
        .and_then(Spot::literal_or_first);
    let path = vec!["inputs".to_owned(), name.to_owned()];
    let takes_rev = node
        .and_then(|node| node.original.as_ref())
        .and_then(|original| original.flake_ref_at("0000000000000000000000000000000000000000"))
        .is_some();
    Some(Pin {
        name: Name::new(container, &path),
        file: file.path().clone(),
        kind: PinKind::FlakeInput,
        moves: Moves::Rev,
        url: asked.url,
        repository: asked.repository,
        git_ref: asked.git_ref,
        rev: spot.as_ref().map(|spot| spot.value.clone()),
        hash: match locked.and_then(|locked| locked.nar_hash.clone()) {
            Some(hash) => PinnedHash::Locked(hash),
            None => PinnedHash::None,
        },
        version: None,
        comment: comment_at.and_then(|spot| Follow::comment(library, &spot)),
        fetch: None,
        dependent_hashes: Vec::new(),
        role: Role::FlakeInput(FlakeInput {
            input: name.to_owned(),
            flake_nix: file.path().clone(),
            flake_lock: lock_path.clone(),
            rev_in_nix,
            takes_rev,
        }),
        spot,
    })
}

/// What `flake.nix` asks for.
struct Asked {
    url: Option<String>,
    repository: Option<String>,
    git_ref: Option<String>,
    rev: Option<Spot>,
}

impl Asked {
    fn read(library: &Library, attrs: &Attrs, url: Option<&Text>) -> Asked {
        let string = |key: &str| attrs.get(library, key).text().map(|text| text.value());
        let mut asked = Asked {
            url: None,
            repository: None,
            git_ref: None,
            rev: None,
        };
        // Beside `type` a URL is git's own, not a flake reference.
        if let (Some("git"), Some(text)) = (string("type").as_deref(), url) {
            asked.repository = Some(text.value());
            asked.url = asked.repository.clone();
        } else if let Some(text) = url {
            let value = text.value();
            if let Some(flake) = flake_url::read(&value) {
                asked.rev = flake.rev.clone().and_then(|range| {
                    let (part, within) = text.part_at(&range)?;
                    Some(Spot::in_part(part, within))
                });
                asked.repository = flake.repository;
                asked.git_ref = flake.git_ref;
            }
            asked.url = Some(value);
        } else if let Some(kind) = string("type") {
            let forge = |default: &str| {
                let host = string("host").unwrap_or_else(|| default.to_owned());
                Some(format!(
                    "https://{host}/{}/{}",
                    string("owner")?,
                    string("repo")?
                ))
            };
            asked.repository = match kind.as_str() {
                "github" => forge("github.com"),
                "gitlab" => forge("gitlab.com"),
                "sourcehut" => forge("git.sr.ht"),
                _ => None,
            };
            asked.url = asked.repository.clone();
        }
        asked.git_ref = string("ref").or(asked.git_ref);
        asked.rev = attrs
            .get(library, "rev")
            .text()
            .as_ref()
            .and_then(Spot::literal)
            .or(asked.rev);
        asked
    }
}
