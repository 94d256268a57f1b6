//! Variables as Docker expands them: `ARG`, `ENV`, and those that every build has.

use std::collections::BTreeMap;

use crate::image::spec::LinuxSystem;
use crate::shell::{Piece, Word};

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Known(String),
    /// An `ARG` without a default, or what is made of one.
    Unknown,
}

/// The variables at some place of a stage.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, Value>,
    /// Whether the base image may have others.
    pub is_open: bool,
}

/// The variable whose value is not known.
pub type UnknownName = String;

/// What every build has once it is asked for by `ARG`.
pub fn predefined(name: &str, system: LinuxSystem) -> Option<String> {
    let arch = system.oci();
    Some(match name {
        "TARGETARCH" | "BUILDARCH" => arch.to_owned(),
        "TARGETOS" | "BUILDOS" => "linux".to_owned(),
        "TARGETPLATFORM" | "BUILDPLATFORM" => format!("linux/{arch}"),
        "TARGETVARIANT" | "BUILDVARIANT" => String::new(),
        "HTTP_PROXY" | "http_proxy" | "HTTPS_PROXY" | "https_proxy" | "FTP_PROXY" | "ftp_proxy"
        | "NO_PROXY" | "no_proxy" | "ALL_PROXY" | "all_proxy" => String::new(),
        _ => return None,
    })
}

impl Scope {
    pub fn new(is_open: bool) -> Scope {
        Scope {
            values: BTreeMap::new(),
            is_open,
        }
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    pub fn get(&self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if self.is_open => Value::Unknown,
            None => Value::Known(String::new()),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn is_set(&self, name: &str, also_if_empty: bool) -> Option<bool> {
        match self.values.get(name) {
            Some(Value::Known(value)) => Some(also_if_empty || !value.is_empty()),
            Some(Value::Unknown) => None,
            None if self.is_open => None,
            None => Some(false),
        }
    }

    /// `text` with variables in the place of their names, and without quotes and escapes.
    pub fn expand(&self, text: &str, escape: char) -> Result<String, UnknownName> {
        self.expand_to(text, escape, 0, false)
    }

    /// The same of a here-document, in which quotes are letters.
    pub fn expand_document(&self, text: &str, escape: char) -> Result<String, UnknownName> {
        self.expand_to(text, escape, 0, true)
    }

    fn expand_to(
        &self,
        text: &str,
        escape: char,
        depth: usize,
        is_document: bool,
    ) -> Result<String, UnknownName> {
        let mut value = String::with_capacity(text.len());
        let mut rest = text;
        let mut in_double = false;
        while let Some(sign) = rest.chars().next() {
            let behind = rest.get(sign.len_utf8()..).unwrap_or_default();
            rest = match sign {
                '\'' if !in_double && !is_document => match behind.split_once('\'') {
                    Some((literal, behind)) => {
                        value.push_str(literal);
                        behind
                    }
                    None => {
                        value.push(sign);
                        behind
                    }
                },
                '"' if !is_document => {
                    in_double = !in_double;
                    behind
                }
                _ if sign == escape => match behind.chars().next() {
                    // In double quotes only these are escaped.
                    Some(next) if is_document && next != '$' => {
                        value.push(sign);
                        value.push(next);
                        behind.get(next.len_utf8()..).unwrap_or_default()
                    }
                    Some(next) if !in_double || matches!(next, '"' | '$') || next == escape => {
                        value.push(next);
                        behind.get(next.len_utf8()..).unwrap_or_default()
                    }
                    _ => {
                        value.push(sign);
                        behind
                    }
                },
                '$' => self.variable(behind, &mut value, escape, depth)?,
                _ => {
                    value.push(sign);
                    behind
                }
            };
        }
        Ok(value)
    }

    /// What `$` introduces; the rest of the text.
    fn variable<'t>(
        &self,
        text: &'t str,
        value: &mut String,
        escape: char,
        depth: usize,
    ) -> Result<&'t str, UnknownName> {
        let Some(inner) = text.strip_prefix('{') else {
            let end = end_of_name(text);
            let (name, rest) = text.split_at(end);
            match name {
                "" => value.push('$'),
                name => value.push_str(&self.known(name)?),
            }
            return Ok(rest);
        };
        let Some(close) = closing(inner) else {
            value.push_str("${");
            return Ok(inner);
        };
        let (inner, rest) = (
            inner.get(..close).unwrap_or_default(),
            inner.get(close + 1..).unwrap_or_default(),
        );
        let (name, operator) = inner.split_at(end_of_name(inner));
        let also_if_empty = !operator.starts_with(':');
        let word = operator.trim_start_matches(':');
        let unknown = || name.to_owned();
        let word_value = |word: &str| match depth {
            0..8 => self.expand_to(word, escape, depth + 1, false),
            _ => Err(unknown()),
        };
        match word.chars().next() {
            None => value.push_str(&self.known(name)?),
            Some('-') => match self.is_set(name, also_if_empty).ok_or_else(unknown)? {
                true => value.push_str(&self.known(name)?),
                false => value.push_str(&word_value(&word[1..])?),
            },
            Some('+') => {
                if self.is_set(name, also_if_empty).ok_or_else(unknown)? {
                    value.push_str(&word_value(&word[1..])?);
                }
            }
            Some('?') => value.push_str(&self.known(name)?),
            // Patterns are matched by nobody here.
            Some(_) => return Err(unknown()),
        }
        Ok(rest)
    }

