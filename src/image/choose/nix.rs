//! Whether Nix builds what is in a folder: an image, or a package that is not just a shell to work in.

use std::rc::Rc;

use super::folder::{Folder, Reason};
use super::kind::Guess;
use crate::image::found::{WORDS, images};
use crate::image::spec::grammar::is_attr_name;
use crate::image::spec::{Package, Source};
use crate::syntax::{Call, Library, NixFile, calls, is_system};

/// What is known of it.
pub(super) struct Nix {
    pub is_built: bool,
    pub reasons: Vec<Reason>,
    /// The package as a source, where there is one that can be named.
    pub package: Option<Guess>,
}

/// The functions that build a package.
const BUILDERS: &[&str] = &[
    "buildGoModule",
    "buildGo124Module",
    "buildGo125Module",
    "buildGoApplication",
    "buildRustPackage",
    "buildPackage",
    "buildNpmPackage",
    "buildPythonApplication",
    "buildPythonPackage",
    "buildDotnetModule",
    "buildBunPackage",
    "mkDerivation",
    "mkPnpmPackage",
    "mkYarnPackage",
    "runCommand",
    "runCommandLocal",
    "writeShellApplication",
    "writeShellScriptBin",
    "writers.writePython3Bin",
    "symlinkJoin",
];

/// Where the expressions of a folder are, the ones first that tell most.
const FILES: &[&str] = &[
    "default.nix",
    "package.nix",
    "image.nix",
    "flake.nix",
    "nix/default.nix",
    "nix/package.nix",
];

pub(super) fn built_with(folder: &Folder) -> Nix {
    let library = Library::new(folder.workspace);
    let mut others: Vec<Reason> = Vec::new();
    let mut found: Option<(Reason, Option<Guess>)> = None;
    for path in FILES.iter().filter_map(|name| folder.has(name)) {
        let file = match folder.workspace.read(&path).map(NixFile::parse) {
            Ok(Ok(file)) => Rc::new(file),
            Ok(Err(problem)) => {
                let text = format!("this expression cannot be read: {}", problem.message);
                others.push(Reason {
                    line: Some(problem.position.line),
                    ..Reason::of_file(&path, text)
                });
                continue;
            }
            Err(error) => {
                others.push(Reason::of_file(&path, error.reason()));
                continue;
            }
        };
        library.add(file.clone());
        if let Some(reason) = image(&library, &file) {
            return Nix {
                is_built: true,
                reasons: vec![reason],
                package: found.and_then(|(_, package)| package),
            };
        }
        match package(&file) {
            Some(call) if found.is_none() => {
                let text = format!("built with Nix: `{}` builds it", call.function);
                let reason = Reason::at(file.source(), call.range().start, text);
                let guess = as_source(folder, &call, &reason);
                found = Some((reason, guess));
            }
            Some(_) => {}
            None => others.push(Reason::of_file(
                &path,
                "this expression calls nothing that builds a package or an image",
            )),
        }
    }
    if let Some((reason, package)) = found {
        return Nix {
            is_built: true,
            reasons: vec![reason],
            package,
        };
    }
    let reason = match others.is_empty() {
        true => {
            "not built with Nix: there is no flake.nix, default.nix or package.nix here that builds it"
        }
        false => "not built with Nix",
    };
    others.insert(0, Reason::new(reason));
    Nix {
        is_built: false,
        reasons: others,
        package: None,
    }
}

fn image(library: &Library, file: &Rc<NixFile>) -> Option<Reason> {
    let source = file.source();
    if !WORDS.iter().any(|word| source.text().contains(word)) {
        return None;
    }
    let found = images(library, file);
    let image = found.iter().find(|image| image.builder.makes_image())?;
    let text = format!(
        "built with Nix: its image comes from `{}`",
        image.builder.name()
    );
    Some(Reason::at(source, image.call.range().start, text))
}

fn package(file: &Rc<NixFile>) -> Option<Call> {
    let found = calls(file, |name| BUILDERS.contains(&name));
    found.into_iter().next()
}

/// The package that `call` makes, as the source of an image.
fn as_source(folder: &Folder, call: &Call, reason: &Reason) -> Option<Guess> {
    let path = folder.inside(call.file().path()).to_owned();
    let source = match path.as_str() {
        "flake.nix" => Package {
            output: Some(output(&call.attrpath())?),
            ..Package::default()
        },
        _ => Package {
            file: Some(path),
            ..Package::default()
        },
    };
    Some(Guess {
        source: Source::Package(source),
        reasons: vec![reason.clone()],
        lacks: Vec::new(),
    })
}

/// The name of the output that stands at `path` of a flake: `packages.<system>.NAME`, or without the system.
fn output(path: &[String]) -> Option<String> {
    let at = path.iter().position(|name| name == "packages")?;
    let mut behind = path.iter().skip(at + 1).filter(|name| !is_system(name));
    let name = behind.next()?;
    is_attr_name(name).then(|| name.clone())
}
