//! Flags of commands, and what they are given.

use crate::shell::Word;

/// A flag that takes a value: `--user`, `-u`.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    long: Option<&'static str>,
    short: Option<char>,
}

impl Flag {
    pub fn long(name: &'static str) -> Flag {
        Flag {
            long: Some(name),
            short: None,
        }
    }

    pub fn short(letter: char) -> Flag {
        Flag {
            long: None,
            short: Some(letter),
        }
    }

    pub fn both(name: &'static str, letter: char) -> Flag {
        Flag {
            long: Some(name),
            short: Some(letter),
        }
    }
}

/// The letters whose flags take a value, which may follow in the same word: none of it is a flag then.
fn with_value(program: &str) -> &'static str {
    match program {
        "curl" => "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
        "wget" => "aBDeiIoOPQRtTUwXA",
        "sshpass" => "pfdP",
        _ => "eupvH",
    }
}

/// What `arguments` give to `flags`: the flag as it is written, the argument that holds the value, and the value.
pub fn values(arguments: &[Word], flags: &[Flag], program: &str) -> Vec<(String, Word, Word)> {
    let mut found = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let Some((flag, inline)) = flags.iter().find_map(|flag| given(word, flag, program)) else {
            continue;
        };
        match inline {
            Some(value) => found.push((flag, word.clone(), value)),
            None => {
                if let Some(next) = arguments.get(at + 1) {
                    found.push((flag, next.clone(), next.clone()));
                }
            }
        }
    }
    found
}

/// The flag as it is written, where `word` is it, and its value where that is in the same word.
fn given(word: &Word, flag: &Flag, program: &str) -> Option<(String, Option<Word>)> {
    let beginning = word.beginning();
    if let Some(written) = beginning.strip_prefix("--") {
        let name = flag.long?;
        let rest = written.strip_prefix(name)?;
        let is_whole = rest.is_empty() && word.pieces.len() == 1;
        let shown = format!("--{name}");
        return match rest.starts_with('=') {
            true => Some((shown.clone(), Some(word.behind(shown.len() + 1)))),
            false => is_whole.then_some((shown, None)),
        };
    }
    let letter = flag.short?;
    for (at, sign) in beginning.strip_prefix('-')?.char_indices() {
        if sign == letter {
            let rest = word.behind(1 + at + sign.len_utf8());
            let rest = match rest.beginning().starts_with('=') {
                true => rest.behind(1),
                false => rest,
            };
            let value = (!rest.pieces.is_empty()).then_some(rest);
            return Some((format!("-{letter}"), value));
        }
        if !sign.is_ascii_alphanumeric() || with_value(program).contains(sign) {
            return None;
        }
    }
    None
}

/// Whether the command that is called is `login`: `docker login`, `helm registry login`, `crane auth login`.
pub fn is_login(arguments: &[Word]) -> bool {
    let mut is_behind_flag = false;
    for word in arguments {
        match word.plain() {
            Some("login") => return true,
            Some("registry" | "auth") => is_behind_flag = false,
            _ if word.beginning().starts_with('-') => {
                is_behind_flag = !word.beginning().contains('=');
            }
            // The value of a flag before it, perhaps.
            _ if is_behind_flag => is_behind_flag = false,
            _ => return false,
        }
    }
    false
}
