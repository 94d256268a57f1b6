//! The other sources: a service that bun runs, a program that is fetched, a package of nixpkgs, and what no
//! kind of source is for.

use super::act::Act;
use super::base::{Runtime, Tools};
use super::draft::Draft;
use super::path;
use super::script::{split_words, tools};
use crate::image::names::{self, Index, Use};
use crate::image::spec::grammar::{is_file_name, is_relative, is_store_name, is_version, is_word};
use crate::image::spec::{Binary, Bun, Package, Source};

/// Programs that are not called after their package.
const PROGRAMS: &[(&str, &str)] = &[
    ("redis-server", "redis"),
    ("redis-cli", "redis"),
    ("psql", "postgresql"),
    ("pg_dump", "postgresql"),
    ("ssh", "openssh"),
    ("sshd", "openssh"),
    ("mosquitto_sub", "mosquitto"),
    ("convert", "imagemagick"),
    ("named", "bind"),
];

/// A service that bun runs from its `dist`.
pub fn bun(draft: &mut Draft) -> bool {
    let made = draft.image();
    if draft.start.program_name() != "bun" {
        return false;
    }
    let words = draft.start.rest(1);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.first() == Some(&"run") {
        words.remove(0);
    }
    let Some((file, arguments)) = words.split_first() else {
        return false;
    };
    let file = path::absolute(&made.workdir, file);
    let Some((dist, main)) =
        path::below(&file, &made.workdir).and_then(|file| file.split_once('/'))
    else {
        return false;
    };
    let build = draft
        .made
        .values()
        .flat_map(|made| &made.runs)
        .find(|run| matches!(&run.act, Act::JsRun { manager: "bun", .. }));
    let Some(build) = build.filter(|_| main.ends_with(".js") && is_relative(main)) else {
        return false;
    };
    let Act::JsRun { script, .. } = &build.act else {
        return false;
    };
    let root = draft.made.values().find_map(|made| {
        let (file, _) = draft.trace(
            made,
            &format!("{}/package.json", made.workdir.trim_end_matches('/')),
        )?;
        let root = file
            .strip_suffix("package.json")?
            .trim_end_matches('/')
            .to_owned();
        Some(
            draft
                .context
                .in_spec(if root.is_empty() { "." } else { &root }),
        )
    });
    let source = Bun {
        root: root.filter(|root| root != "."),
        script: Some(script.clone()).filter(|script| script != "build" && is_word(script)),
        dist: Some(dist.to_owned()).filter(|dist| dist != "dist"),
        main: Some(main.to_owned()).filter(|main| main != "index.js"),
        ..Bun::default()
    };
    draft.spec.config.cmd = arguments.iter().map(|word| (*word).to_owned()).collect();
    draft.spec.source = Source::Bun(source);
    draft.take_run(build, "source.script");
    let line = draft.stages.line.clone();
    draft.builders.extend(
        draft
            .made
            .keys()
            .filter(|stage| !line.contains(stage))
            .copied(),
    );
    for copy in &made.copies {
        // All of the project is there for the build, whichever stage it comes from.
        let is_project = copy
            .dest
            .as_deref()
            .is_ok_and(|dest| path::below(dest, &made.workdir).is_some());
        if is_project {
            draft.take_copy(copy, "source");
        }
    }
    true
}

/// A program that is downloaded.
pub fn binary(draft: &mut Draft) -> bool {
    let made = draft.image();
    let name = draft.start.program_name().to_owned();
    let found = draft
        .made
        .values()
        .flat_map(|made| &made.runs)
        .find_map(|run| {
            let Act::Download {
                url,
                output,
                unpacked,
            } = &run.act
            else {
                return None;
            };
            let is_file = output
                .as_deref()
                .is_some_and(|output| path::name(output) == name);
            let is_unpacked = unpacked.is_some() && path::name(url).contains(&name);
            (is_file || is_unpacked).then(|| (run, url.clone(), is_unpacked))
        });
    let Some((run, url, is_unpacked)) = found else {
        return false;
    };
    let Some(version) = version(&url).filter(|_| is_store_name(&name) && is_word(&url)) else {
        return false;
    };
    let arch = [
        draft.system.oci(),
        draft.system.nix().trim_end_matches("-linux"),
    ];
    let names_other = ["amd64", "x86_64", "arm64", "aarch64"]
        .iter()
        .any(|other| url.contains(other) && !arch.contains(other));
    if names_other {
        return false;
    }
    draft.spec.source = Source::Binary(Binary {
        pname: name.clone(),
        version,
        url: [(draft.system, url)].into(),
        member: is_unpacked.then(|| name.clone()),
        ..Binary::default()
    });
    draft.take_run(run, "source.url; `cotter fod-rehash` fills in its hash");
    if made
        .base
        .as_ref()
        .is_none_or(|base| base.tools == Tools::Gnu)
    {
        let fate = super::ledger::decide(
            "whether the program is linked against shared libraries is not known",
            &[
                "leave it, where `ldd` says that it is static",
                "set `dynamic = true` in `[image.source]`, where it is not",
            ],
        );
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
    for copy in &made.copies {
        if copy.from.is_some()
            && copy
                .dest
                .as_deref()
                .is_ok_and(|dest| path::name(dest) == name || dest.ends_with("/bin/"))
        {
            draft.take_copy(copy, "source: the program that it fetches");
        }
    }
    let line = draft.stages.line.clone();
    draft.builders.extend(
        draft
            .made
            .iter()
            .filter(|(stage, made)| {
                !line.contains(stage) && made.runs.iter().any(|one| one.step == run.step)
            })
            .map(|(stage, _)| *stage),
    );
    draft.spec.config.cmd = draft.start.rest(1);
    true
}

/// The first numbers with dots in a URL's path.
fn version(url: &str) -> Option<String> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let parts = path.split(|sign: char| !(sign.is_ascii_digit() || sign == '.'));
    let version = parts
        .map(|part| part.trim_matches('.'))
        .find(|part| part.contains('.'))?;
    is_version(version).then(|| version.to_owned())
}

