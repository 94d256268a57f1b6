//! Changes to one text: disjoint byte ranges of the original and what comes in their place.
//!
//! Not here: which change is wanted (`plan`) and writing it (`transaction`).

mod diff;

use std::ops::Range;

pub use diff::unified;

/// `range` of the original text becomes `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits touch the same bytes and do not say the same.
    #[error("two changes of bytes {}..{} and {}..{} contradict each other", .0.start, .0.end, .1.start, .1.end)]
    Overlap(Range<usize>, Range<usize>),
    /// The range is not one of this text, or cuts a character.
    #[error("bytes {}..{} are no place in this text", .0.start, .0.end)]
    OutOfText(Range<usize>),
}

/// Applies `edits`, in any order, to `text`. All bytes outside their ranges stay.
///
/// An edit given twice counts once: two pins may share one literal. Edits that overlap otherwise are an error.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    sorted.dedup();
    let mut out =
        String::with_capacity(text.len() + sorted.iter().map(|e| e.text.len()).sum::<usize>());
    let mut done = 0;
    let mut previous: Option<&Edit> = None;
    for edit in sorted {
        if let Some(before) = previous
            && (edit.range.start < before.range.end || edit.range == before.range)
        {
            return Err(EditError::Overlap(before.range.clone(), edit.range.clone()));
        }
        if text.get(edit.range.clone()).is_none() {
            return Err(EditError::OutOfText(edit.range.clone()));
        }
        out.push_str(&text[done..edit.range.start]);
        out.push_str(&edit.text);
        done = edit.range.end;
        previous = Some(edit);
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// Where what stands at `offset` of a text stands once `edits` are applied: those that end before it move it.
pub fn moved(offset: usize, edits: &[Edit]) -> usize {
    let mut before: Vec<&Edit> = edits
        .iter()
        .filter(|edit| edit.range.end <= offset && edit.range.start < offset)
        .collect();
    before.sort_by_key(|edit| (edit.range.start, edit.range.end));
    before.dedup();
    let gone: usize = before.iter().map(|edit| edit.range.len()).sum();
    let come: usize = before.iter().map(|edit| edit.text.len()).sum();
    (offset + come).saturating_sub(gone)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(range: Range<usize>, text: &str) -> Edit {
        Edit {
            range,
            text: text.into(),
        }
    }

    #[test]
    fn order_does_not_matter_and_twins_count_once() {
        let edits = [edit(4..5, "Y"), edit(0..1, "X"), edit(4..5, "Y")];
        assert_eq!(apply("abcde", &edits).unwrap(), "XbcdY");
    }

    #[test]
    fn a_place_moves_by_what_changes_before_it() {
        let edits = [
            edit(0..2, ""),
            edit(4..4, "xyz"),
            edit(4..4, "xyz"),
            edit(6..8, "q"),
        ];
        let text = "abcdefgh";
        let after = apply(text, &edits).unwrap();
        assert_eq!(after, "cdxyzefq");
        for at in [2, 3, 5] {
            assert_eq!(
                after[moved(at, &edits)..].chars().next(),
                text[at..].chars().next()
            );
        }
        // What is itself replaced begins where it began.
        assert_eq!(moved(6, &edits), 7);
    }

    #[test]
    fn contradictions_are_errors() {
        assert!(matches!(
            apply("abc", &[edit(0..2, "x"), edit(1..3, "y")]),
            Err(EditError::Overlap(..))
        ));
        assert!(matches!(
            apply("abc", &[edit(1..1, "x"), edit(1..1, "y")]),
            Err(EditError::Overlap(..))
        ));
        assert!(matches!(
            apply("ä", &[edit(1..2, "x")]),
            Err(EditError::OutOfText(_))
        ));
        assert!(matches!(
            apply("a", &[edit(0..9, "x")]),
            Err(EditError::OutOfText(_))
        ));
    }

    proptest! {
        #[test]
        fn all_other_bytes_stay(text in "\\PC{0,60}", cuts in prop::collection::vec(0usize..60, 0..8), new in "\\PC{0,5}") {
            let mut bounds: Vec<usize> = cuts.into_iter().filter(|at| text.is_char_boundary(*at) && *at <= text.len()).collect();
            bounds.sort();
            bounds.dedup();
            let ranges: Vec<Range<usize>> = bounds.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let edits: Vec<Edit> = ranges.iter().map(|r| edit(r.clone(), &new)).collect();
            let out = apply(&text, &edits).unwrap();
            // Walk both texts: outside the ranges they agree byte by byte.
            let (mut at, mut seen) = (0, 0);
            for range in &ranges {
                prop_assert_eq!(&text[at..range.start], &out[seen..seen + range.start - at]);
                seen += range.start - at + new.len();
                at = range.end;
            }
            prop_assert_eq!(&text[at..], &out[seen..]);
        }
    }
}
