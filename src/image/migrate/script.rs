//! Scripts: files that are copied or written, one of which is run, with the tools that it finds.

use super::base::Tools;
use super::draft::Draft;
use super::made::Copy;
use super::path;
use super::read::Given;
use crate::image::spec::{File, FullFile, Script, Source};

/// What a script of Debian's finds without installing anything.
const GNU: &[&str] = &[
    "bash",
    "coreutils",
    "findutils",
    "gawk",
    "gnugrep",
    "gnused",
    "gnutar",
    "gzip",
];

/// Files of the context, one of which is run.
pub fn find(draft: &mut Draft) -> bool {
    let made = draft.image();
    let is_shell = matches!(draft.start.program_name(), "sh" | "bash" | "ash" | "dash");
    if is_shell
        && draft
            .start
            .words
            .get(1)
            .is_none_or(|word| word.starts_with('-'))
    {
        return false;
    }
    let Some(place) = draft.start.words.get(usize::from(is_shell)) else {
        return false;
    };
    let mut place = place.clone();
    if !place.contains('/') && !is_shell {
        let folders = ["/usr/local/bin", "/usr/bin", "/bin"];
        let found = folders
            .iter()
            .map(|folder| format!("{folder}/{place}"))
            .find(|place| draft.trace(made, place).is_some());
        let Some(found) = found else {
            return false;
        };
        place = found;
    }
    let place = path::absolute(&made.workdir, &place);
    let Some((entry, text, copy, is_single)) = file_at(draft, &place) else {
        return false;
    };
    if let (Some(text), false) = (text, is_shell) {
        interpreter(draft, &text, copy.step);
    }
    draft.spec.source = Source::Script(Script {
        files: [(place.clone(), entry)].into(),
        version: None,
    });
    if is_single {
        draft.take_copy(copy, "source.files");
    }
    let mut words = draft.start.words.clone();
    if let Some(word) = words.get_mut(usize::from(is_shell)) {
        *word = place;
    }
    if is_shell && let Some(first) = words.first_mut() {
        *first = format!(
            "/bin/{}",
            if first.ends_with("bash") {
                "bash"
            } else {
                "sh"
            }
        );
    }
    split_words(draft, words);
    tools(draft);
    true
}

/// `words` as `entrypoint` and `cmd`, as they were.
pub fn split_words(draft: &mut Draft, words: Vec<String>) {
    let count = draft.start.of_entrypoint.min(words.len());
    let (entrypoint, cmd) = words.split_at(count);
    draft.spec.config.entrypoint = (!entrypoint.is_empty()).then(|| entrypoint.to_vec());
    draft.spec.config.cmd = cmd.to_vec();
}

/// The tools of the base, which a script may call.
pub fn tools(draft: &mut Draft) {
    let made = draft.image();
    let packages: &[&str] = match made.base.as_ref().map(|base| base.tools) {
        Some(Tools::Busybox) => &["busybox"],
        Some(Tools::None) => &[],
        Some(Tools::Gnu) | None => GNU,
    };
    draft
        .spec
        .contents
        .extend(packages.iter().map(|name| (*name).to_owned()));
}

/// The file that is copied to `place`: as the spec names it, its text where that is known, and its copy, with whether
/// that copies nothing else.
fn file_at<'d>(draft: &Draft<'d>, place: &str) -> Option<(File, Option<String>, &'d Copy, bool)> {
    let made = draft.image();
    let written = made.copies.iter().rev().find_map(|copy| {
        let is_it = copy.dest.as_deref() == Ok(place);
        match copy.sources.as_slice() {
            [Given::Text { text, .. }] if is_it => Some((text, copy)),
            _ => None,
        }
    });
    if let Some((text, copy)) = written {
        let file = File::Full(FullFile {
            path: None,
            text: Some(text.clone()),
            mode: super::leftover::mode_of(made, copy, place),
        });
        return Some((file, Some(text.clone()), copy, true));
    }
    let (file, copy) = draft.trace(made, place)?;
    if !draft.context.is_file(&file) {
        return None;
    }
    let is_it =
        |given: &Given| matches!(given, Given::Path(given) if path::in_context(given) == file);
    let is_single = copy.sources.len() == 1 && copy.sources.iter().all(is_it);
    let text = draft.context.read(&file);
    let mode = super::leftover::mode_of(made, copy, place);
    let entry = entry(draft, &file, mode);
    Some((
        entry,
        text.map(|text| text.text().to_owned()),
        copy,
        is_single,
    ))
}

/// What the first line of a script asks for.
fn interpreter(draft: &mut Draft, text: &str, step: usize) {
    let first = text.lines().next().unwrap_or_default();
    let Some(line) = first.strip_prefix("#!") else {
        return;
    };
    let mut words = line.split_whitespace();
    let mut program = words.next().unwrap_or_default();
    if program == "/usr/bin/env" {
        draft.spec.usr_bin_env = true;
        program = words
            .find(|word| !word.starts_with('-'))
            .unwrap_or_default();
    }
    match path::name(program) {
        "sh" | "ash" | "dash" => {}
        "bash" => draft.spec.contents.push("bash".to_owned()),
        other => {
            let why = format!("the script is run by `{other}`");
            draft.ledger.decide(
                step,
                why,
                &["add the package of that program to `contents`"],
            );
        }
    }
}

fn entry(draft: &Draft, file: &str, mode: Option<String>) -> File {
    let file = draft.context.in_spec(file);
    match mode {
        None => File::Path(file),
        Some(mode) => File::Full(FullFile {
            path: Some(file),
            text: None,
            mode: Some(mode),
        }),
    }
}
