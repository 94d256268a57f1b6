//! Packages of Python: what pip and a distribution install, and lists of requirements name.

use super::act::Act;
use super::context::Kind;
use super::draft::Draft;
use super::ledger::{Fate, decide};
use super::made::{Made, Run};
use super::path;
use super::read::Given;
use crate::image::names::{self, Index, Requirement};
use crate::image::spec::Python;

/// What a command installs for Python.
pub fn packages(draft: &mut Draft, made: &Made, run: &Run, source: &mut Python) {
    if draft.has_run(run) {
        return;
    }
    match &run.act {
        Act::Pip { packages, lists } => {
            let mut told = Vec::new();
            for word in packages {
                told.push(add(word, names::requirement(word), source));
            }
            for list in lists {
                let place = path::absolute(&run.folder, list);
                told.extend(list_of(draft, made, &place, source));
                if let Some((file, copy)) = draft.trace(made, &place) {
                    let is_it = |given: &Given| matches!(given, Given::Path(given) if path::in_context(given) == file);
                    // In a folder that is the source, it is there all the same.
                    if copy.sources.iter().all(is_it) && draft.copies.insert(copy.step) {
                        draft
                            .ledger
                            .covered(copy.step, "its packages are `source.packages`");
                    }
                }
            }
            draft.runs.insert((run.step, run.written.clone()));
            for fate in told {
                draft.ledger.part(run.step, run.line, &run.written, fate);
            }
        }
        Act::Install { packages, .. } => {
            for name in packages {
                let known = of_distribution(name);
                source
                    .packages
                    .extend(known.map(|known| known.attr.to_owned()));
            }
        }
        _ => {}
    }
}

/// The package of Python that a distribution calls `py3-NAME` or `python3-NAME`.
pub fn of_distribution(name: &str) -> Option<names::Known> {
    let name = name
        .strip_prefix("py3-")
        .or_else(|| name.strip_prefix("python3-"))?;
    let name = match name {
        "yaml" => "pyyaml",
        "jwt" => "pyjwt",
        "openssl" => "pyopenssl",
        "nacl" => "pynacl",
        "dateutil" => "python-dateutil",
        "dotenv" => "python-dotenv",
        "zmq" => "pyzmq",
        "tz" => "pytz",
        name => name,
    };
    names::known(Index::Pip, name)
}

/// What a list of requirements names.
fn list_of(draft: &Draft, made: &Made, place: &str, source: &mut Python) -> Vec<Fate> {
    let file = draft.trace(made, place).map(|(file, _)| file).or_else(|| {
        // A mount of the build shows it without a copy.
        let name = path::name(place);
        (draft.context.kind(name) == Kind::File).then(|| name.to_owned())
    });
    let text = file.as_deref().and_then(|file| draft.context.read(file));
    let Some(text) = text else {
        let why = format!(
            "`{}` cannot be read here, so what it names is not known",
            path::name(place)
        );
        return vec![decide(
            why,
            &[
                "add its packages to `packages` in `[image.source]`: attributes of nixpkgs' Python packages",
            ],
        )];
    };
    let mut told = vec![Fate::Spec("source.packages".to_owned())];
    for line in text.text().lines() {
        let line = line.trim().trim_end_matches('\\').trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("--hash") {
            continue;
        }
        told.push(add(line, names::requirement(line), source));
    }
    told
}

fn add(written: &str, requirement: Option<Requirement>, source: &mut Python) -> Fate {
    let known = requirement
        .as_ref()
        .and_then(|one| names::known(Index::Pip, &one.name));
    let Some(known) = known else {
        let why = format!("`{written}`: its attribute in nixpkgs is not known");
        return decide(
            why,
            &[
                "find it with `nix search nixpkgs python3Packages.NAME`, and add it to `packages` in `[image.source]`",
            ],
        );
    };
    source.packages.push(known.attr.to_owned());
    match requirement {
        Some(requirement) if requirement.is_pinned => {
            let why = format!(
                "`{written}` asks for a version, and nixpkgs has one of each package: `{}` is in the spec",
                known.attr
            );
            decide(
                why,
                &[
                    "see whether the program works with the version of nixpkgs",
                    "take the branch of nixpkgs that has the version",
                ],
            )
        }
        _ => Fate::Spec("source.packages".to_owned()),
    }
}
