//! From a run on the files with the entries that are wanted to the files as they are written: entries land together
//! with their hashes, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{Changed, Plan};
use crate::edit::{self, Edit};
use crate::fod::literal::Literal;
use crate::fod::report::Status;
use crate::fod::run::Rehash;
use crate::naming::Selection;
use crate::plan::{PlanError, Rewritten};
use crate::source::{RelPath, Workspace};

/// What a run comes to where `outputHashes` change.
#[derive(Debug, Default)]
pub struct Written {
    /// From the user's files to those that are to be written.
    pub files: Vec<Rewritten>,
    /// The sets whose entries change.
    pub sets: Vec<Changed>,
    /// The sets that stay as they are, and why.
    pub held: Vec<(Changed, String)>,
}

impl Plan {
    /// What of `rehash`, a run on `changed`, which is the workspace with the plan's files, is to be written. `literals`
    /// are those of `changed`, and `selection` is of them.
    ///
    /// The entries of a file change when all of it was asked for, or all that are new, and the hash of each new one is
    /// known. Rows get the places that they have in the user's files; that of a new entry is where it comes in.
    pub fn written(
        &self,
        changed: &Workspace,
        literals: &[Literal],
        selection: &Selection,
        rehash: &mut Rehash,
    ) -> Result<Written, PlanError> {
        let mut written = Written::default();
        let mut held: BTreeSet<&RelPath> = BTreeSet::new();
        for file in self.edits.keys() {
            let reason = self.reason_to_hold(file, literals, selection, rehash);
            for set in self.sets.iter().filter(|set| set.file == *file) {
                match &reason {
                    Some(reason) => written.held.push((set.clone(), reason.clone())),
                    None => written.sets.push(set.clone()),
                }
            }
            if let Some(reason) = reason {
                held.insert(file);
                self.take_back(file, literals, rehash, &reason);
            }
        }
        written.files = self.files_of(changed, &held, rehash)?;
        self.place(literals, rehash);
        Ok(written)
    }

    fn new_in<'l>(
        &'l self,
        file: &'l RelPath,
        literals: &'l [Literal],
    ) -> impl Iterator<Item = (usize, &'l Literal)> {
        let literals = literals.iter().enumerate();
        literals.filter(move |(_, literal)| {
            literal.path() == file && self.original(file, literal.spot.offset()).is_err()
        })
    }

    fn reason_to_hold(
        &self,
        file: &RelPath,
        literals: &[Literal],
        selection: &Selection,
        rehash: &Rehash,
    ) -> Option<String> {
        let is_chosen = |at: usize| selection.chosen.binary_search(&at).is_ok();
        let new: Vec<(usize, &Literal)> = self.new_in(file, literals).collect();
        let mut here = literals
            .iter()
            .enumerate()
            .filter(|(_, literal)| literal.path() == file)
            .map(|(at, _)| at)
            .peekable();
        let is_asked_for = !selection.is_explicit
            || selection.paths.iter().any(|path| file.is_within(path))
            || (here.peek().is_some() && here.all(is_chosen))
            || (!new.is_empty() && new.iter().all(|(at, _)| is_chosen(*at)));
        if !is_asked_for {
            return Some("not all of this file was asked for".to_owned());
        }
        let wanted: usize = self
            .sets
            .iter()
            .filter(|set| set.file == *file)
            .map(|set| set.added.len())
            .sum();
        if new.len() < wanted {
            return Some("its new entries are no literals of this file".to_owned());
        }
        new.into_iter().find_map(|(_, literal)| {
            let is_known = rehash.rows.iter().any(|row| {
                row.file == *file
                    && row.name == literal.name
                    && matches!(row.status, Status::Updated | Status::Verified)
            });
            (!is_known).then(|| format!("the hash of `{}` is not known", literal.name))
        })
    }

    /// What was found of entries that do not come in is not written anywhere.
    fn take_back(&self, file: &RelPath, literals: &[Literal], rehash: &mut Rehash, reason: &str) {
        for (_, literal) in self.new_in(file, literals) {
            rehash.lock.remove(file, &literal.name.attrpath);
            let rows = rehash.rows.iter_mut();
            for row in rows.filter(|row| row.file == *file && row.name == literal.name) {
                if row.status == Status::Updated {
                    row.status = Status::Failed;
                    row.new = None;
                    row.reason = Some(format!("it comes in with the others, but {reason}"));
                }
            }
        }
    }

    fn files_of(
        &self,
        changed: &Workspace,
        held: &BTreeSet<&RelPath>,
        rehash: &Rehash,
    ) -> Result<Vec<Rewritten>, PlanError> {
        let mut files: BTreeMap<RelPath, Rewritten> = rehash
            .plan
            .apply(changed)?
            .into_iter()
            .map(|file| (file.path().clone(), file))
            .collect();
        for (path, before) in &self.before {
            let hashed = files.remove(path);
            let after = match held.contains(path) {
                false => match hashed {
                    Some(hashed) => hashed.after,
                    None => {
                        let with_entries = changed.read(path)?;
                        with_entries.with_text(with_entries.text().to_owned())
                    }
                },
                true => {
                    let of_file = rehash.plan.changes().filter(|change| change.file == *path);
                    let edits: Vec<Edit> = of_file
                        .filter_map(|change| {
                            let start = self.original(path, change.edit.range.start).ok()?;
                            Some(Edit {
                                range: start..start + change.edit.range.len(),
                                text: change.edit.text.clone(),
                            })
                        })
                        .collect();
                    let text =
                        edit::apply(before.text(), &edits).map_err(|source| PlanError::Edit {
                            file: path.clone(),
                            change: "outputHashes".to_owned(),
                            source,
                        })?;
                    before.with_text(text)
                }
            };
            if after.text() != before.text() {
                let before = before.clone();
                files.insert(path.clone(), Rewritten { before, after });
            }
        }
        Ok(files.into_values().collect())
    }

    fn place(&self, literals: &[Literal], rehash: &mut Rehash) {
        for row in &mut rehash.rows {
            let Some(before) = self.before.get(&row.file) else {
                continue;
            };
            let named = literals
                .iter()
                .find(|literal| literal.path() == &row.file && literal.name == row.name);
            if let Some(literal) = named {
                let offset = self.original(&row.file, literal.spot.offset());
                let at = before.position(offset.unwrap_or_else(|inserted| inserted));
                (row.line, row.column) = (at.line, at.column);
            }
        }
    }

    /// The place in the user's file of what is at `offset` of the plan's; `Err` is where it comes in, of what is new.
    fn original(&self, file: &RelPath, offset: usize) -> Result<usize, usize> {
        let Some(edits) = self.edits.get(file) else {
            return Ok(offset);
        };
        let mut sorted: Vec<&Edit> = edits.iter().collect();
        sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
        sorted.dedup();
        // Bytes that came in and went before `offset`.
        let (mut came, mut went) = (0, 0);
        for edit in sorted {
            let start = edit.range.start + came - went;
            if offset < start {
                break;
            }
            if offset < start + edit.text.len() {
                return Err(edit.range.start);
            }
            came += edit.text.len();
            went += edit.range.len();
        }
        Ok(offset + went - came)
    }
}
