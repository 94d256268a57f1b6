//! The text that a shell is given, put together from pieces of a file, and the bytes of the file that each of its bytes
//! comes from.

use std::ops::Range;

/// What stands for a piece that another language fills in: a letter to the shell, and in no file by itself.
pub(super) const HOLE: char = '\u{E000}';

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellText {
    text: String,
    /// For each byte of `text`, the bytes of the file that it comes from.
    from: Vec<Range<usize>>,
    /// What the file says where `text` has a [`HOLE`], in order.
    holes: Vec<String>,
}

impl ShellText {
    /// The whole of a text that stands in its file as it is, from byte `start` on.
    pub fn verbatim(text: &str, start: usize) -> ShellText {
        let mut shell = ShellText::default();
        shell.push(text, start);
        shell
    }

    /// Appends what stands in the file as it is, from byte `start` on.
    pub fn push(&mut self, text: &str, start: usize) {
        for (at, character) in text.char_indices() {
            let at = start + at;
            self.push_char(character, at..at + character.len_utf8());
        }
    }

    /// Appends `value`, which `written` spells with escapes, indentation or folded lines; `start` is where that begins
    /// in the file. A character that is not found again counts to where the search for it began.
    pub fn push_decoded(&mut self, value: &str, written: &str, start: usize) {
        let mut at = 0;
        for character in value.chars() {
            let rest = written.get(at..).unwrap_or_default();
            let found = skipped(rest, character);
            let from = match found {
                Some(skipped) => at + skipped..at + skipped + character.len_utf8(),
                None => at..at,
            };
            if found.is_some() {
                at = from.end;
            }
            self.push_char(character, start + from.start..start + from.end);
        }
    }

    /// Appends what another language fills in: `written`, which stands at `range` of the file.
    pub fn push_hole(&mut self, written: &str, range: Range<usize>) {
        self.holes.push(written.to_owned());
        let start = self.text.len();
        self.text.push(HOLE);
        self.from
            .extend((start..self.text.len()).map(|_| range.clone()));
    }

    /// Appends a part of another text of the same file.
    pub fn append(&mut self, other: ShellText) {
        self.text.push_str(&other.text);
        self.from.extend(other.from);
        self.holes.extend(other.holes);
    }

    fn push_char(&mut self, character: char, from: Range<usize>) {
        // In a file by itself it would be counted as a hole.
        let character = if character == HOLE { '?' } else { character };
        let start = self.text.len();
        self.text.push(character);
        self.from
            .extend((start..self.text.len()).map(|_| from.clone()));
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `word` stands in the text, or in what another language fills in.
    pub fn mentions(&self, word: &str) -> bool {
        self.text.contains(word) || self.holes.iter().any(|hole| hole.contains(word))
    }

    /// The bytes of the file that the bytes `range` of the text come from.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let bytes = self.from.get(range.clone()).unwrap_or_default();
        match (bytes.first(), bytes.last()) {
            (Some(first), Some(last)) => first.start..last.end.max(first.start),
            // No bytes: the place between two.
            _ => {
                let next = self.from.get(range.start).map(|next| next.start);
                let end = next.or_else(|| self.from.last().map(|last| last.end));
                end.map_or(0..0, |at| at..at)
            }
        }
    }

    /// A part of the text.
    pub fn slice(&self, range: &Range<usize>) -> ShellText {
        let Some(text) = self.text.get(range.clone()) else {
            return ShellText::default();
        };
        let before = self.holes_before(range.start);
        let holes = self.holes.iter().skip(before);
        ShellText {
            text: text.to_owned(),
            from: self.from.get(range.clone()).unwrap_or_default().to_vec(),
            holes: holes.take(text.matches(HOLE).count()).cloned().collect(),
        }
    }

    /// How many holes stand before byte `at`.
    fn holes_before(&self, at: usize) -> usize {
        self.text
            .get(..at)
            .map_or(0, |text| text.matches(HOLE).count())
    }

    /// What the file says at the hole that begins at byte `at` of the text.
    pub(super) fn hole(&self, at: usize) -> &str {
        self.holes
            .get(self.holes_before(at))
            .map_or("", String::as_str)
    }
}

/// How many bytes of `written` stand before the one that spells `character`: spaces, and signs that escape.
fn skipped(written: &str, character: char) -> Option<usize> {
    let mut chars = written.char_indices().peekable();
    while let Some((at, sign)) = chars.next() {
        if sign == character {
            return Some(at);
        }
        match sign {
            '\\' if matches!(chars.peek(), Some((_, 'n' | 'r' | 't'))) => {
                chars.next();
            }
            '\\' | '\'' => {}
            _ if sign.is_whitespace() => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_of(shell: &ShellText, word: &str) -> Range<usize> {
        let at = shell.as_str().find(word).unwrap();
        shell.origin(&(at..at + word.len()))
    }

    #[test]
    fn words_are_found_again_behind_escapes_and_indentation() {
        let written = "\n    a \\\"b\\\" ''${c}\n      d\n";
        let mut shell = ShellText::default();
        shell.push_decoded("a \"b\" ${c}\n  d\n", written, 100);
        for (word, spelled) in [("b", "b"), ("${c}", "${c}"), ("d", "d")] {
            let at = 100 + written.find(spelled).unwrap();
            assert_eq!(origin_of(&shell, word), at..at + spelled.len());
        }
    }

    #[test]
    fn a_hole_is_one_piece() {
        let mut shell = ShellText::verbatim("a ", 0);
        shell.push_hole("${x}", 2..6);
        shell.push(" b", 6);
        assert_eq!(shell.origin(&(2..5)), 2..6);
        assert_eq!(origin_of(&shell, "b"), 7..8);
        assert_eq!(shell.hole(2), "${x}");
        let part = shell.slice(&(2..7));
        assert_eq!((part.hole(0), origin_of(&part, "b")), ("${x}", 7..8));
    }
}
