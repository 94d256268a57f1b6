//! Comments that stand behind a value on its line.

use rnix::SyntaxKind;
use rowan::ast::AstNode;
use rowan::{TextSize, TokenAtOffset};

use super::file::{Library, NixFile};
use super::text::Part;

impl NixFile {
    /// The texts of the comments after byte `offset` on its line, without the comment signs.
    fn comments_after(&self, offset: usize) -> Vec<String> {
        let mut comments = Vec::new();
        let root = self.root().syntax();
        let Some(offset) = TextSize::try_from(offset)
            .ok()
            .filter(|offset| *offset <= root.text_range().end())
        else {
            return comments;
        };
        let mut next = match root.token_at_offset(offset) {
            TokenAtOffset::None => None,
            TokenAtOffset::Single(token) | TokenAtOffset::Between(token, _) => token.next_token(),
        };
        while let Some(token) = next {
            match token.kind() {
                SyntaxKind::TOKEN_WHITESPACE if token.text().contains('\n') => break,
                SyntaxKind::TOKEN_COMMENT => {
                    let text = token.text();
                    let inner = match text.strip_prefix("/*") {
                        Some(block) => block.strip_suffix("*/").unwrap_or(block),
                        None => text.trim_start_matches('#'),
                    };
                    comments.push(inner.trim().to_owned());
                    if text.contains('\n') {
                        break;
                    }
                }
                SyntaxKind::TOKEN_STRING_CONTENT if token.text().contains('\n') => break,
                _ => {}
            }
            next = token.next_token();
        }
        comments
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
