//! Which of the named places the words of a command line mean.

use std::collections::BTreeMap;
use std::path::Path;

use globset::GlobBuilder;

use super::Name;
use crate::source::{RelPath, SourceError, Workspace};

/// Something that can be asked for by name or path.
pub trait Named {
    /// What it is called in messages: `pin`.
    const NOUN: &'static str;
    /// The command that shows all of them.
    const LISTED_BY: &'static str;

    fn name(&self) -> &Name;

    /// Whether it stands in `path`, a file or a folder.
    fn is_within(&self, path: &RelPath) -> bool;

    /// The file that it stands in, where there is one.
    fn file(&self) -> Option<&RelPath>;
}

/// The places that were asked for.
#[derive(Debug, Default)]
pub struct Selection {
    /// Indices, each once, in the order of the places.
    pub chosen: Vec<usize>,
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
    #[error("`{word}` is no file or folder, and no {noun}'s name matches it")]
    NoMatch {
        word: String,
        noun: &'static str,
        listed_by: &'static str,
        nearest: Option<String>,
    },
    #[error("no {noun} stands in `{word}`")]
    NothingThere {
        word: String,
        noun: &'static str,
        listed_by: &'static str,
    },
    #[error("`{word}` is no pattern of names: {reason}")]
    Pattern { word: String, reason: String },
    #[error("`{name}` names more than one {noun}: {}", .places.join(", "))]
    Ambiguous {
        name: String,
        noun: &'static str,
        places: Vec<String>,
    },
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
            SelectionError::NoMatch { listed_by, .. }
            | SelectionError::NothingThere { listed_by, .. } => {
                Some(format!("`{listed_by}` shows all names"))
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

/// The ones of `all` that `words` mean, all where there are none. `base` is the folder that paths are seen from.
///
/// A word is a path when it is one; else a name or a glob over names, and without a colon the name of a container.
pub fn select<T: Named>(
    workspace: &Workspace,
    base: &Path,
    all: &[T],
    words: &[String],
) -> Result<Selection, SelectionError> {
    if words.is_empty() {
        return Ok(Selection {
            chosen: (0..all.len()).collect(),
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
                let found = by_path(&path, all);
                selection.paths.push(path);
                found
            }
            false => by_name(word, all)?,
        };
        if found.is_empty() {
            return Err(match path.exists() {
                true => SelectionError::NothingThere {
                    word: word.clone(),
                    noun: T::NOUN,
                    listed_by: T::LISTED_BY,
                },
                false => SelectionError::NoMatch {
                    word: word.clone(),
                    noun: T::NOUN,
                    listed_by: T::LISTED_BY,
                    nearest: nearest(word, all),
                },
            });
        }
        if word.contains(':') && !path.exists() {
            selection.named.extend(&found);
        }
        selection.chosen.extend(found);
    }
    for list in [&mut selection.chosen, &mut selection.named] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(selection)
}

fn by_path<T: Named>(path: &RelPath, all: &[T]) -> Vec<usize> {
    (0..all.len())
        .filter(|at| all[*at].is_within(path))
        .collect()
}

fn by_name<T: Named>(word: &str, all: &[T]) -> Result<Vec<usize>, SelectionError> {
    let pattern = if word.contains(':') {
        word.to_owned()
    } else {
        format!("{word}:*")
    };
    let exact: Vec<usize> = (0..all.len())
        .filter(|at| all[*at].name().to_string() == word)
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
            (0..all.len())
                .filter(|at| matcher.is_match(all[*at].name().to_string()))
                .collect()
        }
    };
    refuse_twins(&found, all)?;
    Ok(found)
}

/// One name for places of two files: which of them was meant cannot be told.
pub fn refuse_twins<T: Named>(found: &[usize], all: &[T]) -> Result<(), SelectionError> {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for at in found {
        let file = all[*at].file().map_or_else(String::new, RelPath::to_string);
        by_name
            .entry(all[*at].name().to_string())
            .or_default()
            .push(file);
    }
    match by_name.into_iter().find(|(_, places)| places.len() > 1) {
        Some((name, places)) => Err(SelectionError::Ambiguous {
            name,
            noun: T::NOUN,
            places,
        }),
        None => Ok(()),
    }
}

/// The name or container that `word` is most like.
fn nearest<T: Named>(word: &str, all: &[T]) -> Option<String> {
    let names = all
        .iter()
        .map(Named::name)
        .flat_map(|name| [name.to_string(), name.container.clone()]);
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
