//! How a value is written in each language that a template is in. The values that reach a template are literal: what
//! is written here is read back as the very same characters.

use handlebars::{Handlebars, handlebars_helper};
use serde_json::{Value, json};

use crate::syntax::encode_double_quoted;

/// The helpers that templates use.
#[cfg(test)]
pub const NAMES: &[&str] = &[
    "as_is",
    "bazel_list",
    "bazel_str",
    "comment",
    "docker_command",
    "docker_json",
    "docker_json_expanded",
    "docker_word",
    "in_shell",
    "in_shell_word",
    "json",
    "nix_attr",
    "nix_attr_path",
    "nix_hash",
    "nix_int",
    "nix_mode",
    "nix_path",
    "nix_source",
    "nix_str",
    "nix_text",
    "nix_value",
];

pub fn register(registry: &mut Handlebars<'static>) {
    // Of what a template itself says, and nobody else.
    handlebars_helper!(as_is: |text: str| text.to_owned());
    handlebars_helper!(bazel_list: |values: Json| starlark(values));
    handlebars_helper!(bazel_str: |text: str| starlark(&Value::from(text)));
    handlebars_helper!(docker_command_helper: |text: str| docker_command(text));
    handlebars_helper!(docker_json: |values: Json| docker_list(values, false));
    handlebars_helper!(docker_json_expanded: |values: Json| docker_list(values, true));
    handlebars_helper!(docker_word_helper: |text: str| docker_word(text));
    handlebars_helper!(json: |value: Json| format!("{value:#}"));
    handlebars_helper!(comment: |text: str| plain_line(text));
    handlebars_helper!(in_shell: |text: str| shell_word(text));
    handlebars_helper!(in_shell_word: |text: str| shell_word(text));
    handlebars_helper!(nix_attr_helper: |text: str| nix_attr(text));
    handlebars_helper!(nix_attr_path: |text: str| text.split('.').map(nix_attr).collect::<Vec<_>>().join("."));
    handlebars_helper!(nix_hash: |hash: Json| match hash.as_str() {
        Some(hash) => nix_str(hash),
        None => "lib.fakeHash".to_owned(),
    });
    handlebars_helper!(nix_int: |number: u64| number.to_string());
    handlebars_helper!(nix_mode: |mode: str| octal(mode));
    handlebars_helper!(nix_path_helper: |path: str| nix_path(path));
    handlebars_helper!(nix_source_helper: |path: str| nix_source(path));
    handlebars_helper!(nix_str_helper: |text: str| nix_str(text));
    handlebars_helper!(nix_text: |text: str| encode_double_quoted(text));
    handlebars_helper!(nix_value_helper: |value: Json| nix_value(value));
    registry.register_helper("as_is", Box::new(as_is));
    registry.register_helper("bazel_list", Box::new(bazel_list));
    registry.register_helper("bazel_str", Box::new(bazel_str));
    registry.register_helper("docker_command", Box::new(docker_command_helper));
    registry.register_helper("docker_json", Box::new(docker_json));
    registry.register_helper("docker_json_expanded", Box::new(docker_json_expanded));
    registry.register_helper("docker_word", Box::new(docker_word_helper));
    registry.register_helper("json", Box::new(json));
    registry.register_helper("comment", Box::new(comment));
    registry.register_helper("in_shell", Box::new(in_shell));
    registry.register_helper("in_shell_word", Box::new(in_shell_word));
    registry.register_helper("nix_attr", Box::new(nix_attr_helper));
    registry.register_helper("nix_attr_path", Box::new(nix_attr_path));
    registry.register_helper("nix_hash", Box::new(nix_hash));
    registry.register_helper("nix_int", Box::new(nix_int));
    registry.register_helper("nix_mode", Box::new(nix_mode));
    registry.register_helper("nix_path", Box::new(nix_path_helper));
    registry.register_helper("nix_source", Box::new(nix_source_helper));
    registry.register_helper("nix_str", Box::new(nix_str_helper));
    registry.register_helper("nix_text", Box::new(nix_text));
    registry.register_helper("nix_value", Box::new(nix_value_helper));
}

/// `text` as a string of Nix.
pub fn nix_str(text: &str) -> String {
    format!("\"{}\"", encode_double_quoted(text))
}

/// The words of the language, which name no attribute unless they are quoted.
const KEYWORDS: &[&str] = &[
    "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with",
];

