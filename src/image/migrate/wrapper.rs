//! Which source the container has, and what stands around its program: a script that ends with `exec "$@"`, a first
//! process such as tini.

use super::draft::Draft;
use super::start::Start;
use super::{compiled, others, python, script, served};
use crate::image::spec::Source;

/// Finds the source.
pub fn source(draft: &mut Draft) {
    if find(draft) {
        return;
    }
    if wrapped(draft) || script::find(draft) {
        return;
    }
    others::unknown(draft);
}

fn find(draft: &mut Draft) -> bool {
    if draft.start.shell.is_some() {
        return false;
    }
    compiled::find(draft)
        || python::find(draft)
        || served::find(draft)
        || others::bun(draft)
        || others::binary(draft)
        || others::package(draft)
}

/// A script of the context that is given the program: `ENTRYPOINT ["/entrypoint.sh"]`, `CMD ["server"]`.
fn wrapped(draft: &mut Draft) -> bool {
    let made = draft.image();
    let Some(script) = draft
        .start
        .program()
        .filter(|_| draft.start.of_entrypoint == 1)
        .map(str::to_owned)
    else {
        return false;
    };
    if draft.start.words.len() < 2 || draft.start.shell.is_some() {
        return false;
    }
    let place = super::path::absolute(&made.workdir, &script);
    let in_path = format!("/usr/local/bin/{script}");
    let place = match draft.trace(made, &place).is_some() {
        true => place,
        false if draft.trace(made, &in_path).is_some() => in_path,
        false => return false,
    };
    let whole = draft.start.clone();
    draft.start = Start {
        words: whole.rest(1),
        of_entrypoint: 0,
        ..whole.clone()
    };
    if !find(draft) {
        draft.start = whole;
        return false;
    }
    let words = draft.start.words.clone();
    draft.spec.config.entrypoint = Some(vec![place]);
    draft.spec.config.cmd = words;
    script::tools(draft);
    let is_by_name = matches!(
        draft.spec.source,
        Source::Rust(_) | Source::Go(_) | Source::Package(_) | Source::Binary(_)
    );
    let step = whole.steps.first().copied().unwrap_or(0);
    let name = draft.start.program_name().to_owned();
    match is_by_name {
        // Its package is in the image, and so its program in `/bin`.
        true => {
            if let Some(first) = draft.spec.config.cmd.first_mut() {
                *first = format!("/bin/{name}");
            }
            draft.ledger.spec(step, "config.entrypoint");
        }
        false => draft.ledger.decide(
            step,
            format!("the script is given `{name}`, which in the image of Nix has another path"),
            &["leave the script out, and with it `entrypoint`: the program is then started by itself", "let the script start the program by its path"],
        ),
    }
    draft.start.of_entrypoint = 0;
    true
}

/// What becomes of `ENTRYPOINT` and `CMD`.
pub fn commands(draft: &mut Draft) {
    let start = draft.start.clone();
    let made = draft.image();
    let steps: Vec<usize> = [
        made.entrypoint.as_ref().map(|(step, _)| *step),
        made.cmd.as_ref().map(|(step, _)| *step),
    ]
    .into_iter()
    .flatten()
    .collect();
    for step in steps {
        let is_entrypoint = made
            .entrypoint
            .as_ref()
            .is_some_and(|(own, _)| *own == step);
        let config = &draft.spec.config;
        let what = match (is_entrypoint, config.entrypoint.is_some()) {
            (true, true) => "config.entrypoint",
            (false, true) => "config.cmd, config.entrypoint",
            _ if config.cmd.is_empty() => "source: its program is the entrypoint",
            _ => "source: its program is the entrypoint; config.cmd",
        };
        let is_freed = start.was_shell_form && start.shell.is_none();
        let what = match is_freed {
            true => format!("{what}; no shell stands between any more, so signals reach it"),
            false => what.to_owned(),
        };
        draft.ledger.spec(step, what);
    }
    if let Some(init) = &start.init
        && let Some(step) = start.steps.first()
    {
        draft.ledger.decide(
            *step,
            format!("`{init}` is left out: the program is the first process, which has to reap its children and to end at a signal"),
            &["leave it, where the program starts no others: `docker run --init` and a pod that shares its processes have one too", "add it to `contents`, and set `entrypoint`"],
        );
    }
    if start.shell.is_some()
        && let Some(step) = start.steps.last()
        && made
            .base
            .as_ref()
            .is_some_and(|base| base.tools == super::base::Tools::None)
    {
        draft.ledger.decide(
            *step,
            "a shell runs it, and the base has none",
            &["write it as a list: `[\"program\", \"argument\"]`"],
        );
    }
}
