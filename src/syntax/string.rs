//! The characters of Nix strings: from source to value and back.
//!
//! Source of the rules: the Nix manual, "String literals", and Nix's lexer.

/// How a string is written in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quoting {
    /// `"…"`
    Double,
    /// `''…''`
    Indented,
    /// An unquoted URI such as `https://example.org/x`.
    Uri,
}

impl Quoting {
    /// `value` as the source text that stands between the quotes. `None` when this quoting cannot write it.
    pub fn encode(self, value: &str) -> Option<String> {
        match self {
            // No string of Nix's holds one.
            _ if value.contains('\0') => None,
            Quoting::Double => Some(encode_double_quoted(value)),
            // A line break would take part in the indentation of the whole string.
            Quoting::Indented if value.contains(['\n', '\r']) => None,
            Quoting::Indented => Some(encode_indented(value)),
            Quoting::Uri => value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "%/?:@&=+$,-_.!~*'".contains(c))
                .then(|| value.to_owned()),
        }
    }

    /// The value of source text that stands between quotes and holds no interpolation. Of an indented string that is
    /// the text behind the spaces that it begins with, on one line: those Nix takes away.
    pub fn decode(self, source: &str) -> String {
        match self {
            Quoting::Double => decode_double_quoted(source),
            Quoting::Indented => decode_indented(source),
            Quoting::Uri => source.to_owned(),
        }
    }
}

/// `value` as it stands between double quotes.
pub fn encode_double_quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Escaped wherever a brace may follow: within this value, or in what the source holds behind it.
            '$' if matches!(chars.peek(), Some('{') | None) => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out
}

/// The value of what stands between double quotes, interpolations left out.
pub fn decode_double_quoted(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            // Nix reads every unescaped line ending as one line feed.
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            c => out.push(c),
        }
    }
    out
}

fn encode_indented(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    if chars.next_if_eq(&' ').is_some() {
        out.push_str("''\\ ");
    }
    while let Some(c) = chars.next() {
        match c {
            // Two quotes in a row end the string or begin an escape: none may come to stand before another.
            '\'' if matches!(chars.peek(), Some('\'' | '$' | '\t') | None) => out.push_str("''\\'"),
            '$' if matches!(chars.peek(), Some('{') | None) => out.push_str("''$"),
            '\t' => out.push_str("''\\t"),
            c => out.push(c),
        }
    }
    out
}

fn decode_indented(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("''") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        let mut chars = rest.chars();
        match chars.next() {
            Some('\'') => out.push_str("''"),
            Some('$') => out.push('$'),
            Some('\\') => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => continue,
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_what_nix_would_read() {
        assert_eq!(
            encode_double_quoted("a\"b\\c${d}$e$"),
            "a\\\"b\\\\c\\${d}$e\\$"
        );
        assert_eq!(
            decode_double_quoted("a\\\"b\\\\c\\${d}$e\\$\\q\r\n"),
            "a\"b\\c${d}$e$q\n"
        );
        assert_eq!(encode_indented("it''s ${x}"), "it''\\''s ''${x}");
        assert_eq!(
            decode_indented("it'''s ''${x} ''\\n ''\\'"),
            "it''s ${x} \n '"
        );
    }

    #[test]
    fn a_uri_takes_no_other_characters() {
        assert_eq!(
            Quoting::Uri.encode("https://a.b/c?d=e"),
            Some("https://a.b/c?d=e".into())
        );
        assert_eq!(Quoting::Uri.encode("a b"), None);
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in "(?s).{0,40}") {
            prop_assert_eq!(decode_double_quoted(&encode_double_quoted(&value)), value);
        }

        #[test]
        fn any_line_comes_back_indented(value in "[^\r\n]{0,40}") {
            prop_assert_eq!(decode_indented(&encode_indented(&value)), value);
        }

        #[test]
        fn tricky_values_come_back(value in "['$\\\\{}\"nrt]{0,12}") {
            prop_assert_eq!(decode_double_quoted(&encode_double_quoted(&value)), value.clone());
            prop_assert_eq!(decode_indented(&encode_indented(&value)), value);
        }
    }
}
