//! The grammars of what a spec names: images, paths, users, versions.

/// Source: the grammar of distribution/reference; a registry's port is allowed.
pub fn is_repository(text: &str) -> bool {
    let mut parts = text.split('/');
    let Some(first) = parts.next() else {
        return false;
    };
    let rest: Vec<&str> = parts.collect();
    let is_host = |text: &str| {
        let (host, port) = text.split_once(':').unwrap_or((text, "0"));
        !host.is_empty()
            && !host.starts_with(['-', '.'])
            && !host.ends_with(['-', '.'])
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            && !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit())
    };
    let is_component = |text: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        text.bytes().next().is_some_and(plain)
            && text.bytes().last().is_some_and(plain)
            && separators.into_iter().all(|separator| {
                matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
            })
    };
    text.len() <= 255
        && (is_component(first) || is_host(first) && !rest.is_empty())
        && rest.into_iter().all(is_component)
}

pub fn is_tag(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(first)
        && text.bytes().all(|b| first(b) || matches!(b, b'.' | b'-'))
}

pub fn is_version(text: &str) -> bool {
    is_tag(text)
}

pub fn is_digest(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("sha256:") else {
        return false;
    };
    digits.len() == 64 && digits.bytes().all(is_lower_hex)
}

pub fn is_pinned_image(text: &str) -> bool {
    let Some((image, digest)) = text.split_once('@') else {
        return false;
    };
    let read = crate::manifest::image_ref::read(image);
    is_digest(digest) && is_repository(read.name_in(image)) && read.tag_in(image).is_none_or(is_tag)
}

pub fn is_full_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

pub fn is_attr_path(text: &str) -> bool {
    text.split('.').all(is_attr_name)
}

pub fn is_attr_name(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    text.bytes().next().is_some_and(first)
        && text
            .bytes()
            .all(|b| first(b) || b.is_ascii_digit() || matches!(b, b'-' | b'\''))
}

pub fn is_identifier(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    text.bytes().next().is_some_and(first) && text.bytes().all(|b| first(b) || b.is_ascii_digit())
}

pub fn is_store_name(text: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_' | b'?' | b'=');
    !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && text.bytes().all(allowed)
}

pub fn is_file_name(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\n'])
}

/// Not empty, and nothing that no shell or tool takes for one word.
pub fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

pub fn is_label(text: &str) -> bool {
    is_word(text) && (text.starts_with("//") || text.starts_with('@') || text.starts_with(':'))
}

pub fn is_image_path(path: &str) -> bool {
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

pub fn is_relative(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.contains('\n')
}

pub fn is_mode(text: &str) -> bool {
    matches!(text.len(), 3 | 4) && text.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

pub fn is_user_name(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_lowercase() || b == b'_';
    text.len() <= 32
        && text.bytes().next().is_some_and(first)
        && text
            .bytes()
            .all(|b| first(b) || b.is_ascii_digit() || b == b'-')
}

pub fn is_user(text: &str) -> bool {
    let part = |text: &str| {
        is_user_name(text)
            || !text.is_empty() && text.parse::<u32>().is_ok() && !text.starts_with('+')
    };
    match text.split_once(':') {
        Some((user, group)) => part(user) && part(group),
        None => part(text),
    }
}

pub fn is_signal(text: &str) -> bool {
    let is_name = text.strip_prefix("SIG").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-'))
    });
    is_name
        || text
            .parse::<u8>()
            .is_ok_and(|number| (1..=64).contains(&number))
            && !text.starts_with('+')
}

pub fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}
