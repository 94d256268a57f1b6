//! Files that `lib.cleanSource` drops from a source, and that the derivation with this source names.
//!
//! Source: `cleanSourceFilter` of nixpkgs' `lib/sources.nix`. It keeps `dist`, `node_modules` and all that git ignores.

use std::ops::Range;

use crate::check::{NixView, Report};
use crate::source::RelPath;
use crate::syntax::{Element, Value, WrittenPiece, sets_with, written_strings};

/// What makes files of the source's own: which of them are there afterwards is not known.
const BUILD_FILES: [&str; 6] = [
    "Makefile",
    "makefile",
    "GNUmakefile",
    "CMakeLists.txt",
    "meson.build",
    "configure",
];
const OF_VERSION_CONTROL: [&str; 6] = [".svn", "CVS", ".hg", ".jj", ".pijul", "_darcs"];

pub(super) fn run(view: &NixView, report: &mut Report) {
    for (set, _) in sets_with(view.file, "src") {
        let source = set.expression(view.library, "src");
        let Some(folder) = source.and_then(|source| cleaned(view, &source)) else {
            continue;
        };
        let builds = |name: &&str| {
            let file = folder.join(name);
            file.is_some_and(|file| view.subject.has_file(&file))
        };
        let moves = ["sourceRoot", "unpackPhase", "setSourceRoot"];
        if moves.iter().any(|name| set.has(view.library, name)) || BUILD_FILES.iter().any(builds) {
            continue;
        }
        let Some((_, range)) = set.whole().filter(|(file, _)| file == view.file.path()) else {
            continue;
        };
        in_strings(view, report, &folder, &range);
    }
}

/// The folder that `source` is, if nothing but `cleanSourceFilter` is applied to it.
fn cleaned(view: &NixView, source: &Element) -> Option<RelPath> {
    let call = source.call(view.library)?;
    let path = match call.function.as_str() {
        _ if call.is_of_our_own(view.library) => return None,
        "cleanSource" => call.argument(view.library),
        "cleanSourceWith" => {
            let arguments = call.set(view.library);
            let (_, _, filter) = arguments.name_behind(view.library, "filter")?;
            if filter != "cleanSourceFilter" {
                return None;
            }
            arguments.get(view.library, "src")
        }
        _ => return None,
    };
    match path {
        Value::Path(path) => call.file().path().parent().join(path),
        _ => None,
    }
}

fn in_strings(view: &NixView, report: &mut Report, folder: &RelPath, set: &Range<usize>) {
    let text = view.source().text();
    for string in written_strings(view.file) {
        for piece in &string.pieces {
            let WrittenPiece::Text { value, range } = piece else {
                continue;
            };
            if range.start < set.start || range.end > set.end {
                continue;
            }
            for word in words(value) {
                let Some(path) = folder.join(word) else {
                    continue;
                };
                let Some(why) = dropped(view, folder, &path) else {
                    continue;
                };
                let spelled = text.get(range.clone()).and_then(|text| text.find(word));
                let place = match spelled {
                    Some(at) => range.start + at..range.start + at + word.len(),
                    None => range.clone(),
                };
                report
                    .add(
                        view.place(place),
                        format!("`{word}` is not in the source: `cleanSource` drops {why}"),
                    )
                    .help("take the source with a filter of its own, or `lib.fileset.toSource`");
            }
        }
    }
}

/// The words of a script that may be paths from the folder that it starts in: `x.so`, and `x.so` for `$src/x.so`.
fn words(script: &str) -> Vec<&str> {
    let is_of_path =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '+' | '~');
    let mut found = Vec::new();
    let mut is_made = false;
    let mut rest = script;
    let mut before = None;
    while let Some(start) = rest.find(is_of_path) {
        if start > 0 {
            before = rest.get(..start).and_then(|skipped| skipped.chars().last());
        }
        let behind = rest.get(start..).unwrap_or_default();
        let end = behind.find(|c| !is_of_path(c)).unwrap_or(behind.len());
        let word = behind.get(..end).unwrap_or_default();
        let path = match before {
            Some('$') => word.strip_prefix("src/"),
            Some('}' | ':' | '@' | '*' | '>') => None,
            _ => Some(word),
        };
        // `-o x.so` makes it.
        if !is_made && let Some(path) = path.filter(|path| !path.starts_with('/')) {
            found.push(path);
        }
        is_made = word == "-o";
        rest = behind.get(end..).unwrap_or_default();
        before = rest.chars().next();
    }
    found
}

/// Why `path`, a tracked file or folder below `folder`, is dropped; `None` where it is not, or is nothing of git's.
fn dropped(view: &NixView, folder: &RelPath, path: &RelPath) -> Option<&'static str> {
    let tracked = view.subject.tracked?;
    if path == folder || !path.is_within(folder) {
        return None;
    }
    let is_file = tracked.binary_search(path).is_ok();
    if !is_file && view.subject.files_in(path).next().is_none() {
        return None;
    }
    let on_disk = path.to_path(view.subject.workspace.root());
    let is_link = std::fs::symlink_metadata(on_disk).is_ok_and(|found| found.is_symlink());
    let name = path.file_name();
    let is_swap = name.strip_prefix('.').is_some_and(|rest| {
        let ending = rest.rsplit('.').next().unwrap_or(rest);
        matches!(ending.as_bytes(), [b's', b'w', b'a'..=b'z'])
    });
    if is_file {
        for (applies, why) in [
            (name.ends_with(".so"), "`*.so`"),
            (name.ends_with(".o"), "`*.o`"),
            (name.ends_with('~'), "`*~`"),
            (is_swap, "swap files of editors"),
            (
                is_link && name.starts_with("result"),
                "links called `result`",
            ),
        ] {
            if applies {
                return Some(why);
            }
        }
    }
    let mut above = match is_file {
        true => path.parent(),
        false => path.clone(),
    };
    while above != *folder && !above.is_root() {
        if OF_VERSION_CONTROL.contains(&above.file_name()) {
            return Some("folders of version control");
        }
        above = above.parent();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn takes_what_may_be_a_path_from_where_the_script_starts() {
        let script =
            "cp lib/x.so $src/y.so $out/z.so ${lib}/a.so /usr/b.so ./c.so\ncc -o d.so e.o \"f.so\"";
        let found = words(script);
        for word in ["lib/x.so", "y.so", "./c.so", "e.o", "f.so"] {
            assert!(found.contains(&word), "{word}: {found:?}");
        }
        for word in ["z.so", "out/z.so", "/a.so", "/usr/b.so", "d.so"] {
            assert!(!found.contains(&word), "{word}: {found:?}");
        }
    }
}
