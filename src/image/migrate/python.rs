//! Programs that Python runs: a script, or a module such as gunicorn.

use super::act::Act;
use super::base::Runtime;
use super::context::Kind;
use super::draft::Draft;
use super::left_out;
use super::made::Made;
use super::path;
use super::pip::packages;
use super::read::Given;
use crate::image::spec::grammar::is_identifier;
use crate::image::spec::{Python, Source};

/// Programs of packages that are modules too: `python -m gunicorn`.
const MODULES: &[(&str, &str)] = &[
    ("gunicorn", "gunicorn"),
    ("uvicorn", "uvicorn"),
    ("hypercorn", "hypercorn"),
    ("flask", "flask"),
    ("celery", "celery"),
    ("waitress-serve", "waitress"),
    ("alembic", "alembic"),
];

/// Where Python looks for modules.
const MODULE_PATH: &str = "PYTHONPATH";

/// Whether the container runs Python; then the spec has it for its source.
pub fn find(draft: &mut Draft) -> bool {
    let made = draft.image();
    let name = draft.start.program_name().to_owned();
    let is_python = name == "python"
        || name
            .strip_prefix("python")
            .is_some_and(|rest| rest.starts_with('3'));
    let module = MODULES.iter().find(|(program, _)| *program == name);
    let is_script = name.ends_with(".py");
    let has_python = matches!(
        made.base.as_ref().map(|base| &base.runtime),
        Some(Runtime::Python(_))
    ) || installs_python(made);
    if !(is_python || has_python && (module.is_some() || is_script)) {
        return false;
    }
    let mut source = Python::default();
    let mut arguments = draft.start.rest(usize::from(is_python));
    if is_python {
        options(draft, &mut arguments);
    }
    let found = match (module, arguments.first().map(String::as_str)) {
        (Some((_, module)), _) if !is_python => {
            arguments.remove(0);
            folder(draft, made, module, &mut source)
        }
        (_, Some("-m")) if arguments.len() > 1 => {
            let module = arguments.remove(1);
            arguments.remove(0);
            folder(draft, made, &module, &mut source)
        }
        (_, Some(script)) if !script.starts_with('-') => {
            let script = path::absolute(&made.workdir, script);
            arguments.remove(0);
            script_at(draft, made, &script, &mut source)
        }
        _ => false,
    };
    if !found {
        return false;
    }
    interpreter(draft, made, &mut source);
    // Packages may be installed where they are copied from.
    let all = draft.made;
    for made in all.values() {
        for run in &made.runs {
            packages(draft, made, run, &mut source);
        }
    }
    source.packages.sort();
    source.packages.dedup();
    draft.spec.config.cmd = arguments;
    draft.spec.source = Source::Python(source);
    virtual_environment(draft, made);
    true
}

fn installs_python(made: &Made) -> bool {
    made.runs.iter().any(|run| match &run.act {
        Act::Install { packages, .. } => packages
            .iter()
            .any(|name| matches!(name.as_str(), "python3" | "python3-minimal")),
        _ => false,
    })
}

/// Takes the interpreter's options away that a variable says as well.
fn options(draft: &mut Draft, arguments: &mut Vec<String>) {
    while let Some(option) = arguments.first().map(String::as_str) {
        let (name, value) = match option {
            "-u" => ("PYTHONUNBUFFERED", "1"),
            "-B" => ("PYTHONDONTWRITEBYTECODE", "1"),
            "-O" => ("PYTHONOPTIMIZE", "1"),
            _ => break,
        };
        draft
            .spec
            .config
            .env
            .insert(name.to_owned(), value.to_owned());
        arguments.remove(0);
    }
}

/// `script` of the image, which is copied as a file or within a folder.
fn script_at(draft: &mut Draft, made: &Made, script: &str, source: &mut Python) -> bool {
    let Some((file, copy)) = draft.trace(made, script) else {
        return false;
    };
    let in_folder = !copy.sources.iter().any(
        |given| matches!(given, Given::Path(given) if draft.context.matches(given).contains(&file)),
    );
    if !in_folder {
        source.path = draft.context.in_spec(&file);
        // Other files of the same copy are added by themselves.
        if copy.sources.len() == 1 {
            draft.take_copy(copy, "source.path");
        }
        stand(draft, made, &parent(script), source);
        return true;
    }
    // With modules beside it, the folder is what is needed.
    let stem = path::name(script).trim_end_matches(".py");
    let dest = copy.dest.as_deref().unwrap_or("/").trim_end_matches('/');
    let Some(inside) = path::below(script, dest) else {
        return false;
    };
    if !is_identifier(stem) || !script.ends_with(".py") {
        return false;
    }
    let folder = file
        .strip_suffix(inside)
        .unwrap_or(&file)
        .trim_end_matches('/');
    let folder = if folder.is_empty() { "." } else { folder };
    source.path = draft.context.in_spec(folder);
    source.module = Some(stem.to_owned());
    draft.take_copy(copy, "source.path, source.module");
    left_out::tell(draft, copy, folder);
    let dest = dest.to_owned();
    stand(draft, made, &dest, source);
    let beside = match (dest.as_str(), parent(script)) {
        ("", beside) if beside == "/" => return true,
        ("", beside) => format!("{}{beside}", Python::FOLDER),
        (_, beside) => beside,
    };
    finds_modules(draft, made, &beside);
    true
}