/// `name` as it stands in a set or behind a dot.
fn nix_attr(name: &str) -> String {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    let is_plain = name.bytes().next().is_some_and(first)
        && name
            .bytes()
            .all(|b| first(b) || b.is_ascii_digit() || matches!(b, b'-' | b'\''))
        && !KEYWORDS.contains(&name);
    match is_plain {
        true => name.to_owned(),
        false => nix_str(name),
    }
}

/// A path from the folder of the file.
fn nix_path(path: &str) -> String {
    let path = path.trim_end_matches('/');
    let relative = match path {
        "." | "" => return "./.".to_owned(),
        ".." => return "./..".to_owned(),
        path if path.starts_with("./") || path.starts_with("../") => path.to_owned(),
        path => format!("./{path}"),
    };
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'/');
    match relative.bytes().all(is_plain) && !relative.contains("//") {
        true => relative,
        false => format!("(./. + {})", nix_str(&format!("/{path}"))),
    }
}

/// A path whose copy in the store has a name that the store takes.
fn nix_source(path: &str) -> String {
    let literal = nix_path(path);
    let name = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path);
    match store_name(name) == name && literal.starts_with('.') {
        true => literal,
        false => format!(
            "builtins.path {{ name = {}; path = {literal}; }}",
            nix_str(&store_name(name))
        ),
    }
}

/// `name` as far as a name in the store may have its characters.
pub fn store_name(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    let name: String = name
        .chars()
        .take(100)
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    match name.trim_start_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// A value of JSON as one of Nix.
pub fn nix_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => nix_str(value),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(nix_value).collect();
            format!("[ {} ]", values.join(" "))
        }
        Value::Object(values) => {
            let values = values
                .iter()
                .map(|(key, value)| format!("{} = {};", nix_attr(key), nix_value(value)));
            format!("{{ {} }}", values.collect::<Vec<_>>().join(" "))
        }
    }
}

/// `text` as a word of a command that people read: as it is where a shell takes it so.
pub fn command_word(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@+,".contains(&b);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A word of a shell script that stands in an indented string of Nix. What is not plain is quoted while Nix evaluates,
/// so that the script holds it whatever it is.
fn shell_word(text: &str) -> String {
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'/');
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("${{lib.escapeShellArg {}}}", nix_str(text)),
    }
}

/// What is left of `text` in a comment to the end of a line.
pub fn plain_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The octal digits of a mode, and nothing else.
fn octal(mode: &str) -> String {
    let digits: String = mode.chars().filter(|c| ('0'..='7').contains(c)).collect();
    format!("{digits:0>4}")
}

/// A word of a Dockerfile's instruction, in which variables are expanded and quotes removed.
fn docker_word(text: &str) -> String {
    let is_plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'/' | b':' | b'@')
    };
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut word = "\"".to_owned();
    for c in text.chars() {
        if matches!(c, '\\' | '"' | '$') {
            word.push('\\');
        }
        word.push(c);
    }
    word + "\""
}

/// What the shell runs: as it is where it is one line that neither begins as a list nor goes on, else given to a shell.
fn docker_command(text: &str) -> String {
    let is_line = !text.is_empty() && text.trim() == text && !text.contains(['\n', '\r']);
    if is_line && !text.starts_with('[') && !text.ends_with('\\') {
        return text.to_owned();
    }
    docker_list(&json!(["/bin/sh", "-c", text]), false)
}

/// A list in the form of JSON. Where the instruction expands variables in it, and takes off quotes, there is neither.
fn docker_list(values: &Value, is_expanded: bool) -> String {
    let texts = values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let texts = texts.map(|text| match is_expanded {
        true => Value::from(escaped(text)).to_string(),
        false => Value::from(text).to_string(),
    });
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// Each character that a Dockerfile reads in a word, with the one before it that has it stand for itself.
fn escaped(text: &str) -> String {
    let mut word = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '"' | '\'' | '$') {
            word.push('\\');
        }
        word.push(c);
    }
    word
}

/// A value of JSON as one of Starlark, whose strings know fewer escapes.
fn starlark(value: &Value) -> String {
    match value {
        // As buildifier has the list of an attribute.
        Value::Array(values) if values.len() > 1 => {
            let lines = values
                .iter()
                .map(|value| format!("        {},\n", starlark(value)));
            format!("[\n{}    ]", lines.collect::<String>())
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(starlark).collect();
            format!("[{}]", values.concat())
        }
        Value::String(text) => {
            let mut out = "\"".to_owned();
            for c in text.chars() {
                match c {
                    '"' => out.push_str("\\\""),
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    c if c.is_ascii_control() => out += &format!("\\{:03o}", u32::from(c)),
                    c => out.push(c),
                }
            }
            out + "\""
        }
        other => other.to_string(),
    }
}
