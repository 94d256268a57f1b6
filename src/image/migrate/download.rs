//! What is fetched by a command, and unpacked.

use super::act::{Act, act};

pub fn download(program: &str, words: &[&str]) -> Act {
    let (mut urls, mut output) = (Vec::new(), None);
    let mut by_name = program == "wget";
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-o" | "--output" if program == "curl" => output = words.next(),
            "-O" | "--output-document" if program == "wget" => output = words.next(),
            "-P" | "--directory-prefix" | "-H" | "--header" | "-u" | "--user" | "-d" | "--data"
            | "-X" => return Act::Unknown,
            "--retry" | "--connect-timeout" | "--max-time" | "-A" | "--retry-delay" | "-t"
            | "--tries" | "--timeout" => {
                words.next();
            }
            _ if word.starts_with("-qO") && program == "wget" => {
                output = match word.get(3..) {
                    None | Some("") => words.next(),
                    Some(path) => Some(path),
                };
            }
            _ if word.starts_with("--") => {}
            _ if word.starts_with('-') && program == "curl" => {
                by_name |= word.contains('O');
                if word.ends_with('o') {
                    output = words.next();
                }
            }
            _ if word.starts_with('-') => {}
            _ => urls.push(word),
        }
    }
    let [url] = urls.as_slice() else {
        return Act::Unknown;
    };
    if !url.contains("://") {
        return Act::Unknown;
    }
    let name = by_name.then(|| url.rsplit('/').next().unwrap_or_default());
    let output = output
        .filter(|path| *path != "-")
        .or(name.filter(|_| output.is_none()));
    Act::Download {
        url: (*url).to_owned(),
        output: output.map(str::to_owned),
        unpacked: None,
    }
}

/// `commands` that read what the one before prints: a download that is unpacked.
pub fn pipe(commands: &[Vec<Option<String>>]) -> Act {
    let [first, second] = commands else {
        return Act::Unknown;
    };
    match (act(first), act(second)) {
        (
            Act::Download {
                url, output: None, ..
            },
            Act::Unpack { archive, folder },
        ) if archive.is_empty() => Act::Download {
            url,
            output: None,
            unpacked: Some(folder.unwrap_or_else(|| ".".to_owned())),
        },
        (Act::Nothing(why), Act::Nothing(_)) => Act::Nothing(why),
        _ => Act::Unknown,
    }
}

pub fn unpack(program: &str, words: &[&str]) -> Act {
    let (mut archive, mut folder) = (String::new(), None);
    let mut words = words.iter().copied().peekable();
    let mut is_first = true;
    while let Some(word) = words.next() {
        let is_flags = word.starts_with('-') || is_first && program != "unzip";
        is_first = false;
        match word {
            "-C" | "--directory" | "-d" => folder = words.next().map(str::to_owned),
            "-f" | "--file" => archive = words.next().unwrap_or_default().to_owned(),
            _ if word.starts_with("--") => {}
            _ if is_flags && program != "unzip" => {
                if word.contains('c') {
                    return Act::Unknown;
                }
                if word.ends_with('f') {
                    archive = words.next().unwrap_or_default().to_owned();
                }
            }
            _ if is_flags => {}
            _ if archive.is_empty() && program == "unzip" => archive = word.to_owned(),
            // Members.
            _ => {}
        }
    }
    Act::Unpack {
        archive: if archive == "-" {
            String::new()
        } else {
            archive
        },
        folder,
    }
}
