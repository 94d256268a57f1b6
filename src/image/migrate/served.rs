//! Files that nginx serves: built by Vite or Hugo in another stage, or there in the context.

use super::act::Act;
use super::base::Runtime;
use super::draft::Draft;
use super::left_out;
use super::made::{Copy, Made, Run};
use super::nginx_conf::{self, Server};
use super::path;
use super::read::Given;
use crate::image::spec::grammar::{is_identifier, is_relative, is_word};
use crate::image::spec::{Hugo, Manager, Source, Static, Vite};

/// Where nginx finds files unless it is told another place.
const HTML: &str = "/usr/share/nginx/html";

/// Whether the container runs nginx over files; then the spec has them for its source.
pub fn find(draft: &mut Draft) -> bool {
    let made = draft.image();
    if draft.start.program_name() != "nginx" {
        return false;
    }
    let is_unprivileged = made
        .base
        .as_ref()
        .is_some_and(|base| base.ports.contains(&"8080/tcp"));
    let mut server = Server {
        port: if is_unprivileged { 8080 } else { 80 },
        root: HTML.to_owned(),
        spa: false,
    };
    let conf = conf_of(draft, made, &mut server);
    let Some(copy) = made
        .copies
        .iter()
        .rev()
        .find(|copy| is_root(copy, &server.root))
    else {
        return false;
    };
    let port = Some(server.port).filter(|port| *port != 8080);
    let source = match &copy.from {
        Some(from) => built(draft, copy, from, port, server.spa),
        None => there(draft, copy, port, server.spa),
    };
    let Some(source) = source else {
        return false;
    };
    draft.spec.source = source;
    draft.take_copy(copy, "source");
    if copy.from.is_none()
        && let [Given::Path(folder)] = &copy.sources[..]
    {
        left_out::tell(draft, copy, &path::in_context(folder));
    }
    if let Some((copy, others)) = conf {
        draft.copies.insert(copy.step);
        match others.is_empty() {
            true => draft.ledger.spec(copy.step, "source.port, source.spa"),
            false => draft.ledger.decide(
                copy.step,
                format!(
                    "the nginx of the spec has a configuration of its own: {}",
                    others.join(", ")
                ),
                &[
                    "see whether the files are served without it",
                    "take `kind = \"package\"` with `attr = \"nginx\"`, and the file in `files`",
                ],
            ),
        }
    }
    let is_root =
        made.base.as_ref().is_some_and(|base| base.user.is_none()) && made.users.is_empty();
    if is_root && server.port < 1024 {
        // As in the image that is left behind; nobody may not listen there everywhere.
        draft.spec.config.user = Some("0".to_owned());
    }
    for run in &made.runs {
        let is_default = |path: &str| {
            path.starts_with(HTML)
                || path.starts_with("/etc/nginx/conf.d")
                || path.starts_with("/var/cache/nginx")
                || path.starts_with("/var/run")
                || path.starts_with("/var/log/nginx")
        };
        let is_ours = match &run.act {
            Act::Move { from, to } => {
                from.starts_with("/dev/std") && to.starts_with("/var/log/nginx")
            }
            Act::Chown { paths } | Act::MakeFolders(paths) => {
                paths.iter().all(|path| is_default(path))
            }
            Act::Unknown => {
                let words: Vec<&str> = run.written.split_whitespace().collect();
                words.first() == Some(&"rm")
                    && words
                        .iter()
                        .skip(1)
                        .all(|word| word.starts_with('-') || is_default(word))
            }
            _ => false,
        };
        if is_ours {
            draft.runs.insert((run.step, run.written.clone()));
            let fate = super::ledger::Fate::Covered(
                "the nginx of the spec sets up its own files".to_owned(),
            );
            draft.ledger.part(run.step, run.line, &run.written, fate);
        }
    }
    true
}

/// The configuration that is copied, what it says that is known, and what else it says.
fn conf_of<'m>(
    draft: &Draft,
    made: &'m Made,
    server: &mut Server,
) -> Option<(&'m Copy, Vec<String>)> {
    let copy = made.copies.iter().rev().find(|copy| {
        copy.from.is_none()
            && copy
                .dest
                .as_deref()
                .is_ok_and(|dest| dest.starts_with("/etc/nginx"))
    })?;
    let Some(Given::Path(file)) = copy.sources.first().filter(|_| copy.sources.len() == 1) else {
        let Some(Given::Text { text, .. }) = copy.sources.first() else {
            return Some((copy, vec!["several files".to_owned()]));
        };
        return Some((copy, nginx_conf::read(text, server)));
    };
    match draft.context.read(file) {
        Some(text) => Some((copy, nginx_conf::read(text.text(), server))),
        None => Some((copy, vec![format!("`{file}` cannot be read here")])),
    }
}

fn is_root(copy: &Copy, root: &str) -> bool {
    copy.dest
        .as_deref()
        .is_ok_and(|dest| dest.trim_end_matches('/') == root.trim_end_matches('/'))
}

