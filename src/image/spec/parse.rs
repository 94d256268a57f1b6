//! A spec's TOML as a [`Spec`], or what is wrong with it, all at once, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Spec;
use super::check::{self, Fault, Step};
use super::source::{Binary, Bun, Go, Hugo, Package, Python, Rust, Script, Spork, Static, Vite};
use crate::source::{Position, RelPath, SourceFile};

/// Something that is wrong in a spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {message}", .at.line, .at.column)]
pub struct Invalid {
    pub file: RelPath,
    pub at: Position,
    pub message: String,
}

/// The spec that `image.toml`, or another file with `[image]`, holds.
pub fn of_file(source: &SourceFile) -> Result<Spec, Vec<Invalid>> {
    let root = document(source)?;
    for key in root.get_ref().keys() {
        if key.get_ref() != "image" {
            let message = format!("unknown field `{}`, expected `image`", key.get_ref());
            return Err(vec![invalid(source, key.span(), message)]);
        }
    }
    match root.get_ref().get("image") {
        Some(image) => spec(source, image),
        None => {
            let message = "`[image]` is expected: the image that this file describes".to_owned();
            Err(vec![invalid(source, 0..0, message)])
        }
    }
}

/// The specs `[image.NAME]` of `cotter.toml`, by their names.
pub fn all_of_config(source: &SourceFile) -> Result<BTreeMap<String, Spec>, Vec<Invalid>> {
    let root = document(source)?;
    let Some(images) = root.get_ref().get("image") else {
        return Ok(BTreeMap::new());
    };
    let Some(table) = images.get_ref().as_table() else {
        let message = "tables are expected here: `[image.NAME]`".to_owned();
        return Err(vec![invalid(source, images.span(), message)]);
    };
    let mut specs = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, value) in table {
        match spec(source, value) {
            Ok(spec) => {
                specs.insert(name.get_ref().to_string(), spec);
            }
            Err(faults) => wrong.extend(faults),
        }
    }
    match wrong.is_empty() {
        true => Ok(specs),
        false => Err(wrong),
    }
}

fn document(source: &SourceFile) -> Result<Spanned<DeTable<'_>>, Vec<Invalid>> {
    DeTable::parse(source.text()).map_err(|error| {
        let span = error.span().unwrap_or_default();
        vec![invalid(source, span, error.message())]
    })
}

fn spec(source: &SourceFile, value: &Spanned<DeValue<'_>>) -> Result<Spec, Vec<Invalid>> {
    let spec = Spec::deserialize(value.clone().into_deserializer()).map_err(|error| {
        // A source's keys are read by way of its `kind`, and lose their places on it.
        let of_source = value.get_ref().get("source").and_then(source_error);
        let error = of_source.unwrap_or(error);
        let span = error.span().unwrap_or_else(|| value.span());
        vec![invalid(source, span, error.message())]
    })?;
    let faults = check::faults(&spec);
    match faults.is_empty() {
        true => Ok(spec),
        false => Err(faults
            .into_iter()
            .map(|Fault { path, message }| invalid(source, place(value, &path), message))
            .collect()),
    }
}

/// What is wrong with the keys of a source, with the place of the key.
fn source_error(source: &Spanned<DeValue<'_>>) -> Option<toml::de::Error> {
    let mut keys = source.clone();
    let DeValue::Table(table) = keys.get_mut() else {
        return None;
    };
    let kind = table.remove("kind")?;
    fn error<'de, T: Deserialize<'de>>(keys: Spanned<DeValue<'de>>) -> Option<toml::de::Error> {
        T::deserialize(keys.into_deserializer()).err()
    }
    match kind.get_ref().as_str()? {
        "package" => error::<Package>(keys),
        "spork" => error::<Spork>(keys),
        "rust" => error::<Rust>(keys),
        "go" => error::<Go>(keys),
        "vite" => error::<Vite>(keys),
        "bun" => error::<Bun>(keys),
        "python" => error::<Python>(keys),
        "hugo" => error::<Hugo>(keys),
        "static" => error::<Static>(keys),
        "binary" => error::<Binary>(keys),
        "script" => error::<Script>(keys),
        _ => {
            #[derive(Deserialize)]
            #[serde(rename_all = "kebab-case")]
            enum Kind {
                Package,
                Spork,
                Rust,
                Go,
                Vite,
                Bun,
                Python,
                Hugo,
                Static,
                Binary,
                Script,
            }
            Kind::deserialize(kind.into_deserializer()).err()
        }
    }
}

/// Where the value is that `path` leads to, or the last one on the way that is there.
fn place(value: &Spanned<DeValue<'_>>, path: &[Step]) -> Range<usize> {
    let mut here = value;
    for step in path {
        let next = match step {
            Step::Key(key) => here.get_ref().get(key.as_str()),
            Step::Index(index) => here.get_ref().get(*index),
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    here.span()
}

fn invalid(source: &SourceFile, span: Range<usize>, message: impl Into<String>) -> Invalid {
    Invalid {
        file: source.path().clone(),
        at: source.position(span.start),
        message: message.into(),
    }
}
