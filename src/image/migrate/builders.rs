//! The stages that the image's files are copied from, and the base image: what becomes of their instructions.

use super::act::Act;
use super::base::Runtime;
use super::commands::unknown;
use super::contents;
use super::draft::Draft;
use super::ledger::{Fate, decide};
use super::made::Run;

/// The instructions of the stages that files are copied from.
pub fn stages(draft: &mut Draft) {
    let line = draft.stages.line.clone();
    let others: Vec<usize> = draft
        .stages
        .reached
        .iter()
        .filter(|stage| !line.contains(stage))
        .copied()
        .collect();
    for number in others {
        let Some(made) = draft.made.get(&number) else {
            continue;
        };
        // A stage that one of those begins from builds for it.
        let is_builder = draft
            .builders
            .iter()
            .any(|builder| draft.stages.line_of(*builder).contains(&number));
        let kind = draft.spec.source.kind();
        let covered = match is_builder {
            true => format!("the source `{kind}` builds it in Nix"),
            false => "nothing that the image takes from this stage needs it".to_owned(),
        };
        for run in &made.runs {
            if draft.has_run(run) || draft.ledger.has_part(run.step, &run.written) {
                continue;
            }
            let fate = match &run.act {
                Act::Install {
                    index, packages, ..
                } if is_builder => {
                    contents::in_builder(draft, run, *index, packages);
                    continue;
                }
                Act::Unknown | Act::Download { .. } | Act::Unpack { .. } | Act::Pip { .. }
                    if is_builder && !is_moved_only(run) =>
                {
                    match run.has_secret {
                        true => unknown(run),
                        false => decide(
                            format!(
                                "it is done before the build, and the source `{kind}` does no such thing"
                            ),
                            &[
                                "add it to the expression: `preBuild`, or `nativeBuildInputs`",
                                "leave it out, where the build does without it",
                            ],
                        ),
                    }
                }
                _ if run.has_secret && is_builder => unknown(run),
                _ => Fate::Covered(covered.clone()),
            };
            draft.ledger.part(run.step, run.line, &run.written, fate);
        }
        let Some(stage) = draft.stages.all.get(number) else {
            continue;
        };
        for step in std::iter::once(stage.from).chain(stage.steps.clone()) {
            if !draft.ledger.has(step) {
                draft.ledger.covered(step, covered.clone());
            }
        }
    }
}

fn is_moved_only(run: &Run) -> bool {
    matches!(run.act, Act::Move { .. } | Act::MakeFolders(_))
}

/// Whether what the base is there for is what the source brings.
pub fn base(draft: &mut Draft) {
    let made = draft.image();
    let Some(stage) = draft
        .stages
        .line
        .first()
        .and_then(|first| draft.stages.all.get(*first))
    else {
        return;
    };
    let step = stage.from;
    match (&made.image, &made.base) {
        (Some(Err(name)), _) => draft.ledger.decide(
            step,
            format!("`{name}` has no value here, so what the image begins from is not known"),
            &[&format!("give it: `--build-arg {name}=VALUE`")],
        ),
        (_, None) => draft.ledger.decide(
            step,
            "what this base image brings is not known: variables, users, files, what it runs",
            &[
                "look at it: `docker image inspect`",
                "add what the program needs to `contents` and `[image.config]`",
            ],
        ),
        (_, Some(base)) => {
            let why = match &base.runtime {
                Runtime::None => {
                    "the image of Nix has what the program needs, and no distribution below it: programs are in `/bin`, and root runs them unless a user is said"
                }
                Runtime::Rust { is_nightly: true } => {
                    draft.ledger.decide(
                        step,
                        "it builds with a nightly Rust, and nixpkgs has the stable one",
                        &[
                            "see whether the stable one builds it",
                            "take a toolchain of rust-overlay or fenix in the expression",
                        ],
                    );
                    return;
                }
                Runtime::Other(_) => "what it is there for is told of where it is run",
                _ => "the source brings what the image is there for",
            };
            draft.ledger.covered(step, why);
        }
    }
    let others: Vec<usize> = draft
        .stages
        .line
        .iter()
        .skip(1)
        .filter_map(|at| draft.stages.all.get(*at))
        .map(|stage| stage.from)
        .collect();
    for step in others {
        draft.ledger.covered(
            step,
            "it goes on from another stage, which is part of the image",
        );
    }
}
