//! The same change in two sets of changes. A merge takes it once; a patch does not apply where it is made already.

use gix::diff::blob::{Algorithm, Diff, InternedInput, sources::byte_lines};

use super::changes::{Changes, Sides, bytes, is_binary};
use super::object::ObjectError;

/// The paths at which `one` and `other`, which merge cleanly, change the same thing of what both start from.
pub(super) fn same(
    repo: &gix::Repository,
    one: &Changes,
    other: &Changes,
) -> Result<Vec<String>, ObjectError> {
    let mut paths = Vec::new();
    for (path, ours) in one {
        if let Some(theirs) = other.get(path)
            && is_same(repo, ours, theirs)?
        {
            paths.push(path.to_string());
        }
    }
    Ok(paths)
}

fn is_same(repo: &gix::Repository, ours: &Sides, theirs: &Sides) -> Result<bool, ObjectError> {
    let (Some(before), Some(our), Some(their)) = (ours.before, ours.after, theirs.after) else {
        return Ok(ours.after == theirs.after);
    };
    if our.id == their.id {
        // That a file may be executed can be said twice.
        return Ok(our.id != before.id);
    }
    if ![before, our, their].iter().all(|entry| entry.is_file()) {
        return Ok(false);
    }
    let (Some(before), Some(our), Some(their)) =
        (bytes(repo, before)?, bytes(repo, our)?, bytes(repo, their)?)
    else {
        return Ok(false);
    };
    if [&before, &our, &their].iter().any(|bytes| is_binary(bytes)) {
        return Ok(false);
    }
    let (ours, theirs) = (hunks(&before, &our), hunks(&before, &their));
    Ok(ours.iter().any(|hunk| {
        theirs.iter().any(|other| match hunk.lines.is_empty() {
            true => hunk == other,
            false => hunk.lines.start < other.lines.end && other.lines.start < hunk.lines.end,
        })
    }))
}

#[derive(PartialEq, Eq)]
struct Hunk<'a> {
    /// Of what is there before.
    lines: std::ops::Range<u32>,
    /// What stands there afterwards.
    new: Vec<&'a [u8]>,
}

fn hunks<'a>(before: &'a [u8], after: &'a [u8]) -> Vec<Hunk<'a>> {
    let input = InternedInput::new(byte_lines(before), byte_lines(after));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    diff.hunks()
        .map(|hunk| Hunk {
            new: input
                .after
                .iter()
                .skip(hunk.after.start as usize)
                .take(hunk.after.len())
                .map(|token| input.interner[*token])
                .collect(),
            lines: hunk.before,
        })
        .collect()
}