/// What another stage builds.
fn built(
    draft: &mut Draft,
    copy: &Copy,
    from: &str,
    port: Option<u16>,
    spa: bool,
) -> Option<Source> {
    let number = draft.stages.named(from)?;
    let made = draft.made.get(&number)?;
    let [Given::Path(output)] = copy.sources.as_slice() else {
        return None;
    };
    let output = path::absolute("/", output);
    let run = made
        .runs
        .iter()
        .rev()
        .find(|run| matches!(run.act, Act::JsRun { .. } | Act::Hugo { .. }));
    let is_hugo = matches!(
        made.base.as_ref().map(|base| &base.runtime),
        Some(Runtime::Hugo)
    );
    let source = match run.map(|run| (run, &run.act)) {
        Some((run, Act::JsRun { manager, script })) => {
            let source = vite(draft, made, run, manager, script, &output, port, spa)?;
            draft.take_run(run, "source.script");
            source
        }
        Some((run, Act::Hugo { output: to })) => {
            let public = path::absolute(&run.folder, to.as_deref().unwrap_or("public"));
            if public != output {
                return None;
            }
            let root = root(
                draft,
                made,
                &run.folder,
                &["hugo.toml", "hugo.yaml", "config.toml", "config.yaml"],
            );
            draft.take_run(run, "source");
            Source::Hugo(Hugo {
                root,
                port,
                ..Hugo::default()
            })
        }
        None if is_hugo => Source::Hugo(Hugo {
            root: root(draft, made, &made.workdir, &["hugo.toml", "config.toml"]),
            port,
            ..Hugo::default()
        }),
        _ => return None,
    };
    draft.builders.insert(number);
    Some(source)
}

#[allow(clippy::too_many_arguments)] // they are what one call hands on
fn vite(
    draft: &mut Draft,
    made: &Made,
    run: &Run,
    manager: &str,
    script: &str,
    output: &str,
    port: Option<u16>,
    spa: bool,
) -> Option<Source> {
    let dist = path::below(output, &run.folder)
        .filter(|dist| is_relative(dist))?
        .to_owned();
    let installed = made.runs.iter().find_map(|run| match run.act {
        Act::JsInstall(manager) => Some(manager),
        _ => None,
    });
    let manager = match installed.unwrap_or(manager) {
        "npm" => Manager::Npm,
        "pnpm" => Manager::Pnpm,
        "yarn" => Manager::Yarn,
        _ => Manager::Bun,
    };
    let mut source = Vite {
        root: root(draft, made, &run.folder, &["package.json"]),
        manager: Some(manager),
        script: Some(script.to_owned()).filter(|script| script != "build" && is_word(script)),
        dist: Some(dist).filter(|dist| dist != "dist"),
        port,
        // Files that are not there are not found, as nginx does it by itself.
        spa: (!spa).then_some(false),
        ..Vite::default()
    };
    for (name, (value, step)) in &made.env {
        let Some(step) = step else {
            continue;
        };
        match value {
            Ok(value)
                if is_identifier(name)
                    && !matches!(
                        name.as_str(),
                        "PATH" | "PNPM_HOME" | "CI" | "COREPACK_ENABLE_DOWNLOAD_PROMPT"
                    ) =>
            {
                source.env.insert(name.clone(), value.clone());
                draft.ledger.spec(*step, format!("source.env.{name}"));
            }
            Ok(_) => draft.ledger.covered(
                *step,
                "it sets up the package manager, and Nix brings its own",
            ),
            Err(argument) => draft.ledger.decide(
                *step,
                format!("`{name}` is baked in, and `{argument}` has no value here"),
                &[
                    &format!("give it: `--build-arg {argument}=VALUE`"),
                    "or add it to `env` in `[image.source]`",
                ],
            ),
        }
    }
    Some(Source::Vite(source))
}

/// The folder of the context that is built in `folder`, unless it is the spec's.
fn root(draft: &Draft, made: &Made, folder: &str, manifests: &[&str]) -> Option<String> {
    manifests.iter().find_map(|manifest| {
        let place = format!("{}/{manifest}", folder.trim_end_matches('/'));
        let (file, _) = draft.trace(made, &place)?;
        let root = file.strip_suffix(manifest)?.trim_end_matches('/');
        let root = draft
            .context
            .in_spec(if root.is_empty() { "." } else { root });
        (root != ".").then_some(root)
    })
}

/// Pages of the context.
fn there(draft: &Draft, copy: &Copy, port: Option<u16>, spa: bool) -> Option<Source> {
    let [Given::Path(folder)] = copy.sources.as_slice() else {
        return None;
    };
    if draft.context.is_file(folder) {
        return None;
    }
    Some(Source::Static(Static {
        path: draft.context.in_spec(&path::in_context(folder)),
        port,
        spa: spa.then_some(true),
        ..Static::default()
    }))
}
