//! Whether a word holds a secret, as far as it can be told without knowing what variables hold.

use crate::shell::{Piece, Word};

use super::Holds;

/// Headers whose whole value is one.
const HEADERS: [&str; 15] = [
    "authorization",
    "proxy-authorization",
    "private-token",
    "job-token",
    "deploy-token",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-auth-key",
    "x-access-token",
    "x-vault-token",
    "x-gitlab-token",
    "circle-token",
    "x-registry-auth",
];

/// A shorter value of a header is a token that everybody knows.
const MIN_LITERAL: usize = 8;

/// The part of `word` that is a secret.
pub fn of(word: &Word, holds: Holds) -> Option<Word> {
    match holds {
        Holds::Value => is_something(word).then(|| word.clone()),
        Holds::Credentials | Holds::User => credentials(word, holds),
        Holds::Header => header(word),
    }
}

fn credentials(word: &Word, holds: Holds) -> Option<Word> {
    if let Some(password) = word.after(':') {
        // `$TOKEN:`: the user is the secret.
        let is_one = is_something(&password) || has_secret_name(word);
        return is_one.then_some(match is_something(&password) {
            true => password,
            false => word.clone(),
        });
    }
    let is_one = match (word.pieces.as_slice(), holds) {
        ([Piece::Variable(name)], Holds::Credentials) => !is_user(name),
        ([Piece::Variable(name)], _) => holds_both(name),
        ([Piece::Other | Piece::Hole(_)], Holds::Credentials) => true,
        _ => false,
    };
    is_one.then(|| word.clone())
}

fn header(word: &Word) -> Option<Word> {
    if let [Piece::Variable(name)] = word.pieces.as_slice() {
        let name = name.to_ascii_lowercase();
        return name.contains("auth_header").then(|| word.clone());
    }
    let (name, _) = word.beginning().split_once(':')?;
    if !HEADERS.contains(&name.trim().to_ascii_lowercase().as_str()) {
        return None;
    }
    let value = word.after(':')?;
    let scheme = value.beginning().trim_start();
    // A signature, which is good for one request.
    if scheme.starts_with("AWS") {
        return None;
    }
    let is_filled_in = value
        .pieces
        .iter()
        .any(|piece| !matches!(piece, Piece::Literal(_)));
    let last = scheme.split_whitespace().last().unwrap_or_default();
    let is_written = last.len() >= MIN_LITERAL && !last.contains(['<', '>', '{', '…']);
    (is_filled_in || is_written).then_some(value)
}

/// A URL's password, or a user that is one.
pub fn in_url(word: &Word) -> Option<Word> {
    let user = user_of_url(word)?;
    let password = user.after(':').filter(is_something);
    password.or_else(|| has_secret_name(&user).then_some(user))
}

/// What stands between `https://` and the `@` before the host.
fn user_of_url(word: &Word) -> Option<Word> {
    let mut user = Word {
        origin: word.origin.clone(),
        pieces: Vec::new(),
    };
    let mut is_in_url = false;
    for piece in &word.pieces {
        let Piece::Literal(text) = piece else {
            if is_in_url {
                user.pieces.push(piece.clone());
            }
            continue;
        };
        let rest = match text.split_once("://") {
            _ if is_in_url => text,
            Some((before, rest)) => {
                let mut schemes = ["http", "https", "ftp"].iter();
                schemes.find(|scheme| before.ends_with(**scheme))?;
                is_in_url = true;
                rest
            }
            None => continue,
        };
        let authority = rest.split(['/', '?', '#', ' ']).next()?;
        if let Some((last, _)) = authority.rsplit_once('@') {
            user.pieces.push(Piece::Literal(last.to_owned()));
            return Some(user);
        }
        if authority.len() < rest.len() {
            return None;
        }
        user.pieces.push(Piece::Literal(authority.to_owned()));
    }
    None
}

fn is_something(word: &Word) -> bool {
    word.pieces.iter().any(|piece| match piece {
        Piece::Literal(text) => !text.trim().is_empty(),
        _ => true,
    })
}

fn has_secret_name(word: &Word) -> bool {
    word.pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Variable(name) if is_secret(name)))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "pass", "key", "cred", "pat"]
        .iter()
        .any(|word| name.split('_').any(|part| part.starts_with(word)))
}

fn is_user(name: &str) -> bool {
    name.to_ascii_lowercase().contains("user") && !is_secret(name)
}

/// `$REGISTRY_CREDS`, `$USERPASS`.
fn holds_both(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["creds", "credentials", "userpass", "user_pass"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// How a message names it: by the variables in it, never by what is written out.
pub fn shown(word: &Word) -> String {
    let named = word.pieces.iter().rev().find_map(|piece| match piece {
        Piece::Variable(name) => Some(format!("`${name}`")),
        _ => None,
    });
    named.unwrap_or_else(|| "a secret".to_owned())
}
