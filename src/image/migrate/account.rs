//! Users and groups that a Dockerfile makes, in the words of Debian's `useradd` and `adduser`, and of busybox.

use super::act::{Act, NewUser};

/// Options that take a value and say nothing that an image of Nix has.
const IGNORED: &[&str] = &[
    "-c",
    "--comment",
    "--gecos",
    "-s",
    "--shell",
    "-k",
    "--skel",
    "-p",
    "--password",
    "-K",
    "-e",
    "-f",
];

pub fn user(program: &str, words: &[&str]) -> Act {
    let mut found = NewUser::default();
    let mut names: Vec<&str> = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        let mut value = || value.or_else(|| words.next());
        match (name, program) {
            ("-u" | "--uid", _) => found.uid = value().and_then(|value| value.parse().ok()),
            ("-G" | "--ingroup", "adduser") | ("-g" | "--gid", "useradd") | ("--gid", _) => {
                found.group = value().map(str::to_owned);
            }
            ("-g", _) | ("-G" | "--groups", "useradd") => drop(value()),
            ("-h" | "--home", "adduser") | ("-d" | "--home-dir" | "--home", _) => {
                found.home = value().map(str::to_owned)
            }
            ("-b" | "--base-dir", _) => drop(value()),
            ("-S" | "--system", _) | ("-r", "useradd") => found.is_system = true,
            (name, _) if IGNORED.contains(&name) => drop(value()),
            // Several short ones, of which the last may take a value.
            (name, _) if name.starts_with('-') && !name.starts_with("--") => {
                found.is_system |= name.contains(['S', 'r']);
                match name.chars().last() {
                    Some('u') => found.uid = value().and_then(|value| value.parse().ok()),
                    Some('g') if program == "useradd" => found.group = value().map(str::to_owned),
                    Some('G') if program == "adduser" => found.group = value().map(str::to_owned),
                    Some('s' | 'G' | 'g' | 'c') => drop(value()),
                    Some('d') if program == "useradd" => found.home = value().map(str::to_owned),
                    Some('h') if program == "adduser" => found.home = value().map(str::to_owned),
                    _ => {}
                }
            }
            (name, _) if name.starts_with("--") => {}
            (name, _) => names.push(name),
        }
    }
    match names.as_slice() {
        [name] => {
            found.name = (*name).to_owned();
            Act::AddUser(found)
        }
        // `adduser USER GROUP` puts one into another.
        [_, _] if program == "adduser" => Act::Nothing("the image has one group for its user"),
        _ => Act::Unknown,
    }
}

pub fn group(words: &[&str]) -> Act {
    let mut gid = None;
    let mut names: Vec<&str> = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some(("--gid", value)) => gid = value.parse().ok(),
            _ if word.starts_with('-')
                && (word.ends_with('g') && !word.starts_with("--") || word == "--gid") =>
            {
                gid = words.next().and_then(|value| value.parse().ok());
            }
            _ if word.starts_with('-') => {}
            _ => names.push(word),
        }
    }
    match names.as_slice() {
        [name] => Act::AddGroup {
            name: (*name).to_owned(),
            gid,
        },
        [_, _] => Act::Nothing("the image has one group for its user"),
        _ => Act::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::act::act;
    use super::*;

    fn made(line: &str) -> (String, Option<u32>, Option<String>, bool) {
        let words: Vec<Option<String>> =
            line.split(' ').map(|word| Some(word.to_owned())).collect();
        match act(&words) {
            Act::AddUser(user) => (user.name, user.uid, user.group, user.is_system),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn users_of_debian_and_alpine() {
        for (line, name, uid, group, is_system) in [
            ("adduser -D -u 1000 app", "app", Some(1000), None, false),
            ("adduser -S app -G app", "app", None, Some("app"), true),
            (
                "adduser -DHu 10001 -s /bin/false -G app app",
                "app",
                Some(10001),
                Some("app"),
                false,
            ),
            (
                "useradd -m -u 1001 -g app app",
                "app",
                Some(1001),
                Some("app"),
                false,
            ),
            (
                "useradd --create-home --uid=1000 --shell /bin/bash app",
                "app",
                Some(1000),
                None,
                false,
            ),
            ("useradd -rms /bin/sh app", "app", None, None, true),
            (
                "adduser --disabled-password --gecos x --no-create-home app",
                "app",
                None,
                None,
                false,
            ),
        ] {
            let group = group.map(str::to_owned);
            assert_eq!(
                made(line),
                (name.to_owned(), uid, group, is_system),
                "{line}"
            );
        }
    }
}
