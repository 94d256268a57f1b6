//! Which strings YAML reads back as strings when they stand without quotes.
//!
//! Readers differ: YAML 1.1 (PyYAML, Ruby), 1.2 core, and Go's in between. A text is plain here only when all agree.

/// Whether `text` can be written without quotes and stays a string; `in_flow` inside `[…]` and `{…}`.
///
/// Errs towards quotes. Rules: YAML 1.2.2 §7.3.3 (plain style) and §10.3.2 (core schema); YAML 1.1 types `bool`,
/// `int`, `float`, `null`, `timestamp`, `merge`, `value`.
pub(super) fn is_plain_string(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let starts_well =
        first.is_alphanumeric() || matches!(first, '/' | '.' | '_' | '+' | '(' | '^' | '$');
    let holds_well = text.chars().all(|c| {
        c.is_alphanumeric()
            || matches!(
                c,
                ' ' | '-'
                    | '_'
                    | '.'
                    | '/'
                    | ':'
                    | '+'
                    | '='
                    | '?'
                    | '&'
                    | '~'
                    | '@'
                    | '#'
                    | '%'
                    | '('
                    | ')'
                    | '^'
                    | '$'
                    | '*'
                    | '!'
                    | ';'
                    | '|'
                    | '<'
                    | '>'
            )
    });
    starts_well
        && holds_well
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        // YAML allows a `?` inside; PyYAML ends the value there.
        && !(in_flow && text.contains('?'))
        && !is_typed(text)
}

/// Whether some reader takes the plain text for something else than a string.
fn is_typed(text: &str) -> bool {
    is_word(text) || is_number(text) || is_sexagesimal(text) || is_timestamp(text)
}

fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    matches!(text, "" | "~" | "<<" | "=")
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase().replace('_', "");
    if matches!(lower.as_str(), ".inf" | ".nan" | "inf" | "nan" | "infinity") {
        return true;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            // A bare `0x` is a string to all, but not worth the doubt.
            return rest.chars().all(|c| c.is_digit(radix));
        }
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (lower.as_str(), None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    has_digits
        && all_digits(whole)
        && all_digits(fraction)
        && exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// YAML 1.1's base 60: `1:20`, `-190:20:30.15`.
fn is_sexagesimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.contains(':')
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'_' | b'.'))
}

/// YAML 1.1's `2024-01-31`, with or without a time.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let number = |part: Option<&str>, most: usize| {
        part.is_some_and(|p| {
            !p.is_empty() && p.len() <= most && p.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if !number(parts.next(), 4) || !number(parts.next(), 2) {
        return false;
    }
    let rest = parts.next().unwrap_or("");
    let day = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&day) && matches!(rest.as_bytes().get(day), None | Some(b'T' | b't' | b' '))
}

#[cfg(test)]
mod tests {
    use super::is_plain_string;

    #[test]
    fn what_a_reader_may_take_for_a_number_needs_quotes() {
        for text in [
            "1.10",
            "1e3",
            "0123456",
            "true",
            "null",
            "12345678",
            "1234e56",
            "0x1f",
            "1_000",
            ".5",
            "5.",
            "-1",
            "+1",
            "1:20",
            "2024-01-31",
            "2024-1-3T00:00:00Z",
            "yes",
            "NO",
            "On",
            "y",
            "~",
            "",
            "<<",
            "=",
            ".inf",
            "-.INF",
            ".NaN",
            "0o17",
            "0b1",
            "1E+2",
            "190:20:30.15",
        ] {
            assert!(!is_plain_string(text, false), "{text}");
        }
    }

    #[test]
    fn what_would_not_read_back_needs_quotes() {
        for text in [
            " a",
            "a ",
            "a: b",
            "a #b",
            "a:",
            "- a",
            "-a",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "%a",
            "@a",
            "`a`",
            "[a]",
            "{a}",
            "a,b",
            "a]b",
            "a\tb",
            "a\nb",
            "...",
            "---",
            "?",
            "? a",
            "\u{feff}a",
            "a\u{85}b",
        ] {
            assert!(!is_plain_string(text, false), "{text:?}");
        }
    }

    #[test]
    fn versions_and_urls_stay_plain() {
        for text in [
            "1d37d29",
            "v1.2.3",
            "1.2.3",
            "1.10-alpine",
            "unstable-2024-01-01",
            "2024-01-31-1d37d29",
            "0xyz",
            "e3",
            "git+https://h/o/r.git?ref=main&rev=1d37d2983cd4a58c12663dd8df0e79dfe89a5d75",
            "github:o/r/1d37d29",
            "registry.example.org:5000/team/k:1d37d29",
            "yesterday",
            "sha256:00ff",
            "é",
            "git+ssh://git@h/~u/r?rev=1#k",
        ] {
            assert!(is_plain_string(text, false), "{text}");
        }
    }

    #[test]
    fn a_question_mark_is_plain_in_block_style_only() {
        assert!(is_plain_string("git+https://h/r?rev=1", false));
        assert!(!is_plain_string("git+https://h/r?rev=1", true));
    }
}
