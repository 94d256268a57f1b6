//! Comments that stand behind a value on its line.

use rnix::SyntaxKind;
use rowan::ast::AstNode;
use rowan::{TextSize, TokenAtOffset};

use super::file::{Library, NixFile};
use super::text::Part;

impl NixFile {
    /// The text of the first comment after byte `offset` on its line, without the comment signs.
    pub fn comment_after(&self, offset: usize) -> Option<String> {
        let offset = TextSize::try_from(offset).ok()?;
        let root = self.root().syntax();
        if offset > root.text_range().end() {
            return None;
        }
        let mut token = match root.token_at_offset(offset) {
            TokenAtOffset::None => return None,
            TokenAtOffset::Single(token) => token,
            TokenAtOffset::Between(left, _) => left,
        };
        loop {
            token = token.next_token()?;
            match token.kind() {
                SyntaxKind::TOKEN_WHITESPACE if token.text().contains('\n') => return None,
                SyntaxKind::TOKEN_COMMENT => {
                    let text = token.text();
                    let inner = match text.strip_prefix("/*") {
                        Some(block) => block.strip_suffix("*/").unwrap_or(block),
                        None => text.trim_start_matches('#'),
                    };
                    return Some(inner.trim().to_owned());
                }
                SyntaxKind::TOKEN_STRING_CONTENT if token.text().contains('\n') => return None,
                _ => {}
            }
        }
    }
}

impl Library<'_> {
    /// The comment on the line of a literal, behind it.
    pub fn comment_of(&self, part: &Part) -> Option<String> {
        self.get(&part.file)?.comment_after(part.range.end)
    }
}
