//! What is put into an image, by the names of packages, as far as the text tells.

use super::builder::Builder;
use super::found::ImageCall;
use crate::syntax::{Attrs, Element, Library, Names, Shape};

/// How many lists, environments and layers within each other are looked through.
const MAX_DEPTH: usize = 8;

/// A package that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The last of its names: `curl` for `pkgs.curl`, `python3` for `python3.withPackages (…)`.
    pub name: String,
    /// All of its names, the outermost first; `None` for what has none.
    pub names: Names,
}

/// What is known to be in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub packages: Vec<Package>,
    /// Whether there may be something that `packages` lacks: the text leads to an expression that is neither a list nor
    /// the name of a package, or to an image below. What `extraCommands` and the like make is not looked at.
    pub may_hold_more: bool,
}

impl Contents {
    pub fn has(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }
}

pub(super) fn of(library: &Library, image: &ImageCall) -> Contents {
    let mut found = Contents {
        may_hold_more: image.has_base(library),
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

fn take_arguments(
    library: &Library,
    builder: Builder,
    arguments: &Attrs,
    found: &mut Contents,
    left: usize,
) {
    found.may_hold_more |= arguments.may_hold_more();
    for name in ["contents", "copyToRoot", "deps"] {
        if builder.takes(name) {
            take_named(library, arguments, name, found, left);
        }
    }
    if !builder.takes("layers") || !arguments.has(library, "layers") {
        return;
    }
    let Some(layers) = arguments.expression(library, "layers") else {
        found.may_hold_more = true;
        return;
    };
    let layers = layers.elements(library);
    found.may_hold_more |= !layers.rest.is_empty();
    for layer in layers.items {
        let call = layer.call(library);
        match (call.and_then(|call| ImageCall::of(library, call)), left) {
            (Some(layer), 1..) => {
                let arguments = &layer.arguments;
                take_arguments(library, layer.builder, arguments, found, left - 1);
            }
            _ => found.may_hold_more = true,
        }
    }
}

fn take_named(library: &Library, attrs: &Attrs, name: &str, found: &mut Contents, left: usize) {
    if !attrs.has(library, name) {
        return;
    }
    match attrs.expression(library, name) {
        Some(list) => take(library, &list, found, left),
        None => found.may_hold_more = true,
    }
}

/// Takes what stands in the list `list`, or the one package that it is.
fn take(library: &Library, list: &Element, found: &mut Contents, left: usize) {
    let Some(left) = left.checked_sub(1) else {
        found.may_hold_more = true;
        return;
    };
    let elements = list.elements(library);
    for item in &elements.items {
        take_one(library, item, found, left);
    }
    for rest in &elements.rest {
        // A name that the text does not explain may be a list as well as a package.
        found.may_hold_more |= rest.call(library).is_none();
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
                found.may_hold_more |= arguments.may_hold_more() || makes_more;
                return;
            }
            // The package with more in it: `python3.withPackages (ps: …)`.
            "withPackages" | "override" | "overrideAttrs" => {
                for names in call.function_names(library) {
                    found.add(names.split_last().map_or(&[][..], |(_, before)| before));
                }
                found.may_hold_more |= call.function != "withPackages";
                return;
            }
            _ => {}
        }
        found.may_hold_more = true;
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
        (Some(names), None) => found.may_hold_more |= !found.add(&names),
        // Of `with a; with b; [ c ]` either may have it; its name is the same.
        (Some(names), Some(_)) => {
            let last = names.last().map_or(&[][..], std::slice::from_ref);
            found.may_hold_more |= !found.add(last);
        }
        (None, _) => found.may_hold_more = true,
    }
}

impl Contents {
    /// Whether `names` end in a name.
    fn add(&mut self, names: &[Option<String>]) -> bool {
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
        });
        true
    }
}
