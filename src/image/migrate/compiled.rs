//! Programs that cargo or go builds, in the stage itself or in one that it copies from.

use super::act::{Act, Cargo, Go};
use super::draft::Draft;
use super::ledger::decide;
use super::made::{Made, Run};
use super::path;
use super::read::Given;
use crate::image::spec::grammar::{is_file_name, is_word};
use crate::image::spec::{self, LinuxSystem, Source};

/// So often a program is copied from stage to stage.
const MOST_COPIES: usize = 6;

/// A program that was built, found from where it comes to stand.
struct Built<'m> {
    run: &'m Run,
    /// The stage that builds it; `None` for the image's own line.
    stage: Option<usize>,
    made: &'m Made,
    name: String,
}

/// Whether the container runs what cargo or go built; then the spec has it for its source.
pub fn find(draft: &mut Draft) -> bool {
    let made = draft.image();
    let mut copies = Vec::new();
    let Some(built) = places(draft, made).iter().find_map(|place| {
        copies.clear();
        built(draft, None, made, place, &mut copies)
    }) else {
        return false;
    };
    let source = match &built.run.act {
        Act::Cargo(cargo) => rust(draft, &built, cargo),
        Act::Go(go) => golang(draft, &built, go),
        _ => return false,
    };
    draft.spec.source = source;
    draft.take_run(built.run, "source");
    for step in copies {
        draft.copies.insert(step);
        draft
            .ledger
            .spec(step, "source: the program that it builds");
        let copy = made.copies.iter().find(|copy| copy.step == step);
        if copy.is_some_and(|copy| copy.sources.len() > 1) {
            draft.ledger.decide(
                step,
                "other files of the build are copied too, and the source has one program",
                &[
                    "leave them out, where the program does without them",
                    "make an image of its own for each program",
                ],
            );
        }
    }
    draft.builders.extend(built.stage);
    draft.spec.config.cmd = draft.start.rest(1);
    true
}

/// Where the program may be that the container runs.
fn places(draft: &Draft, made: &Made) -> Vec<String> {
    let Some(program) = draft.start.program() else {
        return Vec::new();
    };
    if program.contains('/') {
        return vec![path::absolute(&made.workdir, program)];
    }
    [
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        "/go/bin",
        "/usr/local/cargo/bin",
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
    ]
    .iter()
    .map(|folder| format!("{folder}/{program}"))
    .collect()
}

fn built<'d>(
    draft: &Draft<'d>,
    stage: Option<usize>,
    made: &'d Made,
    place: &str,
    copies: &mut Vec<usize>,
) -> Option<Built<'d>> {
    if copies.len() > MOST_COPIES {
        return None;
    }
    if let Some((run, name)) = output(made, place, 0) {
        return Some(Built {
            run,
            stage,
            made,
            name,
        });
    }
    for copy in made.copies.iter().rev() {
        let (Some(from), Ok(dest)) = (&copy.from, &copy.dest) else {
            continue;
        };
        let Some((number, below)) = draft
            .stages
            .named(from)
            .and_then(|number| Some((number, draft.made.get(&number)?)))
        else {
            continue;
        };
        for given in &copy.sources {
            let Given::Path(given) = given else {
                continue;
            };
            let given = path::absolute("/", given);
            let as_file = match dest.ends_with('/') || dest == "/" {
                true => format!("{}/{}", dest.trim_end_matches('/'), path::name(&given)),
                false => dest.clone(),
            };
            let inner = match path::below(place, dest) {
                _ if as_file == place => given.clone(),
                Some("") => given.clone(),
                Some(rest) => format!("{given}/{rest}"),
                None => continue,
            };
            copies.push(copy.step);
            // A destination may be a folder that is there.
            let found = built(draft, Some(number), below, &inner, copies)
                .or_else(|| built(draft, Some(number), below, &given, copies));
            match found {
                Some(found) => return Some(found),
                None => copies.retain(|step| *step != copy.step),
            }
        }
    }
    None
}

/// The command of `made` that writes a program to `place`, and that program's name.
fn output<'m>(made: &'m Made, place: &str, depth: usize) -> Option<(&'m Run, String)> {
    if depth > MOST_COPIES {
        return None;
    }
    made.runs.iter().rev().find_map(|run| match &run.act {
        Act::Cargo(cargo) => {
            let name = path::name(place);
            let folder = path::absolute(&run.folder, cargo.root.as_deref().unwrap_or("."));
            let is_target =
                place.contains("/target/") && place.ends_with(&format!("/release/{name}"));
            let is_here =
                path::below(place, &folder).is_some() || path::below(place, &run.folder).is_some();
            let is_installed = cargo.is_install
                && (place.contains("/cargo/bin/") || place.starts_with("/usr/local/bin/"));
            let is_bin = cargo.bin.as_deref().is_none_or(|bin| bin == name);
            (is_bin && (is_target && is_here || is_installed)).then(|| (run, name.to_owned()))
        }
        Act::Go(go) => outputs_of_go(run, go)
            .into_iter()
            .find(|(one, _)| one == place)
            .map(|(_, name)| (run, name)),
        Act::Move { from, to } => {
            let to = path::absolute(&run.folder, to);
            let from = path::absolute(&run.folder, from);
            let into = format!("{}/{}", to.trim_end_matches('/'), path::name(&from));
            (to == place || into == place).then(|| output(made, &from, depth + 1))?
        }
        _ => None,
    })
}

