//! Whether all that goes into a folder's image is a target of Bazel: what its BUILD files say, read as far as their
//! calls are plain.

use super::folder::{Folder, Reason};
use crate::source::SourceFile;

pub(super) enum Inputs {
    NoBazel,
    AllTargets(Vec<Reason>),
    /// Bazel builds some of it; the reasons say what not.
    Others(Vec<Reason>),
}

const BUILD: &[&str] = &["BUILD.bazel", "BUILD"];
const MODULE: &[&str] = &["MODULE.bazel", "WORKSPACE.bazel", "WORKSPACE"];
/// What else builds a folder by itself: with one of these in it and no BUILD file, Bazel does not know it.
const OTHERS: &[&str] = &["Cargo.toml", "go.mod", "package.json", "pyproject.toml"];
/// Rules whose inputs are the files of an image.
const LAYERS: &[&str] = &[
    "image_layer",
    "image_manifest",
    "oci_image",
    "pkg_tar",
    "js_image_layer",
];
/// Arguments that hold inputs.
const INPUTS: &[&str] = &["srcs", "layers", "tars", "base", "binary", "deps"];

pub(super) fn inputs(folder: &Folder) -> Inputs {
    let (Some(build), Some(module)) = (folder.has_one(BUILD), folder.above(MODULE)) else {
        return Inputs::NoBazel;
    };
    let mut reasons = vec![Reason::of_file(&module, "a module of Bazel")];
    let mut others = Vec::new();
    for file in &folder.files {
        let parent = file.parent();
        let has_build = BUILD.iter().any(|name| {
            parent
                .join(name)
                .is_some_and(|path| folder.workspace.has_file(&path))
        });
        if OTHERS.contains(&file.file_name()) && !has_build {
            others.push(Reason::of_file(
                file,
                "not a target of Bazel: no BUILD file stands beside it",
            ));
        }
    }
    let is_build = |name: &str| BUILD.contains(&name);
    let mut layers = 0;
    let mut rules = 0;
    for path in folder
        .files
        .iter()
        .filter(|file| is_build(file.file_name()))
    {
        let Ok(source) = folder.workspace.read(path) else {
            continue;
        };
        for call in calls(&source) {
            rules += usize::from(!matches!(
                call.name,
                "load" | "package" | "exports_files" | "licenses"
            ));
            if !LAYERS.contains(&call.name) {
                continue;
            }
            layers += 1;
            if layers == 1 {
                let text = format!("`{}` makes its image", call.name);
                reasons.push(Reason::at(&source, call.start, text));
            }
            for (input, at) in call.inputs() {
                if let Some(text) = not_a_target(folder, &source, input) {
                    others.push(Reason::at(&source, at, text));
                }
            }
        }
    }
    if rules == 0 {
        others.push(Reason::of_file(&build, "this file declares no target"));
    } else if layers == 0 {
        reasons.push(Reason::of_file(&build, "its targets are declared here"));
    }
    match others.is_empty() {
        true => {
            reasons.insert(0, Reason::new("all inputs are targets of Bazel"));
            Inputs::AllTargets(reasons)
        }
        false => Inputs::Others(others),
    }
}

/// Why `input` is none, where it is known to be none.
fn not_a_target(folder: &Folder, build: &SourceFile, input: &str) -> Option<String> {
    if input.starts_with([':', '@', '/']) || input.contains(['*', ':']) || input.is_empty() {
        return None;
    }
    let path = build.path().parent().join(input)?;
    if folder.workspace.is_ignored(&path, false) {
        return Some(format!(
            "`{input}` is no target of Bazel: git ignores it, so something else makes it"
        ));
    }
    // A name without a colon may be a target of this file too.
    let declared = build.text().contains(&format!("\"{input}\""))
        && build.text().matches(&format!("\"{input}\"")).count() > 1;
    let is_file = folder.workspace.has_file(&path);
    (!is_file && !declared)
        .then(|| format!("`{input}` is no target of Bazel, and no such file is here"))
}

/// A call at the top of a BUILD file.
struct Call<'t> {
    name: &'t str,
    /// The byte that it begins at.
    start: usize,
    body: &'t str,
    body_start: usize,
}