/// A package that is installed, or that the base image is there for.
pub fn package(draft: &mut Draft) -> bool {
    let made = draft.image();
    let name = draft.start.program_name().to_owned();
    if name.is_empty() {
        return false;
    }
    let of_base = match made.base.as_ref().map(|base| &base.runtime) {
        Some(Runtime::Service { attr, program }) if *program == name => Some((*attr).to_owned()),
        _ => None,
    };
    let wanted = PROGRAMS
        .iter()
        .find(|(program, _)| *program == name)
        .map_or(name.as_str(), |(_, package)| package);
    let installed = || {
        made.runs.iter().find_map(|run| {
            let Act::Install {
                index, packages, ..
            } = &run.act
            else {
                return None;
            };
            packages.iter().find_map(|written| {
                let known = names::known(*index, super::contents::bare(*index, written).0)?;
                let is_it = known.wanted == Use::Run
                    && (known.attr == wanted || super::contents::bare(*index, written).0 == wanted);
                // What runs other programs is none itself.
                let is_runtime = matches!(
                    known.attr,
                    "bash" | "busybox" | "python3" | "nodejs" | "ruby" | "perl" | "zsh" | "nginx"
                );
                (is_it && !is_runtime).then(|| known.attr.to_owned())
            })
        })
    };
    let Some(attr) = of_base.or_else(installed) else {
        return false;
    };
    draft.spec.source = Source::Package(Package {
        attr: Some(attr),
        program: Some(name).filter(|name| is_file_name(name)),
        ..Package::default()
    });
    draft.spec.config.cmd = draft.start.rest(1);
    true
}

/// No kind of source is known for it: the spec names a package that a person writes.
pub fn unknown(draft: &mut Draft) {
    let made = draft.image();
    let name = draft.start.program_name().to_owned();
    let runtime = made.base.as_ref().map(|base| &base.runtime);
    let (why, what): (String, &str) = match runtime {
        _ if matches!(
            name.as_str(),
            "node" | "npm" | "pnpm" | "yarn" | "next" | "pm2" | "npx"
        ) || matches!(runtime, Some(Runtime::Node(_))) =>
        {
            (
                "a service that node runs is no kind of source".to_owned(),
                "write package.nix with `buildNpmPackage` and a program that starts node",
            )
        }
        Some(Runtime::Bun) => (
            "bun runs sources here; the kind `bun` runs what a build puts into `dist`".to_owned(),
            "add a script `build` that bundles the service, and take `kind = \"bun\"`",
        ),
        Some(Runtime::Other(name)) => (
            format!("{name} is no kind of source"),
            "write package.nix with the builder of nixpkgs for it",
        ),
        _ => (
            "what the container runs is not known".to_owned(),
            "write package.nix, which builds the program",
        ),
    };
    let first = draft
        .stages
        .all
        .get(draft.stages.target)
        .map_or(0, |stage| stage.from);
    let step = draft.start.steps.last().copied().unwrap_or(first);
    draft.ledger.decide(
        step,
        why,
        &[
            what,
            "or take a package of nixpkgs that has the program: `attr` in `[image.source]`",
            "or stay with the Dockerfile",
        ],
    );
    draft.spec.source = Source::Package(Package {
        file: Some("package.nix".to_owned()),
        program: Some(name).filter(|name| is_file_name(name) && draft.start.shell.is_none()),
        ..Package::default()
    });
    if draft.start.shell.is_some() {
        let words = draft.start.words.clone();
        split_words(draft, words);
        if draft.spec.config.entrypoint.is_none() && draft.start.of_entrypoint == 0 {
            draft.spec.config.entrypoint = Some(std::mem::take(&mut draft.spec.config.cmd));
        }
        tools(draft);
    } else {
        draft.spec.config.cmd = draft.start.rest(1);
    }
}

/// The index of a family of packages, in words.
pub fn index_name(index: Index) -> &'static str {
    match index {
        Index::Apk => "Alpine",
        Index::Apt => "Debian",
        Index::Pip => "PyPI",
    }
}