    fn known(&self, name: &str) -> Result<String, UnknownName> {
        match self.get(name) {
            Value::Known(value) => Ok(value),
            Value::Unknown => Err(name.to_owned()),
        }
    }

    /// What a word of the shell says. The shell knows the variables of Docker.
    pub fn word(&self, word: &Word) -> Option<String> {
        let mut value = String::new();
        for piece in &word.pieces {
            match piece {
                Piece::Literal(text) => value.push_str(text),
                Piece::Variable(name) => {
                    value.push_str(&self.known(name).ok().filter(|_| self.has(name))?)
                }
                Piece::Other | Piece::Hole(_) => return None,
            }
        }
        Some(value)
    }
}

fn end_of_name(text: &str) -> usize {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    match text.chars().next() {
        // A parameter of the shell is one digit.
        Some(sign) if sign.is_ascii_digit() => 1,
        _ => text.find(|sign| !is_name(sign)).unwrap_or(text.len()),
    }
}

/// Where the brace is that closes one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `text` at its blanks, as Docker does for `ENV`, `ARG` and `LABEL`: quotes and escapes stay in the words.
pub fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(sign) = chars.next() {
        match quote {
            None if sign.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if matches!(sign, '"' | '\'') => quote = Some(sign),
            Some(open) if sign == open => quote = None,
            _ => {}
        }
        word.push(sign);
        if sign == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("A", Value::Known("a".into()));
        scope.set("E", Value::Known(String::new()));
        scope.set("U", Value::Unknown);
        scope
    }

    #[test]
    fn variables_are_expanded_as_docker_does() {
        for (text, wanted) in [
            ("x$A/${A}b", Ok("xa/ab")),
            ("\"$A $A\" '$A'", Ok("a a $A")),
            ("\\$A \\\"", Ok("$A \"")),
            ("\"\\n\"", Ok("\\n")),
            ("$M.", Ok(".")),
            ("${M:-x$A}", Ok("xa")),
            ("${E:-x}${E-y}", Ok("x")),
            ("${A:+x}${M:+y}", Ok("x")),
            ("$U", Err("U")),
            ("${U:-x}", Err("U")),
            ("${A#a}", Err("A")),
            ("${A", Ok("${A")),
            ("$", Ok("$")),
            ("a'b", Ok("a'b")),
        ] {
            let found = scope().expand(text, '\\');
            assert_eq!(found.as_deref().map_err(String::as_str), wanted, "{text}");
        }
        let document = scope().expand_document("\"$A\" '\\$A' \\n\n", '\\');
        assert_eq!(document.as_deref(), Ok("\"a\" '$A' \\n\n"));
        let open = Scope {
            is_open: true,
            ..scope()
        };
        assert_eq!(open.expand("$M", '\\'), Err("M".to_owned()));
    }

    #[test]
    fn words_keep_their_quotes() {
        assert_eq!(
            split("A=1 B=\"x y\"  C=x\\ y", '\\'),
            ["A=1", "B=\"x y\"", "C=x\\ y"]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_expanded(text in "[$A{}:+?#\"'\\\\ é-]{0,40}") {
            let _ = scope().expand(&text, '\\');
            split(&text, '\\');
        }
    }
}
