//! Fake hashes: for each literal its own, the same on every machine and run, and known to belong to nothing.
//!
//! Nix tells a fixed-output derivation by its hash, so that which literal belongs to which derivation is read off
//! the fake that turns up in it; literals of equal text are told apart.

use std::collections::BTreeMap;
use std::io::Write;

use super::literal::Literal;
use crate::edit::{self, Edit, EditError};
use crate::hash::{Algo, Hash, Hasher};
use crate::manifest::{self, Format, ManifestError};
use crate::naming::Name;
use crate::source::{RelPath, SourceError, SourceFile, Workspace};
use crate::spot::SpotError;
use crate::syntax::{NixFile, SyntaxProblem};

/// Why hashes could not be written for literals.
#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Spot(#[from] SpotError),
    #[error("{path}: {error}")]
    Edit { path: RelPath, error: EditError },
    /// The changed text is no Nix any more: the change was dropped.
    #[error("{}:{}:{}: writing hashes here would break the file: {}",
        .0.file, .0.position.line, .0.position.column, .0.message)]
    Syntax(Box<SyntaxProblem>),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The fake of `literal`: taken from its algorithm, file and name, and of nothing that it says.
pub fn fake(literal: &Literal) -> Hash {
    fake_for(literal.algo, literal.path(), &literal.name)
}

/// The fake for a hash of `algo` by `name` in `file`.
pub fn fake_for(algo: Algo, file: &RelPath, name: &Name) -> Hash {
    let about = ["cotter fake", algo.name(), file.as_str(), &name.attrpath].join("\0");
    let mut hasher = Hasher::new(algo);
    // Writing to a hasher cannot fail.
    let _ = hasher.write_all(about.as_bytes());
    hasher.finish()
}

/// The files of `workspace` in which each literal says the hash that is given for it; sorted by path. The literals
/// must have been found in `workspace` as it is.
pub fn apply<'l>(
    workspace: &Workspace,
    hashes: impl IntoIterator<Item = (&'l Literal, &'l Hash)>,
) -> Result<Vec<SourceFile>, FakeError> {
    let mut by_file: BTreeMap<&RelPath, Vec<(&Literal, &Hash)>> = BTreeMap::new();
    for (literal, hash) in hashes {
        by_file
            .entry(literal.path())
            .or_default()
            .push((literal, hash));
    }
    by_file
        .into_iter()
        .map(|(path, hashes)| in_file(workspace, path, &hashes))
        .collect()
}

fn in_file(
    workspace: &Workspace,
    path: &RelPath,
    hashes: &[(&Literal, &Hash)],
) -> Result<SourceFile, FakeError> {
    let file = workspace.read(path)?;
    let edits = hashes
        .iter()
        .map(|(literal, hash)| literal.replace(&file, hash))
        .collect::<Result<Vec<Edit>, SpotError>>()?;
    let text = edit::apply(file.text(), &edits).map_err(|error| FakeError::Edit {
        path: path.clone(),
        error,
    })?;
    let changed = file.with_text(text);
    prove(&changed)?;
    Ok(changed)
}

/// The changed file must read as before.
fn prove(file: &SourceFile) -> Result<(), FakeError> {
    let path = file.path();
    if path.file_name().ends_with(".nix") {
        let copy = file.with_text(file.text().to_owned());
        NixFile::parse(copy.into()).map_err(|problem| FakeError::Syntax(Box::new(problem)))?;
    } else if matches!(Format::of(path), Format::Json | Format::Toml) {
        manifest::parse(file)?;
    }
    Ok(())
}