/// The calls at the top level of `source`.
fn calls(source: &SourceFile) -> Vec<Call<'_>> {
    let text = source.text();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut open: Option<(&str, usize, usize)> = None;
    let mut name = 0..0;
    let mut scan = Scan::new(text);
    while let Some((at, token)) = scan.next() {
        match token {
            Token::Sign('(' | '[' | '{') => {
                if depth == 0 && text.get(at..=at) == Some("(") {
                    let called = text.get(name.clone()).unwrap_or_default();
                    open = Some((called, name.start, at + 1));
                }
                depth += 1;
            }
            Token::Sign(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some((called, start, body)) = open.take()
                {
                    found.push(Call {
                        name: called,
                        start,
                        body: text.get(body..at).unwrap_or_default(),
                        body_start: body,
                    });
                }
            }
            Token::Name(end) => name = at..end,
            Token::Sign(_) | Token::String(_) => {}
        }
    }
    found
}

impl<'t> Call<'t> {
    /// The strings of the arguments that hold inputs; of `{"/path": "label"}` the labels.
    fn inputs(&self) -> Vec<(&'t str, usize)> {
        let mut found = Vec::new();
        let mut depth = 0_usize;
        let mut argument = "";
        let mut last_name = "";
        let mut pending: Option<(&str, usize)> = None;
        let mut scan = Scan::new(self.body);
        while let Some((at, token)) = scan.next() {
            // A string before a colon is a key.
            if let Some(string) = pending.take()
                && !matches!(token, Token::Sign(':'))
            {
                found.push(string);
            }
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
                Token::Sign('=') if depth == 0 => argument = last_name,
                Token::Sign(_) => {}
                Token::Name(end) => last_name = self.body.get(at..end).unwrap_or_default(),
                Token::String(range) if INPUTS.contains(&argument) => {
                    let text = self.body.get(range).unwrap_or_default();
                    pending = Some((text, self.body_start + at));
                }
                Token::String(_) => {}
            }
        }
        found.extend(pending);
        found
    }
}

enum Token {
    Sign(char),
    /// A name, with the byte where it ends.
    Name(usize),
    /// The bytes between the quotes.
    String(std::ops::Range<usize>),
}

/// Tokens of Starlark, comments left out.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Scan<'t> {
        Scan { text, at: 0 }
    }

    fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let rest = self.text.get(self.at..)?;
            let sign = rest.chars().next()?;
            let start = self.at;
            match sign {
                '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
                '"' | '\'' => {
                    let quote = if rest.starts_with("\"\"\"") {
                        "\"\"\""
                    } else if sign == '"' {
                        "\""
                    } else {
                        "'"
                    };
                    let inner = start + quote.len();
                    let end = self.end_of_string(inner, quote);
                    self.at = (end + quote.len()).min(self.text.len());
                    return Some((start, Token::String(inner.min(end)..end)));
                }
                _ if sign.is_alphabetic() || sign == '_' => {
                    let length = rest
                        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                        .unwrap_or(rest.len());
                    self.at += length;
                    return Some((start, Token::Name(self.at)));
                }
                _ => {
                    self.at += sign.len_utf8();
                    if !sign.is_whitespace() {
                        return Some((start, Token::Sign(sign)));
                    }
                }
            }
        }
    }

    fn end_of_string(&self, from: usize, quote: &str) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let mut skip = false;
        for (at, sign) in rest.char_indices() {
            if skip {
                skip = false;
            } else if sign == '\\' {
                skip = true;
            } else if rest.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
                return from + at;
            }
        }
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RelPath;

    #[test]
    fn calls_are_read_with_their_inputs() {
        let text = "load(\"@rules_img//img:layer.bzl\", \"image_layer\") # x(\n\
                    image_layer(\n    name = \"app\",\n    srcs = {\n        \"/app\": \":app_tar\",\n        \"/x(\": 'y.txt',\n    },\n)\n\
                    x = [pkg_tar(srcs = [\"z\"])]\n";
        let source = SourceFile::from_text(RelPath::new("BUILD").unwrap(), text.to_owned());
        let found = calls(&source);
        let names: Vec<&str> = found.iter().map(|call| call.name).collect();
        assert_eq!(names, ["load", "image_layer"]);
        let inputs: Vec<&str> = found[1].inputs().iter().map(|(input, _)| *input).collect();
        assert_eq!(inputs, [":app_tar", "y.txt"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s)[a-z\"'()\\[\\]{}=:,#\\\\\né ]{0,80}") {
            let source = SourceFile::from_text(RelPath::new("BUILD").unwrap(), text);
            for call in calls(&source) {
                call.inputs();
            }
        }
    }
}
