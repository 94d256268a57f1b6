//! One file's text, its line index and the stamp that tells whether it changed since it was read.

use std::string::FromUtf8Error;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::RelPath;

const BOM: &str = "\u{feff}";

/// A place in a text: both 1-based; the column counts characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// SHA-256 of a file's bytes: equal stamps mean an unchanged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub [u8; 32]);

impl Stamp {
    pub fn of(bytes: &[u8]) -> Stamp {
        Stamp(Sha256::digest(bytes).into())
    }
}

/// A UTF-8 text file as it was read. Offsets everywhere in cotter count bytes of [`SourceFile::text`],
/// which leaves out a leading byte order mark; [`SourceFile::to_bytes`] puts it back.
#[derive(Debug)]
pub struct SourceFile {
    path: RelPath,
    text: Arc<str>,
    has_bom: bool,
    line_starts: OnceLock<Vec<usize>>,
}

impl SourceFile {
    /// Takes a file's content. `Err` holds the bytes, and where they are not UTF-8.
    pub fn from_bytes(path: RelPath, bytes: Vec<u8>) -> Result<SourceFile, FromUtf8Error> {
        let text = String::from_utf8(bytes)?;
        Ok(SourceFile::from_text(path, text))
    }

    /// Takes a text that may begin with a byte order mark.
    pub fn from_text(path: RelPath, text: String) -> SourceFile {
        let (text, has_bom) = match text.strip_prefix(BOM) {
            Some(rest) => (rest.into(), true),
            None => (text.into(), false),
        };
        SourceFile {
            path,
            text,
            has_bom,
            line_starts: OnceLock::new(),
        }
    }

    pub fn path(&self) -> &RelPath {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn has_bom(&self) -> bool {
        self.has_bom
    }

    /// The same file with another text; the byte order mark stays as it was.
    pub fn with_text(&self, text: String) -> SourceFile {
        SourceFile {
            path: self.path.clone(),
            text: text.into(),
            has_bom: self.has_bom,
            line_starts: OnceLock::new(),
        }
    }

    /// The bytes that lie, or are to lie, on the disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + BOM.len());
        if self.has_bom {
            bytes.extend_from_slice(BOM.as_bytes());
        }
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// The stamp of [`SourceFile::to_bytes`].
    pub fn stamp(&self) -> Stamp {
        Stamp::of(&self.to_bytes())
    }

    /// Where `offset` lies. An offset past the end, or inside a character, counts to what stands before it.
    pub fn position(&self, offset: usize) -> Position {
        let starts = self.line_starts();
        let offset = offset.min(self.text.len());
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts[line - 1];
        let column = self.text.as_bytes()[start..offset]
            .iter()
            .filter(|b| (**b & 0xC0) != 0x80)
            .count()
            + 1;
        Position { line, column }
    }

    /// The byte at a position; the nearest there is.
    pub fn offset(&self, at: Position) -> usize {
        let starts = self.line_starts();
        let line = at.line.saturating_sub(1).min(starts.len() - 1);
        let rest = self.line_at(starts[line]);
        let column = rest.char_indices().nth(at.column.saturating_sub(1));
        starts[line] + column.map_or(rest.len(), |(at, _)| at)
    }

    /// The text of the line that holds `offset`, without its line ending.
    pub fn line_at(&self, offset: usize) -> &str {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset.min(self.text.len()));
        let end = starts.get(line).copied().unwrap_or(self.text.len());
        self.text[starts[line - 1]..end].trim_end_matches(['\n', '\r'])
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1))
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::from_text(RelPath::new("f.nix").unwrap(), text.to_owned())
    }

    #[test]
    fn columns_count_characters() {
        let f = file("aä→b\nsecond\r\n");
        assert_eq!(
            f.position(f.text().find('b').unwrap()),
            Position { line: 1, column: 4 }
        );
        assert_eq!(
            f.position(f.text().find("cond").unwrap()),
            Position { line: 2, column: 3 }
        );
        assert_eq!(f.position(999), Position { line: 3, column: 1 });
        assert_eq!(f.line_at(f.text().find("cond").unwrap()), "second");
        assert_eq!(file("").position(0), Position { line: 1, column: 1 });
    }

    #[test]
    fn byte_order_mark_comes_back() {
        let f = file("\u{feff}a: 1\n");
        assert_eq!(f.text(), "a: 1\n");
        assert_eq!(
            f.with_text("a: 2\n".into()).to_bytes(),
            "\u{feff}a: 2\n".as_bytes()
        );
    }

    #[test]
    fn says_where_utf8_ends() {
        let error = SourceFile::from_bytes(RelPath::new("f").unwrap(), b"ab\xff".to_vec());
        assert_eq!(error.unwrap_err().utf8_error().valid_up_to(), 2);
    }
}
