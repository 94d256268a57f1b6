//! Dockerfiles, as far as they say versions: the defaults of `ARG`. Not here: what else stands in them.

use std::borrow::Cow;
use std::ops::Range;

use parse_dockerfile::{Instruction, parse_iter};

/// A default of an `ARG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgDefault {
    /// Without quotes.
    pub value: String,
    /// The bytes of the value in the file, without quotes.
    pub range: Range<usize>,
}

/// The defaults of the argument `name`, in the order of the file, up to the first line that cannot be read. One that is
/// put together of others, or that goes over several lines, is left out.
pub fn defaults(text: &str, name: &str) -> Vec<ArgDefault> {
    let mut found = Vec::new();
    let Ok(instructions) = parse_iter(text) else {
        return found;
    };
    for instruction in instructions {
        match instruction {
            Ok(Instruction::Arg(arg)) => {
                // What was unescaped has no bytes of its own in the file.
                if let Cow::Borrowed(arguments) = arg.arguments.value {
                    found.extend(in_arguments(arguments, arg.arguments.span.start, name));
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    found
}

/// The default of `name` in `A=1 B="two"`, which begins at byte `start` of the file.
fn in_arguments(arguments: &str, start: usize, name: &str) -> Option<ArgDefault> {
    let mut at = 0;
    loop {
        let rest = arguments.get(at..)?;
        at += rest.len() - rest.trim_start().len();
        let rest = arguments.get(at..).filter(|rest| !rest.is_empty())?;
        let end = end_of_word(rest);
        let word = rest.get(..end)?;
        if let Some((key, value)) = word.split_once('=')
            && key == name
        {
            let bare = ['"', '\'']
                .iter()
                .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
                .unwrap_or(value);
            let from = start + at + key.len() + 1 + (value.len() - bare.len()) / 2;
            let is_literal = !bare.is_empty() && !bare.contains(['$', '\\', '"', '\'']);
            return is_literal.then(|| ArgDefault {
                value: bare.to_owned(),
                range: from..from + bare.len(),
            });
        }
        at += end;
    }
}

/// Where the first word ends; blanks in quotes belong to it.
fn end_of_word(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => return at,
            None => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::defaults;

    #[test]
    fn defaults_have_their_places() {
        for (line, wanted) in [
            ("ARG V=1.2.3", &["1.2.3"][..]),
            ("arg V=\"v1.2.3\"", &["v1.2.3"]),
            ("ARG A=\"a b\" V='1' # no comment", &["1"]),
            ("ARG V", &[]),
            ("ARG V=", &[]),
            ("ARG V=${A}", &[]),
            ("ARG VV=1", &[]),
            ("ENV V=1", &[]),
            ("# ARG V=1", &[]),
            ("ARG V=1\nARG V=2", &["1", "2"]),
        ] {
            for text in [format!("FROM x\n{line}\n"), format!("{line}\nFROM x\n")] {
                let found = defaults(&text, "V");
                let values: Vec<&str> = found.iter().map(|one| one.value.as_str()).collect();
                if !(text.starts_with("ENV") && values.is_empty()) {
                    assert_eq!(values, wanted, "{text}");
                }
                for one in &found {
                    assert_eq!(text[one.range.clone()], one.value, "{text}");
                }
            }
        }
    }
}