/// The programs that a command of go writes, with their names.
fn outputs_of_go(run: &Run, go: &Go) -> Vec<(String, String)> {
    let package = |package: &str| match path::absolute(&run.folder, package).as_str() {
        "/" => "app".to_owned(),
        full => path::name(full).to_owned(),
    };
    let packages: Vec<String> = match go.packages.is_empty() {
        true => vec![package(".")],
        false => go
            .packages
            .iter()
            .filter(|name| !name.ends_with(".go") && !name.contains("..."))
            .map(|name| package(name))
            .collect(),
    };
    if go.is_install {
        return packages
            .into_iter()
            .map(|name| (format!("/go/bin/{name}"), name))
            .collect();
    }
    match &go.output {
        Some(output) => {
            let full = path::absolute(&run.folder, output);
            let mut found: Vec<(String, String)> = packages
                .iter()
                .map(|name| (format!("{full}/{name}"), name.clone()))
                .collect();
            if !output.ends_with('/') {
                found.insert(
                    0,
                    (
                        full.clone(),
                        packages
                            .first()
                            .cloned()
                            .unwrap_or_else(|| path::name(&full).to_owned()),
                    ),
                );
            }
            found
        }
        None => packages
            .into_iter()
            .map(|name| (path::absolute(&run.folder, &name), name))
            .collect(),
    }
}

/// The folder of the context that holds `manifest`, where the program is built.
fn root(draft: &Draft, made: &Made, folder: &str, manifest: &str) -> Option<String> {
    let place = format!("{}/{manifest}", folder.trim_end_matches('/'));
    let found = draft.trace(made, &place).map(|(file, _)| file)?;
    let folder = found.strip_suffix(manifest)?.trim_end_matches('/');
    let folder = if folder.is_empty() { "." } else { folder };
    let inside = draft.context.in_spec(folder);
    (inside != ".").then_some(inside)
}

fn rust(draft: &mut Draft, built: &Built, cargo: &Cargo) -> Source {
    let Built {
        run, made, name, ..
    } = built;
    let mut folder = run.folder.clone();
    if let Some(inner) = &cargo.root {
        folder = path::absolute(&folder, inner);
    }
    let mut source = spec::Rust {
        root: root(draft, made, &folder, "Cargo.toml"),
        features: cargo
            .features
            .iter()
            .filter(|name| is_word(name))
            .cloned()
            .collect(),
        ..spec::Rust::default()
    };
    let manifest = match &source.root {
        Some(_) => format!(
            "{}/Cargo.toml",
            draft
                .trace(made, &folder)
                .map_or(String::new(), |(folder, _)| folder)
        ),
        None => "Cargo.toml".to_owned(),
    };
    let says = draft.context.read(&manifest).and_then(|file| {
        let table: toml::Table = toml::from_str(file.text()).ok()?;
        Some(table.get("package")?.get("name")?.as_str()?.to_owned())
    });
    if says.as_deref() != Some(name) && is_file_name(name) {
        source.program = Some(name.clone());
    }
    if cargo.package.is_some() && source.program.is_none() {
        source.program.clone_from(&cargo.package);
    }
    let target = cargo.target.as_deref().unwrap_or_default();
    only(draft, run, target.split('-').next().unwrap_or_default());
    if !cargo.rest.is_empty() {
        let why = format!(
            "`{}` changes what cargo builds, and the spec has no word for it",
            cargo.rest.join(" ")
        );
        let fate = decide(
            why,
            &[
                "see whether the program is the same without it",
                "set `cargoBuildFlags` in the expression",
            ],
        );
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
    Source::Rust(source)
}

fn golang(draft: &mut Draft, built: &Built, go: &Go) -> Source {
    let Built {
        run, made, name, ..
    } = built;
    let mut source = spec::Go {
        root: root(draft, made, &run.folder, "go.mod"),
        ..spec::Go::default()
    };
    for package in &go.packages {
        let package = path::in_context(package);
        if package != "."
            && !package.ends_with(".go")
            && !package.contains("...")
            && is_word(&package)
        {
            source.packages.push(package);
        }
    }
    // Of the module's own package the program is called after the module, whatever `-o` says.
    if source.packages.len() > 1 && is_file_name(name) {
        source.program = Some(name.clone());
    }
    let arch = ["amd64", "arm64"]
        .into_iter()
        .find(|arch| run.written.contains(&format!("GOARCH={arch}")));
    let by_env = made
        .env
        .get("GOARCH")
        .and_then(|(value, _)| value.clone().ok())
        .unwrap_or_default();
    only(draft, run, arch.unwrap_or(&by_env));
    if !go.rest.is_empty() {
        let why = format!(
            "`{}` changes what go builds, and the spec has no word for it",
            go.rest.join(" ")
        );
        let fate = decide(
            why,
            &[
                "see whether the program does without it",
                "set `ldflags` and `tags` in the expression",
            ],
        );
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
    Source::Go(source)
}

/// A command that builds for one architecture makes an image of one.
fn only(draft: &mut Draft, run: &Run, arch: &str) {
    let system = match arch {
        "x86_64" | "amd64" => LinuxSystem::X86_64,
        "aarch64" | "arm64" => LinuxSystem::Aarch64,
        _ => return,
    };
    // What every build sets by itself is no choice.
    if run.written.contains("TARGETARCH") {
        return;
    }
    draft.systems.retain(|one| *one == system);
    let fate = super::ledger::Fate::Spec(format!("systems: it builds for {} alone", system.nix()));
    draft.ledger.part(run.step, run.line, &run.written, fate);
}
