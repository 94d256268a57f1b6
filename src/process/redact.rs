//! Credentials taken out of a text that will be shown.

const HIDDEN: &str = "***";

/// Parameters of a URL's query that hold a token.
const SECRET_PARAMETERS: [&str; 4] = ["token=", "access_token=", "private_token=", "password="];

/// `text` with the user part of each http(s) URL, the password of any other and tokens in queries replaced by
/// `***`. The user name of an ssh URL stays: it is no secret.
pub fn redact(text: &str) -> String {
    hide_parameters(&hide_users(text))
}

fn hide_users(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| matches!(c, '/' | '?' | '#' | '\'' | '"' | '`') || c.is_whitespace())
            .unwrap_or(after.len());
        let (authority, remainder) = after.split_at(end);
        let is_http = ["http://", "https://"].iter().any(|s| before.ends_with(s));
        match authority.rsplit_once('@') {
            Some((_, host)) if is_http => out.extend([HIDDEN, "@", host]),
            Some((user, host)) => match user.split_once(':') {
                Some((name, _)) => out.extend([name, ":", HIDDEN, "@", host]),
                None => out.push_str(authority),
            },
            None => out.push_str(authority),
        }
        rest = remainder;
    }
    out.push_str(rest);
    out
}

fn hide_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        rest = after;
        if let Some(name) = SECRET_PARAMETERS.iter().find(|p| after.starts_with(**p)) {
            let value = &after[name.len()..];
            let end = value
                .find(|c: char| matches!(c, '&' | '#' | '\'' | '"' | '`') || c.is_whitespace())
                .unwrap_or(value.len());
            out.extend([*name, HIDDEN]);
            rest = &value[end..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn hides_credentials_and_nothing_else() {
        for (text, shown) in [
            ("https://token@host/x", "https://***@host/x"),
            (
                "git+https://u:p%40q@host:8443/x?ref=main",
                "git+https://***@host:8443/x?ref=main",
            ),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("ssh://git:pw@host/x", "ssh://git:***@host/x"),
            (
                "'https://u:p@h' and https://v:q@i",
                "'https://***@h' and https://***@i",
            ),
            (
                "http://h/x?a=1&access_token=abc&b=2",
                "http://h/x?a=1&access_token=***&b=2",
            ),
            ("https://h/user@example.org", "https://h/user@example.org"),
            ("file:///a?token=s3cret", "file:///a?token=***"),
            ("plain? text & more", "plain? text & more"),
        ] {
            assert_eq!(redact(text), shown);
        }
    }
}
