//! Copies that the source does not take: files that are added, and what is left to a person.

use super::act::Act;
use super::context::Kind;
use super::draft::{Draft, place_of};
use super::left_out;
use super::made::{Copy, Made, Run};
use super::path;
use super::read::Given;
use crate::image::spec::grammar::{is_image_path, is_mode};
use crate::image::spec::{File, FullFile, Python, Source};

/// More are not named one by one.
const MOST_FILES: usize = 200;

/// The mode that commands, or the copy itself, give the file at `place`.
pub fn mode_of(made: &Made, copy: &Copy, place: &str) -> Option<String> {
    let of_copy = copy.mode.clone().filter(|mode| is_mode(mode));
    let is_it = |run: &Run, path: &String| {
        let full = path::absolute(&run.folder, path);
        full == place
            || full
                .strip_suffix("/*")
                .or_else(|| full.strip_suffix("/*.sh"))
                .is_some_and(|folder| path::below(place, folder).is_some())
    };
    let of_runs = made.runs.iter().rev().find_map(|run| match &run.act {
        Act::Chmod { mode, paths } if paths.iter().any(|path| is_it(run, path)) => {
            match mode.as_str() {
                "+x" | "a+x" | "ugo+x" | "u+x" | "a+rx" | "+rx" => Some("0755".to_owned()),
                mode if is_mode(mode) => Some(mode.to_owned()),
                _ => None,
            }
        }
        _ => None,
    });
    of_runs.or(of_copy)
}

/// The copies of the image itself that are left.
pub fn copies(draft: &mut Draft) {
    for copy in &draft.image().copies {
        if draft.copies.contains(&copy.step) {
            if copy.has_owner {
                draft.ledger.covered(
                    copy.step,
                    "files of the image belong to root, and everyone reads them",
                );
            }
            continue;
        }
        self::copy(draft, copy);
    }
}

fn copy(draft: &mut Draft, copy: &Copy) {
    if !copy.others.is_empty() {
        let why = format!("`--{}` is not known", copy.others.join("`, `--"));
        draft
            .ledger
            .decide(copy.step, why, &["name the files in `files`"]);
        return;
    }
    let dest = match &copy.dest {
        Ok(dest) => dest.clone(),
        Err(name) => {
            draft.ledger.decide(
                copy.step,
                format!("`{name}` has no value here"),
                &[&format!("give it: `--build-arg {name}=VALUE`")],
            );
            return;
        }
    };
    if let Some(from) = &copy.from {
        from_elsewhere(draft, copy, from, &dest);
        return;
    }
    for given in &copy.sources {
        match given {
            Given::Text { text, .. } => {
                let file = File::Full(FullFile {
                    path: None,
                    text: Some(text.clone()),
                    mode: mode_of(draft.image(), copy, &dest),
                });
                add(draft, copy, &dest, file);
            }
            Given::Path(source) if source.contains("://") || source.starts_with("git@") => {
                draft.ledger.decide(
                    copy.step,
                    format!("`{source}` is fetched without a hash"),
                    &[
                        "fetch it in Nix, by hash: `pkgs.fetchurl`",
                        "take it into the repository, and name it in `files`",
                    ],
                );
            }
            Given::Path(source) => of_context(draft, copy, source, &dest),
        }
    }
}

