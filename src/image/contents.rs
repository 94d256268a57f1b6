//! What is put into an image, by the names of packages, as far as the text tells.

use std::ops::Range;

use super::builder::Builder;
use super::found::ImageCall;
use crate::source::RelPath;
use crate::syntax::{Attrs, Element, Library, Names, Shape};

/// How many lists, environments and layers within each other are looked through.
const MAX_DEPTH: usize = 8;

/// Functions whose result holds what is written in their arguments, and what these name.
const MAKERS: [&str; 16] = [
    "buildGoModule",
    "buildNpmPackage",
    "buildRustPackage",
    "linkFarm",
    "mkDerivation",
    "runCommand",
    "runCommandCC",
    "runCommandLocal",
    "writeScriptBin",
    "writeShellApplication",
    "writeShellScript",
    "writeShellScriptBin",
    "writeText",
    "writeTextDir",
    "writeTextFile",
    "writeScript",
];

/// A package that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The last of its names: `curl` for `pkgs.curl`, `python3` for `python3.withPackages (…)`.
    pub name: String,
    /// All of its names, the outermost first; `None` for what has none.
    pub names: Names,
    /// Where it is named.
    pub file: RelPath,
    pub range: Range<usize>,
}

/// What is known to be in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub packages: Vec<Package>,
    /// Whether there may be something that `packages` lacks: the text leads to an expression that is neither a list nor
    /// the name of a package, or to an image below. What `extraCommands` and the like make is not looked at.
    pub may_hold_more: bool,
    /// The same, but for what is made by derivations that are written here: who knows what to look for finds it in their
    /// text, see `made`.
    pub is_open: bool,
    /// The derivations that are written here, which may put anything into the image.
    pub made: Vec<(RelPath, Range<usize>)>,
}

impl Contents {
    pub fn has(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }
}

pub(super) fn of(library: &Library, image: &ImageCall) -> Contents {
    let mut found = Contents {
        may_hold_more: image.has_base(library),
        is_open: image.has_base(library),
        ..Contents::default()
    };
    take_arguments(
        library,
        image.builder,
        &image.arguments,
        &mut found,
        MAX_DEPTH,
    );
    found
}

/// The packages that strings of the config name: `"${pkgs.curl}/bin/curl"`.
pub(super) fn in_config(library: &Library, image: &ImageCall) -> Vec<Package> {
    let mut found = Contents::default();
    let Some(config) = image.config(library) else {
        return found.packages;
    };
    for key in ["Entrypoint", "Cmd", "Env"] {
        let Some(list) = config.expression(library, key) else {
            continue;
        };
        for item in list.elements(library).items {
            for inner in item.interpolated(library) {
                take_one(library, &inner, &mut found, MAX_DEPTH);
            }
        }
    }
    found.packages
}

fn take_arguments(
    library: &Library,
    builder: Builder,
    arguments: &Attrs,
    found: &mut Contents,
    left: usize,
) {
    found.open_if(arguments.may_hold_more());
    for name in ["contents", "copyToRoot", "deps"] {
        if builder.takes(name) {
            take_named(library, arguments, name, found, left);
        }
    }
    if !builder.takes("layers") || !arguments.has(library, "layers") {
        return;
    }
    let Some(layers) = arguments.expression(library, "layers") else {
        found.open_if(true);
        return;
    };
    let layers = layers.elements(library);
    found.open_if(!layers.rest.is_empty());
    for layer in layers.items {
        let call = layer.call(library);
        match (call.and_then(|call| ImageCall::of(library, call)), left) {
            (Some(layer), 1..) => {
                let arguments = &layer.arguments;
                take_arguments(library, layer.builder, arguments, found, left - 1);
            }
            _ => found.open_if(true),
        }
    }
}

fn take_named(library: &Library, attrs: &Attrs, name: &str, found: &mut Contents, left: usize) {
    if !attrs.has(library, name) {
        return;
    }
    match attrs.expression(library, name) {
        Some(list) => take(library, &list, found, left),
        None => found.open_if(true),
    }
}

/// Takes what stands in the list `list`, or the one package that it is.
fn take(library: &Library, list: &Element, found: &mut Contents, left: usize) {
    let Some(left) = left.checked_sub(1) else {
        found.open_if(true);
        return;
    };
    let elements = list.elements(library);
    for item in &elements.items {
        take_one(library, item, found, left);
    }
    for rest in &elements.rest {
        // A name that the text does not explain may be a list as well as a package.
        found.open_if(rest.call(library).is_none());
        take_one(library, rest, found, left);
    }
}

fn take_one(library: &Library, item: &Element, found: &mut Contents, left: usize) {
    if let Some(call) = item.call(library) {
        let arguments = call.set(library);
        match call.function.as_str() {
            "buildEnv" | "symlinkJoin" => {
                take_named(library, &arguments, "paths", found, left);
                let makes_more = arguments.has(library, "postBuild");
                found.open_if(arguments.may_hold_more() || makes_more);
                return;
            }
            // The package with more in it: `python3.withPackages (ps: …)`.
            "withPackages" | "override" | "overrideAttrs" => {
                for names in call.function_names(library) {
                    found.add(
                        item,
                        names.split_last().map_or(&[][..], |(_, before)| before),
                    );
                }
                found.open_if(call.function != "withPackages");
                return;
            }
            _ => {}
        }
        let is_maker = |names: &Names| {
            let last = names.last().and_then(Option::as_deref);
            last.is_some_and(|name| MAKERS.contains(&name))
        };
        match call.first_function_names(library).iter().any(is_maker) {
            true => {
                found.may_hold_more = true;
                found.made.push((call.file().path().clone(), call.range()));
            }
            false => found.open_if(true),
        }
        return;
    }
    if item.shape(library) == Shape::Text {
        for inner in item.interpolated(library) {
            take_one(library, &inner, found, left);
        }
        return;
    }
    let mut alternatives = item.names(library).into_iter();
    match (alternatives.next(), alternatives.next()) {
        (Some(names), None) => {
            let is_named = found.add(item, &names);
            found.open_if(!is_named);
        }
        // Of `with a; with b; [ c ]` either may have it; its name is the same.
        (Some(names), Some(_)) => {
            let last = names.last().map_or(&[][..], std::slice::from_ref);
            let is_named = found.add(item, last);
            found.open_if(!is_named);
        }
        (None, _) => found.open_if(true),
    }
}

impl Contents {
    /// Takes note of something of which nothing is known.
    fn open_if(&mut self, is_unknown: bool) {
        self.may_hold_more |= is_unknown;
        self.is_open |= is_unknown;
    }

    /// Whether `names` end in a name.
    fn add(&mut self, item: &Element, names: &[Option<String>]) -> bool {
        let mut last = names.iter().rev();
        let name = match last.next() {
            // `cacert.out`
            Some(Some(output)) if matches!(output.as_str(), "out" | "bin" | "lib") => {
                last.next().cloned().flatten()
            }
            Some(Some(name)) => Some(name.clone()),
            _ => None,
        };
        let Some(name) = name else {
            return false;
        };
        self.packages.push(Package {
            name,
            names: names.to_vec(),
            file: item.file().path().clone(),
            range: item.range(),
        });
        true
    }
}
