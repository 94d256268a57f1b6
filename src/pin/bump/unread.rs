//! Calls of fetchers that cannot be read, such as one whose URL names the system: where one names a value that is to
//! change, its hash would be stale, so that value stays.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::item::{Item, Place, Step};
use super::{BumpError, Context};
use crate::pin::fetcher::{self, Arguments};
use crate::pin::{PinnedHash, Role};
use crate::source::RelPath;
use crate::syntax::{Call, Library, NixFile, calls};

/// Leaves the pins of `items` whose new value an unread call would take up with its old hash.
pub fn hold_back(context: &Context, items: &mut [Item]) -> Result<(), BumpError> {
    for item in items {
        let mut left = Vec::new();
        for step in &item.steps {
            let pin = context.pin(step.pin);
            let (Role::Single, Some((name, stands_in))) = (&pin.role, name(step)) else {
                continue;
            };
            for path in BTreeSet::from([&pin.file, stands_in]) {
                if let Some(reason) = reader_of(context, path, name)? {
                    left.push((step.pin, reason));
                    break;
                }
            }
        }
        item.left.extend(left);
    }
    Ok(())
}

/// The name by which other places of the file can take the value that `step` changes.
fn name(step: &Step) -> Option<(&str, &RelPath)> {
    let Place::Spot(spot) = &step.place else {
        return None;
    };
    let name = match step.field {
        "version" => spot.via().or(Some("version")),
        "rev" | "tag" => spot.via(),
        _ => None,
    };
    Some((name?, &spot.file))
}

fn reader_of(context: &Context, path: &RelPath, name: &str) -> Result<Option<String>, BumpError> {
    let source = context.workspace.read(path)?;
    // What does not parse was told before.
    let Ok(file) = NixFile::parse(source.clone()).map(Rc::new) else {
        return Ok(None);
    };
    let library = Library::new(context.workspace);
    library.add(file.clone());
    let calls = calls(&file, |function| fetcher::by_function(function).is_some());
    let reader = calls
        .iter()
        .find(|call| names(source.text().get(call.range()), name) && is_unread(&library, call));
    Ok(reader.map(|call| {
        let at = source.position(call.range().start);
        format!(
            "the `{}` at {path}:{}:{} takes `{name}` in a way that cannot be followed, and its hash would be stale",
            call.function, at.line, at.column
        )
    }))
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
