//! The calls of image builders in a Nix file, and what is known of each from its text.

use std::rc::Rc;

use super::builder::Builder;
use super::contents::{self, Contents};
use crate::syntax::{Attrs, Call, Element, Library, NixFile, Value, calls};

/// A file with none of these calls no builder.
pub const WORDS: &[&str] = &[
    "buildLayeredImage",
    "streamLayeredImage",
    "buildImage",
    "buildLayer",
];

/// A call of a builder.
#[derive(Clone, Debug)]
pub struct ImageCall {
    pub builder: Builder,
    pub call: Call,
    /// What it is given, as it is written; [`Attrs::may_hold_more`] where there may be more.
    pub arguments: Attrs,
}

/// What is known of an image's `Env`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The names, and the values where they are known in full.
    pub variables: Vec<(String, Option<String>)>,
    /// Whether there may be variables that `variables` lacks.
    pub may_hold_more: bool,
}

impl Environment {
    pub fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| known == name)
    }

    /// The value of `name`, where it is known in full. The last one counts.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self
            .variables
            .iter()
            .rev()
            .find(|(known, _)| known == name)?;
        found.1.as_deref()
    }
}

/// The calls of image builders in `file`, in the order of the text.
pub fn images(library: &Library, file: &Rc<NixFile>) -> Vec<ImageCall> {
    calls(file, |_| true)
        .into_iter()
        .filter_map(|call| ImageCall::of(library, call))
        .collect()
}

impl ImageCall {
    /// `call`, where it is one of a builder.
    pub fn of(library: &Library, call: Call) -> Option<ImageCall> {
        let names = call.function_names(library);
        let builder = names.iter().find_map(|names| Builder::of(names))?;
        Some(ImageCall {
            builder,
            arguments: call.set(library),
            call,
        })
    }

    /// The image's config, as it is written. `None` where none is given.
    pub fn config(&self, library: &Library) -> Option<Attrs> {
        match self.builder.makes_image() {
            true => self.arguments.set(library, "config"),
            false => None,
        }
    }

    /// What is put into the image.
    pub fn contents(&self, library: &Library) -> Contents {
        contents::of(library, self)
    }

    /// `Env` of the config.
    pub fn env(&self, library: &Library) -> Environment {
        let mut found = Environment {
            // dockerTools takes over the variables of the image below, and what is not read may hold any.
            may_hold_more: self.has_base(library) || self.arguments.may_hold_more(),
            ..Environment::default()
        };
        let Some(config) = self.config(library) else {
            return found;
        };
        found.may_hold_more |= config.may_hold_more();
        if !config.has(library, "Env") {
            return found;
        }
        let Some(env) = config.expression(library, "Env") else {
            found.may_hold_more = true;
            return found;
        };
        let elements = env.elements(library);
        found.may_hold_more |= !elements.rest.is_empty();
        for item in elements.items {
            match variable(library, &item) {
                Some(variable) => found.variables.push(variable),
                None => found.may_hold_more = true,
            }
        }
        found
    }

    /// `User` of the config, where it is known.
    pub fn user(&self, library: &Library) -> Option<String> {
        let config = self.config(library)?;
        Some(config.get(library, "User").text()?.value())
    }

    /// The elements of `Entrypoint` of the config. `None` where it is not given, or not known in full.
    pub fn entrypoint(&self, library: &Library) -> Option<Vec<Element>> {
        self.command(library, "Entrypoint")
    }

    /// The elements of `Cmd` of the config. `None` where it is not given, or not known in full.
    pub fn cmd(&self, library: &Library) -> Option<Vec<Element>> {
        self.command(library, "Cmd")
    }

    fn command(&self, library: &Library, key: &str) -> Option<Vec<Element>> {
        let elements = self
            .config(library)?
            .expression(library, key)?
            .elements(library);
        elements.rest.is_empty().then_some(elements.items)
    }

    /// Whether there is, or may be, an image below.
    pub fn has_base(&self, library: &Library) -> bool {
        self.arguments.has(library, "fromImage")
            && !matches!(self.arguments.get(library, "fromImage"), Value::Null)
    }
}

/// `NAME=value`, with the value where it is known.
fn variable(library: &Library, item: &Element) -> Option<(String, Option<String>)> {
    let pieces = item.pieces(library)?;
    let (name, begin) = pieces.first()?.as_deref()?.split_once('=')?;
    let mut value = Some(begin.to_owned());
    for piece in pieces.iter().skip(1) {
        value = match (value, piece) {
            (Some(value), Some(piece)) => Some(value + piece),
            _ => None,
        };
    }
    Some((name.to_owned(), value))
}
