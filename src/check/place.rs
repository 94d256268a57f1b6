//! Where a value is shown: the bytes that are underlined.

use std::ops::Range;

use super::Place;
use crate::source::SourceFile;
use crate::syntax::{Attrs, Library, Text};

impl Place {
    /// The bytes `range` of a value in `file`; of an empty string the quotes, since there is nothing else to see.
    pub fn of_value(file: &SourceFile, range: Range<usize>) -> Place {
        if !range.is_empty() {
            return Place::of(file, range);
        }
        let (before, after) = file.text().split_at(range.start.min(file.text().len()));
        let quotes = ["''", "\"", "'"]
            .iter()
            .find(|quotes| before.ends_with(*quotes) && after.starts_with(*quotes))
            .map_or(0, |quotes| quotes.len());
        Place::of(file, range.start - quotes..range.end + quotes)
    }

    /// Where `text`, which `attrs` binds `name` to, is written: the literal, or the value of `name` where the string is
    /// put together.
    pub fn of_text(library: &Library, attrs: &Attrs, name: &str, text: &Text) -> Option<Place> {
        if let [part] = text.parts.as_slice() {
            let file = library.source(&part.file)?;
            return Some(Place::of_value(&file, part.span(&(0..part.value.len()))));
        }
        let bound = attrs.place_of(name)?;
        Some(Place::of(&*library.source(&bound.file)?, bound.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RelPath;

    #[test]
    fn an_empty_string_is_its_quotes() {
        for (text, at, expected) in [
            ("a = \"\";", 5, 4..6),
            ("a = '''';", 6, 4..8),
            ("a: ''", 4, 3..5),
            ("a = ;", 4, 4..4),
            ("", 9, 0..0),
        ] {
            let path = RelPath::new("x.nix").unwrap();
            let file = SourceFile::from_text(path, text.to_owned());
            assert_eq!(Place::of_value(&file, at..at).range, expected, "{text}");
        }
    }
}