fn of_context(draft: &mut Draft, copy: &Copy, source: &str, dest: &str) {
    let found = draft.context.matches(source);
    if found.is_empty() {
        draft.ledger.decide(
            copy.step,
            format!("nothing here is called `{source}`"),
            &["name the files in `files`"],
        );
        return;
    }
    let is_many = found.len() > 1 || source.contains('*');
    for one in found {
        let is_archive = copy.is_add
            && [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".txz"]
                .iter()
                .any(|end| one.ends_with(end));
        if is_archive {
            draft.ledger.decide(
                copy.step,
                format!("`{one}` is unpacked into `{dest}`"),
                &["unpack it in the repository, and name the folder in `files`"],
            );
            continue;
        }
        match draft.context.kind(&one) {
            Kind::File | Kind::LikeFile => {
                let dest = if is_many {
                    format!("{}/", dest.trim_end_matches('/'))
                } else {
                    dest.to_owned()
                };
                let place = place_of(&dest, &one, draft.image());
                let mode = mode_of(draft.image(), copy, &place);
                let path = draft.context.in_spec(&one);
                let file = match mode {
                    None => File::Path(path),
                    Some(mode) => File::Full(FullFile {
                        path: Some(path),
                        text: None,
                        mode: Some(mode),
                    }),
                };
                add(draft, copy, &place, file);
            }
            Kind::Folder => folder(draft, copy, &one, dest),
            Kind::Absent => {
                draft.ledger.decide(
                    copy.step,
                    format!("`{one}` is not here: whether it is a file or a folder is not known"),
                    &[&format!(
                        "add it to `files`: `\"{}\" = \"{one}\"`",
                        dest.trim_end_matches('/')
                    )],
                );
            }
        }
    }
}

/// A folder's files come to stand in `dest`, beside what is there.
fn folder(draft: &mut Draft, copy: &Copy, folder: &str, dest: &str) {
    let place = dest.trim_end_matches('/').to_owned();
    if folder == "." || place.is_empty() {
        draft.ledger.decide(
            copy.step,
            "it copies the whole folder, and which of its files the program needs is not known",
            &[
                "name them in `files`",
                "leave it, where the source has them already",
            ],
        );
        return;
    }
    let taken = |other: &String| {
        path::below(other, &place).is_some() || path::below(&place, other).is_some()
    };
    let is_taken = all_files(draft).any(taken);
    if copy.mode.is_some() || is_taken {
        let files: Vec<String> = draft.context.files_in(folder).map(str::to_owned).collect();
        if files.len() > MOST_FILES {
            draft.ledger.decide(
                copy.step,
                format!("`{folder}` has {} files, beside others in `{place}` or with a mode of their own", files.len()),
                &["name those that the program needs in `files`"],
            );
            return;
        }
        for file in files {
            let inside = path::below(&file, folder).unwrap_or(&file).to_owned();
            let full = format!("{place}/{inside}");
            let mode = mode_of(draft.image(), copy, &full);
            let file = File::Full(FullFile {
                path: Some(draft.context.in_spec(&file)),
                text: None,
                mode,
            });
            add(draft, copy, &full, file);
        }
        return;
    }
    let path = draft.context.in_spec(folder);
    left_out::tell(draft, copy, folder);
    add(draft, copy, &place, File::Path(path));
}

pub fn all_files<'a>(draft: &'a Draft) -> Box<dyn Iterator<Item = &'a String> + 'a> {
    match &draft.spec.source {
        Source::Script(script) => Box::new(script.files.keys().chain(draft.spec.files.keys())),
        _ => Box::new(draft.spec.files.keys()),
    }
}

/// A module beside the script, without the mode that it may be given: with one it would be in another layer, and Python
/// looks for modules where the script's own file is.
fn as_module(python: &Python, place: &str, file: File) -> File {
    let script = python.place();
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_beside = python.module.is_none() && path::below(place, folder).is_some();
    match file {
        File::Full(FullFile {
            path: Some(path), ..
        }) if is_beside && place.ends_with(".py") => File::Path(path),
        file => file,
    }
}

