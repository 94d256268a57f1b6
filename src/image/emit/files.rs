//! The files that a spec adds to its image, and those that say who its users are.

use serde::Serialize;

use super::Request;
use super::helpers::store_name;
use crate::image::spec::{File, Source, Spec};

/// What a file holds.
#[derive(Debug, Serialize)]
pub struct Content {
    is_text: bool,
    text: Option<String>,
    store_name: Option<String>,
    source: Option<String>,
    /// A name that the expression has for it.
    bound: Option<&'static str>,
}

/// A file whose mode is the one that the store gives it.
#[derive(Debug, Serialize)]
pub struct PlainFile {
    pub path: String,
    #[serde(flatten)]
    content: Content,
}

/// A file with a mode of its own.
#[derive(Debug, Serialize)]
pub struct ModeFile {
    path: String,
    mode: String,
    /// Of the path, as RE2 reads it.
    regex: String,
    #[serde(flatten)]
    content: Content,
}

/// The files to add, those whose mode the store keeps apart from the others.
pub fn files(
    request: &Request,
    of_source: Vec<(String, Content)>,
    is_served: bool,
) -> (Vec<PlainFile>, Vec<ModeFile>) {
    let spec = request.spec;
    let mut plain = Vec::new();
    let mut with_mode = Vec::new();
    let mut all = of_source;
    let given = match &spec.source {
        Source::Script(script) => script.files.iter().chain(&spec.files).collect::<Vec<_>>(),
        _ => spec.files.iter().collect(),
    };
    if spec.passwd.is_some() || is_served {
        let taken = |path: &str| given.iter().any(|(given, _)| *given == path);
        all.extend(
            account_files(spec)
                .into_iter()
                .filter(|(path, _)| !taken(path))
                .map(|(path, text)| (path.to_owned(), Content::text(path, text))),
        );
    }
    for (path, file) in given {
        let content = content(request, path, file);
        match file.mode() {
            None => all.push((path.clone(), content)),
            Some(mode) => with_mode.push(ModeFile {
                path: path.clone(),
                mode: mode.to_owned(),
                regex: regex(path),
                content,
            }),
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    plain.extend(
        all.into_iter()
            .map(|(path, content)| PlainFile { path, content }),
    );
    (plain, with_mode)
}

fn content(request: &Request, path: &str, file: &File) -> Content {
    match (file.text(), file.path()) {
        (Some(text), _) => Content::text(path, text.to_owned()),
        (None, source) => Content::source(request.way_to(source.unwrap_or(""))),
    }
}

impl Content {
    pub fn text(path: &str, text: String) -> Content {
        Content {
            is_text: true,
            text: Some(text),
            store_name: Some(store_name(path.rsplit('/').next().unwrap_or(path))),
            source: None,
            bound: None,
        }
    }

    pub fn source(path: String) -> Content {
        Content {
            is_text: false,
            text: None,
            store_name: None,
            source: Some(path),
            bound: None,
        }
    }

    pub fn bound(name: &'static str) -> Content {
        Content {
            is_text: false,
            text: None,
            store_name: None,
            source: None,
            bound: Some(name),
        }
    }
}

/// `/etc/passwd` and `/etc/group`: root, nobody, and the user of the spec.
pub fn account_files(spec: &Spec) -> Vec<(&'static str, String)> {
    let mut passwd = "root:x:0:0:root:/root:/bin/sh\n".to_owned();
    let mut group = "root:x:0:\n".to_owned();
    if let Some(user) = &spec.passwd {
        let (name, uid, gid) = (&user.name, user.uid, user.gid());
        passwd += &format!("{name}:x:{uid}:{gid}::{}:/bin/sh\n", user.home());
        group += &format!("{name}:x:{gid}:\n");
    }
    if spec
        .passwd
        .as_ref()
        .is_none_or(|user| user.uid != 65534 && user.name != "nobody")
    {
        passwd += "nobody:x:65534:65534:nobody:/var/empty:/bin/false\n";
        group += "nobody:x:65534:\n";
    }
    vec![("/etc/group", group), ("/etc/passwd", passwd)]
}

/// A regular expression of RE2 that matches `path` alone.
fn regex(path: &str) -> String {
    let mut regex = String::new();
    for c in path.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || !c.is_ascii() || c == '/' => regex.push(c),
            '\n' => regex.push_str("\\n"),
            c if c.is_ascii_control() => regex += &format!("\\x{:02x}", u32::from(c)),
            c => {
                regex.push('\\');
                regex.push(c);
            }
        }
    }
    regex
}
