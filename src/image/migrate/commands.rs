//! Commands of the image itself that the source does not take: packages, users, modes and folders.

use super::accounts;
use super::act::Act;
use super::contents;
use super::draft::Draft;
use super::ledger::{Fate, decide};
use super::leftover::all_files;
use super::made::Run;
use super::path;
use crate::image::spec::Source;

/// The commands of the image itself that are left.
pub fn runs(draft: &mut Draft) {
    for run in &draft.image().runs {
        if draft.has_run(run) {
            continue;
        }
        let fate = match &run.act {
            Act::Install {
                index,
                packages,
                is_passing,
            } => {
                contents::in_image(draft, run, *index, packages, *is_passing);
                continue;
            }
            Act::AddUser(_) | Act::AddGroup { .. } => accounts::fate(draft, run),
            Act::Nothing(why) => Fate::Covered((*why).to_owned()),
            Act::Chmod { paths, .. } => chmod(draft, run, paths),
            Act::Chown { paths } => chown(draft, run, paths),
            Act::MakeFolders(paths) => folders(draft, run, paths),
            Act::Move { from, to }
                if to.starts_with("/etc/localtime") && from.contains("zoneinfo") =>
            {
                Fate::Covered("`TZ` says the time zone".to_owned())
            }
            _ if built_by_source(draft, &run.act) => {
                Fate::Covered("the build of the source does it".to_owned())
            }
            _ => unknown(run),
        };
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
}

pub fn unknown(run: &Run) -> Fate {
    if run.has_secret {
        return secret();
    }
    let why = match &run.act {
        Act::Download { url, .. } => format!("`{url}` is fetched without a hash"),
        Act::Pip { .. } => {
            "it installs packages of Python, which is not what the spec's source runs".to_owned()
        }
        Act::JsInstall(_) | Act::JsRun { .. } => {
            "it builds with Node's tools, which is not what the spec's source does".to_owned()
        }
        Act::Move { .. } => "it moves or links files of the image".to_owned(),
        _ => "what it does to the image is not known".to_owned(),
    };
    decide(
        why,
        &[
            "do it in a package of Nix, and add that to `contents`",
            "leave it out, where the image of Nix does without it",
        ],
    )
}

/// A command that is given a secret, or the keys of an SSH agent.
pub fn secret() -> Fate {
    decide(
        "it is given a secret of the machine that builds, and no build of Nix is",
        &[
            "fetch what it needs beforehand, by hash",
            "let the program ask for the secret when it runs",
        ],
    )
}

/// Whether a command is part of what the source's own build does.
fn built_by_source(draft: &Draft, act: &Act) -> bool {
    matches!(
        (&draft.spec.source, act),
        (Source::Rust(_), Act::Cargo(_) | Act::Move { .. })
            | (Source::Go(_), Act::Go(_) | Act::Move { .. })
            | (Source::Hugo(_), Act::Hugo { .. })
            | (Source::Vite(_) | Source::Bun(_), Act::JsInstall(_))
            | (Source::Binary(_), Act::Unpack { .. } | Act::Move { .. })
    )
}

fn chmod(draft: &Draft, run: &Run, paths: &[String]) -> Fate {
    let full = paths.iter().map(|path| path::absolute(&run.folder, path));
    let is_program = |path: &String| {
        draft
            .start
            .program()
            .is_some_and(|program| path::name(program) == path::name(path))
    };
    let is_known = |path: String| {
        let folder = path.trim_end_matches("/*").trim_end_matches("/*.sh");
        all_files(draft).any(|file| *file == path || path::below(file, folder).is_some())
            || matches!(&draft.spec.source, Source::Python(python) if path::below(&path, &python.place()).is_some())
            || is_program(&path)
    };
    match full.into_iter().all(is_known) {
        true => Fate::Covered("the spec says the modes of its files".to_owned()),
        false => decide(
            "it changes the mode of files that the spec does not have",
            &["name the files in `files` with a `mode`"],
        ),
    }
}

fn chown(draft: &Draft, run: &Run, paths: &[String]) -> Fate {
    let is_volume = |path: &String| {
        let full = path::absolute(&run.folder, path);
        draft
            .spec
            .config
            .volumes
            .iter()
            .any(|volume| path::below(&full, volume).is_some())
            || full == "/tmp"
    };
    match paths.iter().all(is_volume) {
        true => Fate::Covered("a volume belongs to whom it is mounted for".to_owned()),
        false => decide(
            "files of an image of Nix belong to root, and nobody writes to them",
            &[
                "mount a volume where the program writes: `volumes`",
                "leave it out, where the program only reads",
            ],
        ),
    }
}

fn folders(draft: &Draft, run: &Run, paths: &[String]) -> Fate {
    let is_there = |path: &String| {
        let full = path::absolute(&run.folder, path);
        let is_within = |other: &str| path::below(other, &full).is_some();
        full.starts_with("/tmp")
            || draft
                .spec
                .config
                .volumes
                .iter()
                .any(|volume| is_within(volume) || path::below(&full, volume).is_some())
            || draft.spec.config.workdir.as_deref().is_some_and(is_within)
            || all_files(draft).any(|file| is_within(file))
    };
    match paths.iter().all(is_there) {
        true => Fate::Covered("what stands in it makes the folder".to_owned()),
        false => decide(
            format!("the image of Nix has no folder `{}`", paths.join("`, `")),
            &[
                "mount a volume there: `volumes`",
                "leave it out, where the program makes it itself",
            ],
        ),
    }
}
