//! The values in an emitted file that other commands move, and that it keeps when it is emitted again: revisions,
//! hashes, and versions that go with them.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::helpers::nix_str;
use crate::syntax::{Library, NixFile, Site, named_expressions, strings};

/// What `cotter pin bump` moves.
const PINS: &[&str] = &["rev", "upstreamRev", "version"];

/// What `cotter fod-rehash` fills in.
const HASHES: &[&str] = &[
    "cargoHash",
    "hash",
    "npmDepsHash",
    "outputHash",
    "sha256",
    "vendorHash",
];

/// A set whose names are those of packages, and whose values are hashes.
const HASH_SETS: &[&str] = &["outputHashes"];

/// The names of placeholders.
const FAKES: &[&str] = &["fakeHash"];

/// What says which thing a hash is of, where it is beside it.
const SUBJECTS: &[&str] = &["url", "imageName", "imageDigest"];

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The names around it; an element of a list goes by its `name` where it has one.
    pub path: Vec<String>,
    /// `None` for a placeholder.
    pub text: Option<String>,
    pub is_hash: bool,
    /// The whole expression, with its quotes.
    pub range: Range<usize>,
    /// What it is of, where that is beside it.
    subject: Option<String>,
}

/// The values of `file` that are kept, in the order of the text.
pub fn of(library: &Library, file: &Rc<NixFile>) -> Vec<Kept> {
    let mut kept: Vec<Kept> = strings(library, file, |_| true)
        .into_iter()
        .filter_map(|literal| {
            let range = quoted(file.source().text(), &literal.part.range);
            Kept::at(library, &literal.site, range, Some(literal.part.value))
        })
        .chain(
            named_expressions(library, file, FAKES)
                .into_iter()
                .filter_map(|fake| Kept::at(library, &fake.site, fake.range, None)),
        )
        .collect();
    kept.sort_by_key(|kept| kept.range.start);
    kept
}

impl Kept {
    fn at(
        library: &Library,
        site: &Site,
        range: Range<usize>,
        text: Option<String>,
    ) -> Option<Kept> {
        let last = site.path.last()?;
        let is_in_set = site
            .path
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|set| HASH_SETS.contains(&set.as_str()));
        let is_hash = is_in_set || HASHES.contains(&last.as_str());
        if !is_hash && !PINS.contains(&last.as_str()) {
            return None;
        }
        let mut path = site.path.clone();
        if let (Some(name), Some(index)) = (
            site.beside(library, "name"),
            path.iter().rposition(|step| is_index(step)),
        ) {
            path[index] = name;
        }
        let subject = SUBJECTS
            .iter()
            .filter_map(|name| site.beside(library, name))
            .collect::<Vec<_>>()
            .join(" ");
        Some(Kept {
            path,
            text,
            is_hash,
            range,
            subject: (!subject.is_empty()).then_some(subject),
        })
    }
}

/// `range` with the quotes around it.
fn quoted(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text.get(..range.start).unwrap_or_default();
    let quotes = match before.ends_with("''") {
        true => 2,
        false => usize::from(before.ends_with('"')),
    };
    range.start - quotes..range.end + quotes
}

fn is_index(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit())
}

/// `text`, whose values `new` are, with those of `old` in their places. Pins of the spec's own, which it did not say
/// before, are not replaced (`keeps_pins`); nor is the hash of something else.
pub fn carry_over(text: &str, new: &[Kept], old: &[Kept], keeps_pins: bool) -> String {
    let known: HashMap<&[String], &Kept> = old
        .iter()
        .map(|kept| (kept.path.as_slice(), kept))
        .collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for value in new {
        let kept = known.get(value.path.as_slice()).filter(|kept| {
            let is_free = value.text.is_none() || keeps_pins;
            is_free && kept.subject == value.subject
        });
        if let Some(kept) = kept.and_then(|kept| kept.text.as_ref()) {
            out.push_str(text.get(at..value.range.start).unwrap_or_default());
            out.push_str(&nix_str(kept));
            at = value.range.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