/// Puts a file into the spec, where nothing else is.
fn add(draft: &mut Draft, copy: &Copy, place: &str, file: File) {
    if !is_image_path(place) {
        draft
            .ledger
            .decide(copy.step, format!("`{place}` is no place of a file"), &[]);
        return;
    }
    if let Source::Python(python) = &draft.spec.source
        && python.module.is_none()
        && file.path() == Some(&python.path)
        && place == python.place()
    {
        draft.ledger.spec(copy.step, "source.path");
        return;
    }
    let file = match &draft.spec.source {
        Source::Python(python) => as_module(python, place, file),
        _ => file,
    };
    let is_of_nginx = ["/etc/nginx", "/usr/share/nginx"]
        .iter()
        .any(|folder| path::below(place, folder).is_some());
    if is_of_nginx && crate::image::emit::serves(&draft.spec.source) {
        draft.ledger.decide(
            copy.step,
            format!("the nginx of the spec does not look into `{place}`"),
            &[
                "put the file into the folder that is served",
                "leave it out, where it only sets up nginx",
            ],
        );
        return;
    }
    let same = all_files(draft).any(|other| other == place);
    let clashes = all_files(draft).any(|other| {
        other != place
            && (path::below(other, place).is_some() || path::below(place, other).is_some())
    });
    let (mut is_within_app, mut is_there) = (false, false);
    if let Source::Python(python) = &draft.spec.source {
        let app = python.place();
        let inside = path::below(place, &app);
        is_within_app = inside.is_some() || path::below(&app, place).is_some();
        // The source puts all of its folder there.
        is_there = python.module.is_some()
            && inside.is_some_and(|inside| {
                let path = file.path().map(path::in_context);
                path == Some(path::join(&python.path, inside))
            });
    }
    if is_there {
        draft.ledger.covered(copy.step, "it is in `source.path`");
        return;
    }
    if clashes || is_within_app {
        draft.ledger.decide(
            copy.step,
            format!("other files are copied to `{place}` too"),
            &["name each file in `files`"],
        );
        return;
    }
    let is_script =
        matches!(&draft.spec.source, Source::Script(script) if script.files.contains_key(place));
    match (&mut draft.spec.source, is_script || same) {
        (Source::Script(script), true) if script.files.contains_key(place) => {}
        _ => drop(draft.spec.files.insert(place.to_owned(), file)),
    }
    draft.ledger.spec(copy.step, format!("files.\"{place}\""));
    if copy.has_owner {
        draft.ledger.covered(
            copy.step,
            "files of the image belong to root, and everyone reads them",
        );
    }
}

/// Files of another stage, or of another image.
fn from_elsewhere(draft: &mut Draft, copy: &Copy, from: &str, dest: &str) {
    let sources: Vec<&str> = copy
        .sources
        .iter()
        .filter_map(|given| match given {
            Given::Path(path) => Some(path.as_str()),
            Given::Text { .. } => None,
        })
        .collect();
    let all =
        |is_it: fn(&str) -> bool| !sources.is_empty() && sources.iter().all(|path| is_it(path));
    if all(|path| {
        path.contains("/etc/ssl/")
            || path.contains("ca-certificates.crt")
            || path.starts_with("/etc/ca-certificates")
    }) {
        draft.ledger.spec(copy.step, "ca-certificates");
        return;
    }
    if all(|path| path.trim_end_matches('/') == "/usr/share/zoneinfo") {
        draft.spec.contents.push("tzdata".to_owned());
        draft
            .spec
            .config
            .env
            .entry("TZDIR".to_owned())
            .or_insert_with(|| "/share/zoneinfo".to_owned());
        draft.ledger.spec(copy.step, "contents, config.env.TZDIR");
        return;
    }
    if all(|path| matches!(path.trim_end_matches('/'), "/etc/passwd" | "/etc/group")) {
        draft.ledger.spec(copy.step, "passwd");
        return;
    }
    let stage = draft
        .stages
        .named(from)
        .and_then(|number| draft.made.get(&number));
    let Some(made) = stage else {
        let why = format!("files of the image `{from}` are copied, and what they are is not known");
        draft.ledger.decide(
            copy.step,
            why,
            &["add the package of nixpkgs that has them to `contents`"],
        );
        return;
    };
    // A file that the stage itself has from the context.
    for source in sources {
        let full = path::absolute("/", source);
        let traced = draft.trace(made, &full).map(|(path, _)| path);
        let is_made = made
            .runs
            .iter()
            .any(|run| matches!(run.act, Act::Unknown) && run.written.contains(path::name(&full)));
        match traced.filter(|path| {
            !is_made && matches!(draft.context.kind(path), Kind::File | Kind::Folder)
        }) {
            Some(path) => of_context(draft, copy, &path, dest),
            None => draft.ledger.decide(
                copy.step,
                format!("`{source}` comes from the stage `{from}`, and what makes it is not known"),
                &[
                    "let package.nix build it",
                    "take it into the repository, and name it in `files`",
                ],
            ),
        }
    }
}
