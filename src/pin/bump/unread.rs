//! Calls of fetchers that cannot be read, such as one whose URL names the system: where one names a value that is to
//! change, its hash would be stale, so that value stays.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::item::{Hole, Item, Place, Step, Wanted};
use super::{BumpError, Context, hash};
use crate::pin::fetcher::{self, Arguments};
use crate::pin::{PinnedHash, Role};
use crate::source::RelPath;
use crate::syntax::{Call, Library, NixFile, calls};

/// Leaves the pins of `items` whose new value an unread call would take up with its old hash.
pub fn hold_back(context: &Context, items: &mut [Item]) -> Result<(), BumpError> {
    for item in items {
        let mut left = Vec::new();
        let mut wanted = Vec::new();
        for step in &item.steps {
            let pin = context.pin(step.pin);
            let (Role::Single, Some((name, stands_in))) = (&pin.role, name(step)) else {
                continue;
            };
            for path in BTreeSet::from([&pin.file, stands_in]) {
                for reader in readers_of(context, path, name)? {
                    match reader.hash {
                        Some(place) => wanted.push(Wanted {
                            pin: step.pin,
                            field: format!("{}.hash", reader.function).into(),
                            place,
                            reason: reader.reason,
                        }),
                        None => left.push((step.pin, reader.reason.into())),
                    }
                }
            }
        }
        item.wanted.extend(wanted);
        item.left.extend(left);
    }
    Ok(())
}

/// The name by which other places of the file can take the value that `step` changes.
fn name(step: &Step) -> Option<(&str, &RelPath)> {
    let Place::Spot(spot) = &step.place else {
        return None;
    };
    let name = match step.field.as_ref() {
        "version" => spot.via().or(Some("version")),
        "rev" | "tag" => spot.via(),
        _ => None,
    };
    Some((name?, &spot.file))
}

/// A call that takes a value in a way that cannot be followed.
struct Reader {
    function: String,
    /// Where its hash stands, if that can be written.
    hash: Option<Hole>,
    reason: String,
}

fn readers_of(context: &Context, path: &RelPath, name: &str) -> Result<Vec<Reader>, BumpError> {
    let source = context.workspace.read(path)?;
    // What does not parse was told before.
    let Ok(file) = NixFile::parse(source.clone()).map(Rc::new) else {
        return Ok(Vec::new());
    };
    let library = Library::new(context.workspace);
    library.add(file.clone());
    let calls = calls(&file, |function| fetcher::by_function(function).is_some());
    let readers = calls
        .iter()
        .filter(|call| names(source.text().get(call.range()), name) && is_unread(&library, call));
    let reader = |call: &Call| {
        let at = source.position(call.range().start);
        Reader {
            function: call.function.clone(),
            hash: hash::hole(&Arguments::of(call, &library).hash()),
            reason: format!(
                "the `{}` at {path}:{}:{} takes `{name}` in a way that cannot be followed, and its hash would be stale",
                call.function, at.line, at.column
            ),
        }
    };
    Ok(readers.map(reader).collect())
}

fn is_unread(library: &Library, call: &Call) -> bool {
    let arguments = Arguments::of(call, library);
    let is_hashed = !matches!(arguments.hash(), PinnedHash::None);
    let reads = |fetcher: &fetcher::Fetcher| (fetcher.read)(&arguments).is_some();
    (is_hashed || call.arguments(library).is_none())
        && !fetcher::by_function(&call.function).is_some_and(reads)
        && !is_plain(library, call)
}

/// Whether the argument is but a string, which has no hash.
fn is_plain(library: &Library, call: &Call) -> bool {
    call.argument(library).text().is_some()
}

/// Whether `text` holds `name` as a name of its own.
fn names(text: Option<&str>, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "_'-".contains(c);
    let text = text.unwrap_or_default();
    text.match_indices(name).any(|(at, _)| {
        let after = text[at + name.len()..].chars().next();
        let before = text[..at].chars().next_back();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_is_told_from_a_part_of_one() {
        for (text, expected) in [
            ("url = \"x-${version}\";", true),
            ("inherit version;", true),
            ("finalAttrs.version", true),
            ("version", true),
            ("versions.x", false),
            ("sub-version", false),
            ("version'", false),
            ("", false),
        ] {
            assert_eq!(names(Some(text), "version"), expected, "{text}");
        }
    }
}
