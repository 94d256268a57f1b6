//! What a folder looks like: which kind of source an image of it has. Front ends and services of JavaScript are in `web`.

use super::folder::{Folder, Reason};
use super::web;
use crate::image::names::{self, Index};
use crate::image::spec::{File, Go, Hugo, Python, Rust, Script, Source, Static};
use crate::source::{RelPath, Workspace};

/// A kind of source, and why it is that.
#[derive(Clone, Debug)]
pub struct Guess {
    pub source: Source,
    pub reasons: Vec<Reason>,
    /// What has to be there, or be said, before an image can be made of it.
    pub lacks: Vec<Reason>,
}

/// What `folder` looks like; `None` where that is not known.
pub fn guess(workspace: &Workspace, folder: &RelPath) -> Option<Guess> {
    guess_in(&Folder::of(workspace, folder))
}

pub(super) fn guess_in(folder: &Folder) -> Option<Guess> {
    [hugo, rust, go, web::guess, python, static_files, script]
        .iter()
        .find_map(|kind| kind(folder))
}

fn hugo(folder: &Folder) -> Option<Guess> {
    let named = folder.has_one(&["hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json"]);
    let config = named.or_else(|| {
        let config = folder.has_one(&["config.toml", "config.yaml", "config.yml"])?;
        let is_below = |part: &str| {
            folder
                .files
                .iter()
                .any(|file| folder.inside(file).starts_with(part))
        };
        (is_below("content/")
            && (is_below("themes/") || is_below("layouts/") || is_below("archetypes/")))
        .then_some(config)
    })?;
    Some(Guess {
        source: Source::Hugo(Hugo::default()),
        reasons: vec![Reason::of_file(&config, "a Hugo site")],
        lacks: Vec::new(),
    })
}

fn rust(folder: &Folder) -> Option<Guess> {
    let manifest = folder.read("Cargo.toml")?;
    let table: toml::Table = toml::from_str(manifest.text()).ok()?;
    let mut reasons = vec![Reason::of_file(manifest.path(), "a Cargo project")];
    let mut lacks = Vec::new();
    let bins: Vec<&str> = table
        .get("bin")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|bin| bin.get("name")?.as_str())
        .collect();
    let mut source = Rust::default();
    match (
        table.get("package"),
        bins.as_slice(),
        folder.has("src/main.rs"),
    ) {
        (None, ..) => lacks.push(Reason::of_file(
            manifest.path(),
            "a workspace: name the program in `source.program`, and `pname` and `version`",
        )),
        (_, [], None) => {
            let binaries: Vec<&RelPath> = folder
                .files
                .iter()
                .filter(|file| folder.inside(file).starts_with("src/bin/"))
                .collect();
            match binaries.as_slice() {
                [] => return None,
                [one] => {
                    reasons.push(Reason::of_file(one, "its program"));
                    source.program = Some(one.stem().to_owned());
                }
                _ => lacks.push(Reason::of_file(
                    manifest.path(),
                    "several programs: name the one of the image in `source.program`",
                )),
            }
        }
        (_, [one], None) => source.program = Some((*one).to_owned()),
        (_, [_, _, ..], None) => lacks.push(Reason::of_file(
            manifest.path(),
            "several programs: name the one of the image in `source.program`",
        )),
        (_, _, Some(main)) => reasons.push(Reason::of_file(&main, "its program")),
    }
    match folder.has("Cargo.lock") {
        Some(lock) => reasons.push(Reason::of_file(&lock, "its dependencies are pinned")),
        None => lacks.push(Reason::of_file(
            manifest.path(),
            "no Cargo.lock stands beside it: `cargo generate-lockfile` makes it",
        )),
    }
    Some(Guess {
        source: Source::Rust(source),
        reasons,
        lacks,
    })
}

fn go(folder: &Folder) -> Option<Guess> {
    let module = folder.read("go.mod")?;
    let at = module.text().find("module ").unwrap_or(0);
    let mut reasons = vec![Reason::at(&module, at, "a Go module")];
    let mut lacks = Vec::new();
    let mut source = Go::default();
    if folder.has("main.go").is_none() {
        let mains: Vec<&RelPath> = folder
            .files
            .iter()
            .filter(|file| file.file_name() == "main.go" && folder.inside(file).starts_with("cmd/"))
            .collect();
        if let [one] = mains.as_slice() {
            reasons.push(Reason::of_file(one, "its program"));
            source.packages = vec![folder.inside(&one.parent()).to_owned()];
        } else if mains.len() > 1 {
            let text =
                "several programs below cmd/: name the one of the image in `source.packages`";
            lacks.push(Reason::of_file(module.path(), text));
        } else if !folder
            .own_files()
            .any(|file| file.file_name().ends_with(".go"))
        {
            lacks.push(Reason::of_file(
                module.path(),
                "no program was found: name its package in `source.packages`",
            ));
        }
    }
    if folder.has("go.sum").is_none() && module.text().contains("require") {
        lacks.push(Reason::of_file(
            module.path(),
            "no go.sum stands beside it: `go mod tidy` makes it",
        ));
    }
    Some(Guess {
        source: Source::Go(source),
        reasons,
        lacks,
    })
}

