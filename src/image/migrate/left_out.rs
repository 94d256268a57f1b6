//! What `.dockerignore` keeps out of a folder that is copied whole. The spec has no word for that: it is told.

use globset::{GlobBuilder, GlobMatcher};

use super::context::{Context, Kind};
use super::draft::Draft;
use super::made::Copy;
use super::path;

/// The file's name in the context.
const FILE: &str = ".dockerignore";

/// What no program asks for, and what the expression leaves out itself.
const HARMLESS: &[&str] = &[
    ".dockerignore",
    ".git",
    ".gitattributes",
    ".github",
    ".gitignore",
    "Dockerfile",
    "docker-compose.yml",
    "compose.yaml",
];

/// So many are named.
const NAMED: usize = 3;

/// Tells what a copy of `folder` leaves out.
pub fn tell(draft: &mut Draft, copy: &Copy, folder: &str) {
    let found = found(draft.context, folder);
    if found.is_empty() {
        return;
    }
    let mut names: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    if found.len() > NAMED {
        names.push(format!("{} more", found.len() - NAMED));
    }
    draft.ledger.decide(
        copy.step,
        format!(
            "{FILE} keeps {} out, and the spec takes all of the folder",
            names.join(", ")
        ),
        &[
            "leave it, where that does no harm in an image",
            "move what is of the image into a folder of its own, and name that",
        ],
    );
}

/// The files and folders that are there in `folder` and not copied, each once.
fn found(context: &Context, folder: &str) -> Vec<String> {
    let Some(text) = context.read(FILE) else {
        return Vec::new();
    };
    let patterns: Vec<Pattern> = text.text().lines().filter_map(Pattern::read).collect();
    let is_here = |name: &str| folder == "." || path::below(name, folder).is_some();
    let of_files = context
        .files_in(folder)
        .filter_map(|file| left_out(&patterns, file));
    // What git ignores is not among the files, and there all the same.
    let by_name = patterns
        .iter()
        .filter(|pattern| !pattern.is_kept && pattern.text != ".")
        .filter(|pattern| !pattern.text.contains(['*', '?', '[']))
        .filter(|pattern| matches!(context.kind(&pattern.text), Kind::File | Kind::Folder))
        .map(|pattern| pattern.text.clone());
    let mut all: Vec<String> = of_files
        .chain(by_name)
        .filter(|name| is_here(name) && !HARMLESS.contains(&name.as_str()))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The part of `file` that is left out: itself, or a folder above it.
fn left_out(patterns: &[Pattern], file: &str) -> Option<String> {
    let ends = file.match_indices('/').map(|(at, _)| at);
    let parts: Vec<&str> = ends
        .chain([file.len()])
        .filter_map(|end| file.get(..end))
        .collect();
    let mut left_out = None;
    // The last one that fits decides.
    for pattern in patterns {
        if let Some(part) = parts.iter().find(|part| pattern.glob.is_match(part)) {
            left_out = (!pattern.is_kept).then(|| (*part).to_owned());
        }
    }
    left_out
}

struct Pattern {
    text: String,
    glob: GlobMatcher,
    /// `!`: what fits is copied though another says otherwise.
    is_kept: bool,
}

impl Pattern {
    fn read(line: &str) -> Option<Pattern> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (is_kept, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let text = path::in_context(line);
        let glob = GlobBuilder::new(&text).literal_separator(true).build();
        Some(Pattern {
            glob: glob.ok()?.compile_matcher(),
            text,
            is_kept,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out_of(text: &str, file: &str) -> Option<String> {
        let patterns: Vec<Pattern> = text.lines().filter_map(Pattern::read).collect();
        left_out(&patterns, file)
    }

    #[test]
    fn patterns_are_those_of_docker() {
        for (text, file, wanted) in [
            ("tests", "tests/a.py", Some("tests")),
            ("/tests/", "tests/a.py", Some("tests")),
            ("tests", "src/tests/a.py", None),
            ("**/tests", "src/tests/a.py", Some("src/tests")),
            ("*.md", "README.md", Some("README.md")),
            ("*.md", "doc/README.md", None),
            ("*\n!src", "src/a.py", None),
            ("*\n!src", "a.py", Some("a.py")),
            ("# a\n\n!", "a", None),
            ("[", "[", None),
        ] {
            assert_eq!(
                left_out_of(text, file).as_deref(),
                wanted,
                "{text:?} {file}"
            );
        }
    }
}
