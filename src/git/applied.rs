//! Whether a patch applies where another is applied already. A merge needs less: it takes a change that both make once,
//! and looks at no more of the lines around one than those that touch it.
//!
//! What is modelled is GNU diff's unified format of three lines around a change, and GNU patch's fuzz of two.

use std::ops::Range;

use gix::diff::blob::{Algorithm, Diff, InternedInput, sources::byte_lines};

use super::changes::{Changes, Sides, bytes, is_binary};
use super::object::ObjectError;

/// Lines between two changes up to which they are in one hunk.
const JOINED: u32 = 6;
/// Lines on either side of a hunk's changes that are in the patch, where there are so many.
const CONTEXT: u32 = 3;
/// Lines on either side of a hunk's changes that have to be as they were.
const AROUND: u32 = 1;

/// Why a file is not patched a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// The change is made already.
    Same,
    /// What is around it is not what it was.
    Close,
}

/// The paths at which the patch of `later` does not apply to what `earlier` makes, where the two merge cleanly.
pub(super) fn clashes(
    repo: &gix::Repository,
    earlier: &Changes,
    later: &Changes,
) -> Result<Vec<(String, Clash)>, ObjectError> {
    let mut found = Vec::new();
    for (path, theirs) in later {
        if let Some(ours) = earlier.get(path) {
            let clash = clash(repo, ours, theirs)?;
            found.extend(clash.map(|clash| (path.to_string(), clash)));
        }
    }
    Ok(found)
}

fn clash(
    repo: &gix::Repository,
    earlier: &Sides,
    later: &Sides,
) -> Result<Option<Clash>, ObjectError> {
    let same = |is_same: bool| is_same.then_some(Clash::Same);
    let (Some(before), Some(one), Some(other)) = (earlier.before, earlier.after, later.after)
    else {
        return Ok(same(earlier.after == later.after));
    };
    if one.id == other.id {
        // That a file may be executed can be said twice.
        return Ok(same(one.id != before.id));
    }
    if ![before, one, other].iter().all(|entry| entry.is_file()) {
        return Ok(None);
    }
    let (Some(before), Some(one), Some(other)) =
        (bytes(repo, before)?, bytes(repo, one)?, bytes(repo, other)?)
    else {
        return Ok(None);
    };
    if [&before, &one, &other].iter().any(|bytes| is_binary(bytes)) {
        return Ok(None);
    }
    let (ours, theirs) = (changed(&before, &one), changed(&before, &other));
    let is_same = ours.iter().any(|one| {
        theirs.iter().any(|other| match one.lines.is_empty() {
            true => one == other,
            false => one.lines.start < other.lines.end && other.lines.start < one.lines.end,
        })
    });
    if is_same {
        return Ok(Some(Clash::Same));
    }
    let lines = u32::try_from(byte_lines(&before).count()).unwrap_or(u32::MAX);
    let is_close = joined(&theirs).iter().any(|hunk| {
        ours.iter().any(|one| is_around(hunk, &one.lines)) || leaves_the_file(hunk, &ours, lines)
    });
    Ok(is_close.then_some(Clash::Close))
}

/// Whether a change of these lines is one of what a hunk needs as it was.
fn is_around(hunk: &Range<u32>, lines: &Range<u32>) -> bool {
    match lines.is_empty() {
        true => hunk.start <= lines.start && lines.start <= hunk.end,
        false => lines.start < hunk.end + AROUND && lines.end > hunk.start.saturating_sub(AROUND),
    }
}

/// Whether a hunk with all the lines around it has no room any more: patch leaves some of them out where they are not what
/// they were, but looks for it only where all of them would be in the file. `lines` counts those that the file had.
fn leaves_the_file(hunk: &Range<u32>, earlier: &[Change], lines: u32) -> bool {
    let moved = |changes: &mut dyn Iterator<Item = &Change>| -> i64 {
        changes
            .map(|change| {
                let new = i64::try_from(change.new.len()).unwrap_or(i64::MAX);
                new - i64::from(change.lines.end - change.lines.start)
            })
            .sum()
    };
    let above = moved(
        &mut earlier
            .iter()
            .filter(|change| change.lines.start < hunk.start),
    );
    let now = i64::from(lines) + moved(&mut earlier.iter());
    let first = i64::from(hunk.start.saturating_sub(CONTEXT)) + above;
    let end = i64::from(hunk.end.saturating_add(CONTEXT).min(lines)) + above;
    first < 0 || end > now
}

#[derive(PartialEq, Eq)]
struct Change<'a> {
    /// Of what is there before.
    lines: Range<u32>,
    /// What stands there afterwards.
    new: Vec<&'a [u8]>,
}

fn changed<'a>(before: &'a [u8], after: &'a [u8]) -> Vec<Change<'a>> {
    let input = InternedInput::new(byte_lines(before), byte_lines(after));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    diff.hunks()
        .map(|hunk| Change {
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

/// The lines from the first change to the last of each hunk.
fn joined(changes: &[Change]) -> Vec<Range<u32>> {
    let mut hunks: Vec<Range<u32>> = Vec::new();
    for Change { lines, .. } in changes {
        match hunks.last_mut() {
            Some(last) if lines.start <= last.end + JOINED => last.end = lines.end,
            _ => hunks.push(lines.clone()),
        }
    }
    hunks
}
