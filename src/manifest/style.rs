//! How a scalar is written, and writing another value the same way.

use std::fmt;
use std::fmt::Write;

use super::{Located, plain};
use crate::source::RelPath;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Yaml,
    Json,
    Toml,
}

impl Format {
    /// The format that a file's name tells.
    pub fn of(path: &RelPath) -> Format {
        let name = path.file_name();
        if name.ends_with(".json") || name == "flake.lock" {
            Format::Json
        } else if name.ends_with(".toml") || name == "Cargo.lock" {
            Format::Toml
        } else {
            Format::Yaml
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Yaml => "YAML",
            Format::Json => "JSON",
            Format::Toml => "TOML",
        })
    }
}

/// The spelling of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes. In JSON and TOML such a value is no string.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// YAML's `|`
    Literal,
    /// YAML's `>`
    Folded,
    /// TOML's `'''…'''`
    MultilineSingle,
    /// TOML's `"""…"""`
    MultilineDouble,
}

impl Style {
    /// Whether a quote stands before the value.
    pub fn is_quoted(self) -> bool {
        matches!(
            self,
            Style::Single | Style::Double | Style::MultilineSingle | Style::MultilineDouble
        )
    }
}

/// `text` as a YAML scalar of a block mapping or sequence that reads back as this very string everywhere.
pub fn yaml_string(text: &str) -> String {
    match plain::is_plain_string(text, false) {
        true => text.to_owned(),
        false => double_quoted(Format::Yaml, text),
    }
}

/// `new` as a token that takes the place of `old`, whose bytes are `old_token`.
///
/// The style stays where it can hold the new value; otherwise `"…"`, which holds everything, takes its place.
pub(super) fn render(old: &Located, old_token: &str, new: &str) -> Result<String, &'static str> {
    let format = old.format;
    let bare = !new.chars().any(is_special);
    match (format, old.style) {
        (Format::Json | Format::Toml, Style::Plain) => Err("it is not a string"),
        (Format::Yaml, Style::Plain) if old_token.is_empty() => Err("nothing stands there yet"),
        (Format::Yaml, Style::Plain) if plain::is_plain_string(new, old.in_flow) => {
            Ok(new.to_owned())
        }
        (Format::Yaml, Style::Single) if bare => Ok(format!("'{}'", new.replace('\'', "''"))),
        (Format::Yaml, Style::Literal | Style::Folded) => {
            if old_token.contains(['\n', '\r']) || old_token.is_empty() {
                Err("a block of several lines")
            } else if new.is_empty() || new.trim() != new || !bare {
                Err("the new value does not fit into a block of one line")
            } else {
                Ok(new.to_owned())
            }
        }
        (Format::Toml, Style::Single) if bare && !new.contains('\'') => Ok(format!("'{new}'")),
        (Format::Toml, Style::MultilineSingle) if bare && !new.contains('\'') => {
            Ok(format!("'''{new}'''"))
        }
        (Format::Toml, Style::MultilineDouble) => {
            Ok(format!("\"\"{}\"\"", double_quoted(format, new)))
        }
        _ => Ok(double_quoted(format, new)),
    }
}

/// Characters that no quoting style but `"…"` holds in every format.
fn is_special(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn double_quoted(format: Format, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Every one of these is below U+10000, so four digits do in all three formats.
            c if is_special(c) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            // A no-break space is hard to see; YAML allows it, and others need no escape.
            '\u{a0}' if format == Format::Yaml => out.push_str("\\u00A0"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