/// The files that a Python service is mostly started by.
const MAINS: &[&str] = &[
    "main.py",
    "app.py",
    "server.py",
    "run.py",
    "__main__.py",
    "manage.py",
];

fn python(folder: &Folder) -> Option<Guess> {
    let project = folder.has_one(&["pyproject.toml", "requirements.txt", "setup.py"]);
    let scripts: Vec<&RelPath> = folder
        .own_files()
        .filter(|file| {
            file.file_name().ends_with(".py")
                && !matches!(file.file_name(), "setup.py" | "conftest.py")
        })
        .collect();
    let main = match scripts.as_slice() {
        [one] => Some((*one).clone()),
        _ => folder.has_one(MAINS),
    };
    if project.is_none() && main.is_none() {
        return None;
    }
    let mut reasons: Vec<Reason> = project
        .iter()
        .map(|path| Reason::of_file(path, "a Python project"))
        .collect();
    let mut lacks = Vec::new();
    let mut source = Python {
        path: ".".to_owned(),
        ..Python::default()
    };
    match &main {
        Some(main) => {
            reasons.push(Reason::of_file(main, "its program"));
            source.path = folder.inside(main).to_owned();
            if scripts.len() > 1 {
                lacks.push(Reason::of_file(main, "modules stand beside it: where it imports them, let `source.path` be the folder and `source.module` the module that is run"));
            }
        }
        None => lacks.push(Reason::new(
            "name the module that is run in `source.module`",
        )),
    }
    requirements(folder, &mut source, &mut reasons, &mut lacks);
    Some(Guess {
        source: Source::Python(source),
        reasons,
        lacks,
    })
}

/// What the program imports of PyPI, where a list says so.
fn requirements(
    folder: &Folder,
    source: &mut Python,
    reasons: &mut Vec<Reason>,
    lacks: &mut Vec<Reason>,
) {
    if let Some(list) = folder.read("requirements.txt") {
        let mut at = 0;
        for line in list.text().split_inclusive('\n') {
            let start = at;
            at += line.len();
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                add(
                    names::requirement(line),
                    line,
                    |text| Reason::at(&list, start, text),
                    source,
                    lacks,
                );
            }
        }
        return;
    }
    let Some(project) = folder.read("pyproject.toml") else {
        return;
    };
    let table: Option<toml::Table> = toml::from_str(project.text()).ok();
    let dependencies = table
        .as_ref()
        .and_then(|table| table.get("project")?.get("dependencies")?.as_array());
    for line in dependencies
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str)
    {
        let start = project.text().find(line).unwrap_or(0);
        add(
            names::requirement(line),
            line,
            |text| Reason::at(&project, start, text),
            source,
            lacks,
        );
    }
    if !source.packages.is_empty() {
        reasons.push(Reason::of_file(
            project.path(),
            "its packages are named here",
        ));
    }
}

fn add(
    requirement: Option<names::Requirement>,
    line: &str,
    reason: impl Fn(String) -> Reason,
    source: &mut Python,
    lacks: &mut Vec<Reason>,
) {
    let known = requirement.and_then(|one| names::known(Index::Pip, &one.name));
    match known {
        Some(known) if !source.packages.iter().any(|has| has == known.attr) => {
            source.packages.push(known.attr.to_owned())
        }
        Some(_) => {}
        None => lacks.push(reason(format!(
            "`{line}`: its attribute in nixpkgs is not known; add it to `source.packages`"
        ))),
    }
}

fn static_files(folder: &Folder) -> Option<Guess> {
    let (page, path) = [
        ("index.html", "."),
        ("public/index.html", "public"),
        ("html/index.html", "html"),
        ("site/index.html", "site"),
    ]
    .iter()
    .find_map(|(page, path)| Some((folder.has(page)?, *path)))?;
    Some(Guess {
        source: Source::Static(Static {
            path: path.to_owned(),
            ..Static::default()
        }),
        reasons: vec![Reason::of_file(&page, "pages that are there")],
        lacks: Vec::new(),
    })
}

fn script(folder: &Folder) -> Option<Guess> {
    let mut scripts = folder
        .own_files()
        .filter(|file| file.file_name().ends_with(".sh"));
    let (first, second) = (scripts.next()?, scripts.next());
    let main = match second {
        None => first.clone(),
        Some(_) => folder.has_one(&[
            "entrypoint.sh",
            "docker-entrypoint.sh",
            "run.sh",
            "start.sh",
            "main.sh",
        ])?,
    };
    let name = folder.inside(&main);
    let file = File::Path(name.to_owned());
    Some(Guess {
        source: Source::Script(Script {
            files: [(format!("/app/{name}"), file)].into(),
            version: None,
        }),
        reasons: vec![Reason::of_file(&main, "a script")],
        lacks: vec![Reason::of_file(&main, "name what it runs in `contents`")],
    })
}
