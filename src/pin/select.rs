//! Which pins the words of a command line mean.

use std::collections::BTreeMap;
use std::path::Path;

use globset::GlobBuilder;

use super::Pin;
use crate::source::{RelPath, SourceError, Workspace};

/// The pins that were asked for.
#[derive(Debug, Default)]
pub struct Selection {
    /// Indices, each once, in the order of the pins.
    pub pins: Vec<usize>,
    /// Whether they were asked for by name or path, rather than as all there are.
    pub is_explicit: bool,
    /// The files and folders among the words.
    pub paths: Vec<RelPath>,
    /// Those that a name with an attribute path means, such as `kingfisher:upstreamRev`.
    pub named: Vec<usize>,
}

/// Words that mean nothing, or too much.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error("`{word}` is no file or folder, and no pin's name matches it")]
    NoMatch {
        word: String,
        nearest: Option<String>,
    },
    #[error("no pin stands in `{word}`")]
    NothingThere { word: String },
    #[error("`{word}` is no pattern of names: {reason}")]
    Pattern { word: String, reason: String },
    #[error("`{name}` names more than one pin: {}", .places.join(", "))]
    Ambiguous { name: String, places: Vec<String> },
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl SelectionError {
    pub fn hint(&self) -> Option<String> {
        match self {
            SelectionError::NoMatch {
                nearest: Some(name),
                ..
            } => Some(format!("did you mean `{name}`?")),
            SelectionError::NoMatch { .. } | SelectionError::NothingThere { .. } => {
                Some("`cotter pin list` shows all names".into())
            }
            SelectionError::Ambiguous { .. } => Some(
                "give the file instead of the name, or name one of the containers in cotter.toml: \
                 `[container.NAME]` with `nix = \"FILE\"`"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// The pins that `words` mean, all where there are none. `base` is the folder that paths are seen from.
///
/// A word is a path when it is one; else a name or a glob over names, and without a colon the name of a container.
pub fn select(
    workspace: &Workspace,
    base: &Path,
    pins: &[Pin],
    words: &[String],
) -> Result<Selection, SelectionError> {
    if words.is_empty() {
        return Ok(Selection {
            pins: (0..pins.len()).collect(),
            ..Selection::default()
        });
    }
    let mut selection = Selection {
        is_explicit: true,
        ..Selection::default()
    };
    for word in words {
        let path = base.join(word);
        let found = match path.symlink_metadata().is_ok() {
            true => {
                let path = workspace.locate(base, Path::new(word))?;
                let found = by_path(&path, pins);
                selection.paths.push(path);
                found
            }
            false => by_name(word, pins)?,
        };
        if found.is_empty() {
            return Err(match path.exists() {
                true => SelectionError::NothingThere { word: word.clone() },
                false => SelectionError::NoMatch {
                    word: word.clone(),
                    nearest: nearest(word, pins),
                },
            });
        }
        if word.contains(':') && !path.exists() {
            selection.named.extend(&found);
        }
        selection.pins.extend(found);
    }
    for list in [&mut selection.pins, &mut selection.named] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(selection)
}

fn by_path(path: &RelPath, pins: &[Pin]) -> Vec<usize> {
    let within = |pin: &Pin| match (&pin.spot, &pin.role) {
        (_, super::Role::FlakeInput(input)) => {
            input.flake_nix.is_within(path) || input.flake_lock.is_within(path)
        }
        (Some(spot), _) => spot.file.is_within(path) || pin.file.is_within(path),
        (None, _) => false,
    };
    pins.iter()
        .enumerate()
        .filter(|(_, pin)| within(pin))
        .map(|(at, _)| at)
        .collect()
}

fn by_name(word: &str, pins: &[Pin]) -> Result<Vec<usize>, SelectionError> {
    let pattern = if word.contains(':') {
        word.to_owned()
    } else {
        format!("{word}:*")
    };
    let exact: Vec<usize> = (0..pins.len())
        .filter(|at| pins[*at].name.to_string() == word)
        .collect();
    let found = match exact.is_empty() {
        false => exact,
        true => {
            let matcher = GlobBuilder::new(&pattern)
                .build()
                .map_err(|error| SelectionError::Pattern {
                    word: word.into(),
                    reason: error.kind().to_string(),
                })?
                .compile_matcher();
            (0..pins.len())
                .filter(|at| matcher.is_match(pins[*at].name.to_string()))
                .collect()
        }
    };
    refuse_twins(&found, pins)?;
    Ok(found)
}

/// One name for pins of two files: which of them was meant cannot be told.
pub fn refuse_twins(found: &[usize], pins: &[Pin]) -> Result<(), SelectionError> {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for at in found {
        let file = pins[*at]
            .spot
            .as_ref()
            .map_or_else(String::new, |spot| spot.file.to_string());
        by_name
            .entry(pins[*at].name.to_string())
            .or_default()
            .push(file);
    }
    match by_name.into_iter().find(|(_, places)| places.len() > 1) {
        Some((name, places)) => Err(SelectionError::Ambiguous { name, places }),
        None => Ok(()),
    }
}

/// The name or container that `word` is most like.
fn nearest(word: &str, pins: &[Pin]) -> Option<String> {
    let names = pins
        .iter()
        .flat_map(|pin| [pin.name.to_string(), pin.name.container.clone()]);
    names
        .map(|name| {
            (
                similar::TextDiff::from_chars(word, name.as_str()).ratio(),
                name,
            )
        })
        .filter(|(ratio, _)| *ratio > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