/// A folder that is copied to where the container is started, whose modules are imported.
fn folder(draft: &mut Draft, made: &Made, module: &str, source: &mut Python) -> bool {
    if !module.split('.').all(is_identifier) {
        return false;
    }
    for copy in made.copies.iter().filter(|copy| copy.from.is_none()) {
        let Ok(dest) = copy.dest.as_deref() else {
            continue;
        };
        let is_around = path::below(&made.workdir, dest).is_some();
        if !is_around && path::below(dest, &made.workdir).is_none() {
            continue;
        }
        let is_folder =
            |given: &String| matches!(draft.context.kind(given), Kind::Folder | Kind::Absent);
        // Of several, what is in them comes to stand in one place.
        let [Given::Path(given)] = &copy.sources[..] else {
            continue;
        };
        let given = path::in_context(given);
        if !is_folder(&given) {
            continue;
        }
        source.path = draft.context.in_spec(&given);
        source.module = Some(module.to_owned());
        draft.take_copy(copy, "source.path, source.module");
        left_out::tell(draft, copy, &given);
        stand(draft, made, dest.trim_end_matches('/'), source);
        return true;
    }
    false
}

/// Leaves the program at its `place`, so that what names its files finds them.
fn stand(draft: &mut Draft, made: &Made, place: &str, source: &mut Python) {
    let place = if place.is_empty() { "/" } else { place };
    if source.module.is_some() && place == "/" {
        let step = draft.start.steps.first().copied().unwrap_or(0);
        draft.ledger.decide(
            step,
            format!(
                "the folder of the program is all of the image: it becomes `{}`",
                Python::FOLDER
            ),
            &["see whether the program names its files by `/`"],
        );
        if made.workdir == "/" {
            draft.spec.config.workdir = Some(Python::FOLDER.to_owned());
        }
        return;
    }
    if place != Python::FOLDER {
        source.folder = Some(place.to_owned());
    }
}

/// Lets modules be found in `folder`, the script's own, where the container is started in another one.
fn finds_modules(draft: &mut Draft, made: &Made, folder: &str) {
    if made.workdir == folder {
        return;
    }
    let is_in = |value: &str| value.split(':').any(|one| one == folder);
    match made.env.get(MODULE_PATH) {
        None => {
            let value = folder.to_owned();
            draft.spec.config.env.insert(MODULE_PATH.to_owned(), value);
        }
        Some((Ok(value), _)) if is_in(value) => {}
        Some(_) => {
            let step = draft.start.steps.first().copied().unwrap_or(0);
            draft.ledger.decide(
                step,
                format!(
                    "Python finds the script's modules, in `{folder}`, by `{MODULE_PATH}` alone"
                ),
                &[&format!("put `{folder}` into `{MODULE_PATH}`")],
            );
        }
    }
}

fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
    }
}

fn interpreter(draft: &mut Draft, made: &Made, source: &mut Python) {
    match made.base.as_ref().map(|base| &base.runtime) {
        Some(Runtime::Python(Some(attr))) => source.interpreter = Some(attr.clone()),
        Some(Runtime::Python(None)) => {
            let step = draft
                .stages
                .line
                .first()
                .and_then(|first| draft.stages.all.get(*first))
                .map_or(0, |stage| stage.from);
            draft.ledger.decide(
                step,
                "nixpkgs has no Python of this version any more",
                &[
                    "run the program with `python3` and see whether it works",
                    "name another `interpreter` in `[image.source]`",
                ],
            );
        }
        _ => source.interpreter = Some("python3".to_owned()),
    }
}

/// The folder of a virtual environment is none of the image, and nothing leads to it.
fn virtual_environment(draft: &mut Draft, made: &Made) {
    let venv = made
        .env
        .get("VIRTUAL_ENV")
        .and_then(|(value, _)| value.clone().ok());
    let is_venv =
        |folder: &str| venv.as_deref() == Some(folder) || path::name(folder).contains("venv");
    for copy in &made.copies {
        let is_packages = |dest: &str| {
            is_venv(dest.trim_end_matches('/'))
                || dest.contains("/site-packages")
                || dest.trim_end_matches('/') == "/root/.local"
                || dest.contains("/install")
        };
        if copy.from.is_some() && copy.dest.as_deref().is_ok_and(is_packages) {
            draft.copies.insert(copy.step);
            draft
                .ledger
                .covered(copy.step, "the packages are `source.packages`");
        }
    }
}
