//! Comments that stand behind a value on its line.

use rnix::SyntaxKind;
use rowan::ast::AstNode;
use rowan::{TextSize, TokenAtOffset};

use super::file::{Library, NixFile};
use super::text::Part;

/// How many signs of comments are looked at on a line: a generated file may be one line of megabytes.
const MAX_SIGNS: usize = 64;

impl NixFile {
    /// Every comment, with its signs: its bytes in the file, in order.
    pub fn comments(&self) -> Vec<std::ops::Range<usize>> {
        self.root()
            .syntax()
            .descendants_with_tokens()
            .filter(|element| element.kind() == SyntaxKind::TOKEN_COMMENT)
            .map(|comment| {
                let range = comment.text_range();
                range.start().into()..range.end().into()
            })
            .collect()
    }

    /// The texts of the comments after byte `offset` on its line, without the comment signs.
    fn comments_after(&self, offset: usize) -> Vec<String> {
        let text = self.source().text();
        let Some(rest) = text.as_bytes().get(offset..) else {
            return Vec::new();
        };
        let line_end = offset + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let mut comments = Vec::new();
        let mut at = offset;
        for _ in 0..MAX_SIGNS {
            let line = text.as_bytes().get(at..line_end).unwrap_or_default();
            let hash = memchr::memchr(b'#', line);
            let block = memchr::memmem::find(line, b"/*");
            let Some(sign) = hash.into_iter().chain(block).min().map(|found| at + found) else {
                break;
            };
            match self.comment_at(sign) {
                Some((comment, end)) => {
                    comments.push(comment);
                    at = end;
                }
                None => at = sign + 1,
            }
        }
        comments
    }

    /// The comment that begins at byte `offset`, and where it ends.
    fn comment_at(&self, offset: usize) -> Option<(String, usize)> {
        let start = TextSize::try_from(offset).ok()?;
        let token = match self.root().syntax().token_at_offset(start) {
            TokenAtOffset::None => return None,
            TokenAtOffset::Single(token) | TokenAtOffset::Between(_, token) => token,
        };
        if token.kind() != SyntaxKind::TOKEN_COMMENT || token.text_range().start() != start {
            return None;
        }
        let text = token.text();
        let inner = match text.strip_prefix("/*") {
            Some(block) => block.strip_suffix("*/").unwrap_or(block),
            None => text.trim_start_matches('#'),
        };
        Some((inner.trim().to_owned(), token.text_range().end().into()))
    }
}

impl Library<'_> {
    /// The comments behind a value: on the lines of the bindings that lead to it, the outermost first, then on the
    /// line of the literal itself.
    pub fn comments_of(&self, part: &Part) -> Vec<String> {
        let literal = (part.file.clone(), part.range.end);
        part.bindings
            .iter()
            .rev()
            .chain([&literal])
            .filter_map(|(path, end)| Some(self.get(path)?.comments_after(*end)))
            .flatten()
            .collect()
    }
}
