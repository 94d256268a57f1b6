//! What a run comes to: rows, the files as they are to be, and what cotter.lock is to say.

use super::subject::{How, State, Subject};
use super::{RehashError, Request, Unevaluated};
use crate::edit::Edit;
use crate::fod::lock::Lock;
use crate::fod::report::{Row, Status, Strategy};
use crate::plan::{Change, EditGroup, Plan};
use crate::source::Position;

/// The result of a run.
#[derive(Debug)]
pub struct Rehash {
    /// One per literal that was asked for, in the order of the files.
    pub rows: Vec<Row>,
    pub plan: Plan,
    /// What cotter.lock is to say.
    pub lock: Lock,
    /// How many rounds of builds it took.
    pub rounds: usize,
    /// Targets that Nix cannot evaluate, while it can others.
    pub unevaluated: Vec<Unevaluated>,
}

pub fn of(
    request: &Request,
    subjects: &[Subject],
    rounds: usize,
    unevaluated: Vec<Unevaluated>,
) -> Result<Rehash, RehashError> {
    let mut rehash = Rehash {
        rows: Vec::new(),
        plan: Plan::default(),
        lock: request.lock.clone(),
        rounds,
        unevaluated,
    };
    for (at, subject) in subjects.iter().enumerate() {
        if !request.chosen.contains(&at) || subject.state == State::Left {
            continue;
        }
        let literal = subject.literal;
        let source = request.workspace.read(literal.path())?;
        let place = source.position(literal.spot.offset());
        let row = row(subject, place, request.evaluation.system.as_deref());
        if let Some(hash) = subject.settled() {
            if literal.hash() != Some(hash) {
                let edit: Edit = literal.replace(&source, hash)?;
                let change = Change::new(
                    literal.name.to_string(),
                    &source,
                    "hash",
                    &row.old,
                    literal.spell(hash),
                    edit,
                );
                rehash.plan.groups.push(EditGroup {
                    name: literal.name.to_string(),
                    changes: vec![change],
                });
            } else {
                rehash.plan.unchanged.push(literal.name.to_string());
            }
        }
        if let Some(entry) = &subject.record {
            rehash
                .lock
                .set(literal.path(), &literal.name.attrpath, entry.clone());
        }
        rehash.rows.push(row);
    }
    let is_there = |file: &crate::source::RelPath, attrpath: &str| {
        request
            .literals
            .iter()
            .any(|literal| literal.path() == file && literal.name.attrpath == attrpath)
    };
    rehash.lock.retain(is_there);
    Ok(rehash)
}

fn row(subject: &Subject, at: Position, system: Option<&str>) -> Row {
    let literal = subject.literal;
    let (status, strategy) = match &subject.state {
        State::Settled { hash, how } => {
            let status = match literal.hash() == Some(hash) {
                true => Status::Verified,
                false => Status::Updated,
            };
            let strategy = match how {
                How::Native => Strategy::Native,
                How::Recorded(strategy) => *strategy,
                How::Built | How::Evaluated => Strategy::Build,
            };
            (status, Some(strategy))
        }
        State::Failed => (Status::Failed, subject.strategy),
        State::Left | State::Open | State::Unreached { .. } => (Status::Unreached, None),
    };
    let system = match &subject.state {
        State::Unreached { system } => system.clone(),
        _ => subject.system.clone().or_else(|| system.map(str::to_owned)),
    };
    Row {
        name: literal.name.clone(),
        file: literal.path().clone(),
        line: at.line,
        column: at.column,
        system,
        drv: subject.drv.clone(),
        old: literal.spot.value.clone(),
        new: subject.settled().map(|hash| literal.spell(hash)),
        status,
        strategy,
        reason: subject.reason.clone(),
        log: subject.log.clone(),
    }
}
