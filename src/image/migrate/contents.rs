//! Packages that a distribution's package manager installs.

use super::draft::Draft;
use super::ledger::{Fate, decide};
use super::made::Run;
use super::others::index_name;
use crate::image::names::{self, Index, Use};
use crate::image::spec::Source;

/// A package's name without what is said about its version, and whether something is.
pub fn bare(index: Index, written: &str) -> (&str, bool) {
    let signs: &[char] = match index {
        Index::Apk => &['=', '~', '<', '>', '@'],
        _ => &['=', '/', ':'],
    };
    // `g++` is a name.
    let end = match written.trim_end_matches('+').len() {
        length if length < written.len() => written.len(),
        _ => written.find(signs).unwrap_or(written.len()),
    };
    let name = written.get(..end).unwrap_or(written);
    let rest = written.get(end..).unwrap_or_default();
    (name, rest.starts_with(['=', '~', '<', '>']))
}

/// What becomes of the packages that `run` installs in the image itself.
pub fn in_image(draft: &mut Draft, run: &Run, index: Index, packages: &[String], is_passing: bool) {
    for written in packages {
        let (name, is_pinned) = bare(index, written);
        let fate = match names::known(index, name) {
            Some(known) => match known.wanted {
                _ if is_passing => Fate::Covered(format!("`{name}` is there for the build only")),
                Use::Run if is_source(draft, known.attr) => {
                    Fate::Covered(format!("`{name}` is the source's"))
                }
                Use::Run if matches!(known.attr, "tini" | "dumb-init") => match &draft.start.init {
                    Some(_) => Fate::Covered(format!("`{name}` is told of where it is started")),
                    None => add(draft, known.attr),
                },
                Use::Run => add(draft, known.attr),
                // A base with a compiler has the libraries that it is for: the image says which.
                Use::Lib => match is_library(known.attr).then(|| add_input(draft, known.attr)) {
                    Some(Some(key)) => Fate::Spec(key.to_owned()),
                    _ => Fate::Covered(format!("what needs `{name}` brings it")),
                },
                Use::Tool => Fate::Covered(format!("`{name}` builds, and Nix has its own tools")),
                Use::Base if name.starts_with("ca-certificates") => {
                    Fate::Spec("ca-certificates".to_owned())
                }
                Use::Base => Fate::Covered(format!("an image of Nix needs no `{name}`")),
            },
            None if is_of_python(draft, name) => Fate::Spec("source.packages".to_owned()),
            None => unknown(index, name, "add it to `contents`"),
        };
        let is_kept = match &fate {
            Fate::Covered(_) => {
                names::known(index, name).is_some_and(|known| is_source(draft, known.attr))
            }
            fate => matches!(fate, Fate::Spec(_)),
        };
        draft.ledger.part(run.step, run.line, &run.written, fate);
        if is_pinned && is_kept {
            let why =
                format!("`{written}` asks for a version, and nixpkgs has one of each package");
            let fate = decide(
                why,
                &[
                    "see whether the version of nixpkgs does",
                    "take the branch of nixpkgs that has the version",
                ],
            );
            draft.ledger.part(run.step, run.line, &run.written, fate);
        }
    }
    if packages.is_empty() {
        let fate = Fate::Covered("it installs nothing".to_owned());
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
}

/// The same in a stage that builds the source.
pub fn in_builder(draft: &mut Draft, run: &Run, index: Index, packages: &[String]) {
    for written in packages {
        let (name, _) = bare(index, written);
        let fate = match names::known(index, name) {
            Some(known) if known.wanted == Use::Lib => match add_input(draft, known.attr) {
                Some(key) => Fate::Spec(key.to_owned()),
                None => decide(
                    format!(
                        "the build takes `{name}`, and the spec has no word for what a source `{}` is built with",
                        draft.spec.source.kind()
                    ),
                    &[&format!(
                        "add `pkgs.{}` to `{}` of the expression",
                        known.attr,
                        match is_tool(known.attr) {
                            true => "nativeBuildInputs",
                            false => "buildInputs",
                        }
                    )],
                ),
            },
            Some(_) => Fate::Covered(format!(
                "`{name}` is there for the build only, which Nix does with its own tools"
            )),
            None => unknown(
                index,
                name,
                "add it to `nativeBuildInputs` of the expression, where the build needs it",
            ),
        };
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
    if packages.is_empty() {
        let fate = Fate::Covered("it installs nothing".to_owned());
        draft.ledger.part(run.step, run.line, &run.written, fate);
    }
}

/// Adds what the source is built with, where its kind has a key for that: this one.
fn add_input(draft: &mut Draft, attr: &str) -> Option<&'static str> {
    let is_rust = matches!(draft.spec.source, Source::Rust(_));
    let (libraries, tools) = draft.spec.source.inputs_mut()?;
    let add = |to: &mut Vec<String>, attr: &str| {
        if !to.iter().any(|has| has == attr) {
            to.push(attr.to_owned());
        }
    };
    if is_tool(attr) {
        add(tools, attr);
        return Some("source.native-build-inputs");
    }
    if attr == "llvmPackages.libclang" && is_rust {
        // bindgen finds it by a variable, which this sets.
        add(tools, "rustPlatform.bindgenHook");
        return Some("source.native-build-inputs");
    }
    add(libraries, attr);
    // It is how a build finds them.
    add(tools, "pkg-config");
    Some("source.build-inputs")
}

fn unknown(index: Index, name: &str, what: &str) -> Fate {
    let why = format!(
        "the package `{name}` of {}: its attribute in nixpkgs is not known",
        index_name(index)
    );
    decide(
        why,
        &[
            &format!("find it with `nix search nixpkgs {name}`, and {what}"),
            "leave it out, where nothing needs it",
        ],
    )
}

fn add(draft: &mut Draft, attr: &str) -> Fate {
    if !draft.spec.contents.iter().any(|has| has == attr) {
        draft.spec.contents.push(attr.to_owned());
    }
    if attr == "tzdata" {
        let zones = || "/share/zoneinfo".to_owned();
        draft
            .spec
            .config
            .env
            .entry("TZDIR".to_owned())
            .or_insert_with(zones);
        return Fate::Spec("contents, config.env.TZDIR".to_owned());
    }
    Fate::Spec("contents".to_owned())
}

/// Whether the source brings the package itself.
fn is_source(draft: &Draft, attr: &str) -> bool {
    match &draft.spec.source {
        Source::Python(_) => attr == "python3",
        Source::Package(package) => package.attr.as_deref() == Some(attr),
        Source::Vite(_) | Source::Static(_) | Source::Hugo(_) => matches!(attr, "nginx" | "hugo"),
        Source::Go(_) => attr == "go",
        Source::Rust(_) => matches!(attr, "rustc" | "cargo"),
        _ => false,
    }
}

fn is_of_python(draft: &Draft, name: &str) -> bool {
    let known = super::pip::of_distribution(name);
    match (&draft.spec.source, known) {
        (Source::Python(python), Some(known)) => {
            python.packages.iter().any(|has| has == known.attr)
        }
        _ => false,
    }
}

/// Whether a program is linked with it, rather than with the C library's own.
fn is_library(attr: &str) -> bool {
    !is_tool(attr) && attr != "gcc"
}

/// Whether it runs while something is built.
fn is_tool(attr: &str) -> bool {
    matches!(
        attr,
        "pkg-config"
            | "cmake"
            | "protobuf"
            | "clang"
            | "lld"
            | "mold"
            | "nasm"
            | "autoconf"
            | "automake"
            | "libtool"
            | "bison"
            | "flex"
            | "ninja"
            | "meson"
            | "upx"
            | "swig"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_without_versions() {
        for (index, written, wanted) in [
            (Index::Apt, "curl=7.88.1-10+deb12u5", ("curl", true)),
            (Index::Apt, "g++", ("g++", false)),
            (Index::Apt, "libstdc++6", ("libstdc++6", false)),
            (Index::Apt, "nginx/stable", ("nginx", false)),
            (Index::Apt, "libc6:amd64", ("libc6", false)),
            (Index::Apk, "curl~=8.5", ("curl", true)),
            (Index::Apk, "libstdc++", ("libstdc++", false)),
            (Index::Apk, "x@edge", ("x", false)),
        ] {
            assert_eq!(bare(index, written), wanted, "{written}");
        }
    }
}
