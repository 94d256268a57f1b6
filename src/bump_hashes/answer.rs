//! What the rows of a run say to a bump.

use super::BumpHashes;
use super::engine::Rehashed;
use crate::fod::run::{RehashError, Unevaluated};
use crate::fod::{Literal, Row, Status};
use crate::hash::{Hash, HashText};
use crate::pin::bump::{Ask, Computed, Failed, HashSpot};
use crate::source::{RelPath, SourceError, Workspace};

impl BumpHashes<'_> {
    pub(super) fn answer(
        &self,
        ask: &Ask,
        rehashed: &Rehashed,
        spot: &HashSpot,
    ) -> Result<Computed, Failed> {
        let because = |reason: &str| Failed {
            reason: Some(reason.to_owned()),
            ..Failed::default()
        };
        let literal = rehashed.literals.iter().find(|one| is_at(one, spot));
        let Some(literal) = literal else {
            return Err(because("there is no literal to write it into"));
        };
        let mut rows = rehashed.rehash.rows.iter();
        let row = rows.find(|row| row.file == *literal.path() && row.name == literal.name);
        let Some(row) = row else {
            return Err(because("it is the hash of nothing that was evaluated"));
        };
        let hash = match (row.status, &row.new) {
            (Status::Updated | Status::Verified, Some(new)) => {
                HashText::parse(new, Some(literal.algo))
                    .map_err(|error| because(&error.to_string()))?
                    .hash
            }
            _ => return Err(of_row(row, rehashed)),
        };
        let computed = match spot.before {
            None => Computed {
                text: literal.spell(&hash),
                edit: None,
                old: literal.spot.value.clone(),
            },
            Some(offset) => in_place(ask.before, &rehashed.before, &spot.file, offset, &hash)
                .map_err(|reason| because(&reason))?,
        };
        let key = (literal.path().clone(), literal.name.attrpath.clone());
        if let Some(entry) = rehashed.rehash.lock.get(&key.0, &key.1) {
            let landed = &mut self.known.borrow_mut().landed;
            landed.insert(key, entry.clone());
        }
        Ok(computed)
    }
}

/// Whether the literal is what stands at the place, which an expression that has become a string has left by its quote.
pub(super) fn is_at(literal: &Literal, spot: &HashSpot) -> bool {
    let offset = literal.spot.offset();
    *literal.path() == spot.file && (offset == spot.after || offset == spot.after + 1)
}

/// What writes `hash` into the literal at `offset` of the file as it is.
fn in_place(
    workspace: &Workspace,
    literals: &[Literal],
    file: &RelPath,
    offset: usize,
    hash: &Hash,
) -> Result<Computed, String> {
    let mut literals = literals.iter();
    let literal = literals
        .find(|one| one.path() == file && one.spot.offset() == offset)
        .ok_or_else(|| "there is no literal to write it into".to_owned())?;
    let source = workspace
        .read(file)
        .map_err(|error: SourceError| error.to_string())?;
    let edit = literal
        .replace(&source, hash)
        .map_err(|error| error.to_string())?;
    Ok(Computed {
        text: literal.spell(hash),
        edit: Some(edit),
        old: literal.spot.value.clone(),
    })
}

fn of_row(row: &Row, rehashed: &Rehashed) -> Failed {
    if row.status == Status::Unreached {
        if let Some(unbuilt) = &rehashed.unbuilt {
            return unbuilt.clone();
        }
        if !rehashed.rehash.unevaluated.is_empty() {
            return of_unevaluated(&rehashed.rehash.unevaluated);
        }
    }
    Failed {
        reason: row.reason.clone(),
        log: row.log.clone(),
        hint: row
            .drv
            .as_ref()
            .filter(|_| !row.log.is_empty())
            .map(|drv| format!("`nix-store --read-log {drv}` shows the whole log")),
    }
}

pub(super) fn of_error(error: &RehashError) -> Failed {
    match error {
        RehashError::Evaluation(all) => of_unevaluated(all),
        error => Failed {
            reason: Some(error.to_string()),
            ..Failed::default()
        },
    }
}

fn of_unevaluated(all: &[Unevaluated]) -> Failed {
    let said = all
        .iter()
        .map(|one| format!("Nix cannot evaluate {}: {}", one.target, one.message));
    Failed {
        reason: Some(said.collect::<Vec<_>>().join("; ")),
        ..Failed::default()
    }
}
