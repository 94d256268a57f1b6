//! The apps that a flake publishes its image with: what they are told, and the files of cotter's library that they are
//! made of where the flake does not take the library as an input.

use serde::Serialize;
use serde_json::{Value, json};

use super::Emitted;
use super::header::{Header, NOT_YET};
use crate::image::spec::Spec;

/// A file of the library.
struct Part {
    name: &'static str,
    text: &'static str,
}

macro_rules! parts {
    ($($name:literal),* $(,)?) => {
        &[$(Part {
            name: $name,
            text: include_str!(concat!("../../../nix/", $name)),
        }),*]
    };
}

const PARTS: &[Part] = parts![
    "publish.nix",
    "publish/buildkit.sh",
    "publish/credentials.sh",
    "publish/image.sh",
    "publish/main.sh",
    "publish/plan.jq",
    "publish/plan.sh",
    "publish/registry.sh",
    "publish/report.sh",
    "publish/spec.sh",
    "publish/steps.sh",
];

/// Where they come to stand, beside the flake.
pub const PLACES: &[&str] = &["publish.nix", "publish"];

/// What the apps are told.
#[derive(Debug, Serialize)]
pub struct Apps {
    /// The last part of the repository's name.
    name: String,
    /// What stands before it, or that by context.
    registry: Value,
    context: Option<&'static str>,
    username: Option<String>,
    pass_path: Option<String>,
    is_plain_http: bool,
}

impl Apps {
    /// `None` where no registry is known.
    pub fn of(spec: &Spec, default_context: Option<&'static str>) -> Option<Apps> {
        let (above, name) = match spec.name.rsplit_once('/') {
            Some((above, name)) => (Some(above), name),
            None => (None, spec.name.as_str()),
        };
        let below = |registry: &String| match above {
            Some(above) => format!("{registry}/{above}"),
            None => registry.clone(),
        };
        let registry = match spec.registry.is_empty() {
            true => json!(above?),
            false => json!({
                "upstream": spec.registry.upstream.as_ref().map(below),
                "overlay": spec.registry.overlay.as_ref().map(below),
            }),
        };
        let registry = match registry {
            Value::Object(named) => named
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect::<serde_json::Map<_, _>>()
                .into(),
            one => one,
        };
        Some(Apps {
            name: name.to_owned(),
            registry,
            context: default_context,
            username: spec.publish.username.clone(),
            pass_path: spec.publish.pass_path.clone(),
            is_plain_http: !spec.publish.tls,
        })
    }
}

/// The files of the library, each with what it says of itself in its first lines.
pub fn parts(header: &Header) -> impl Iterator<Item = Emitted> {
    let lines = format!(
        "# Part of what publishes the image of flake.nix. {}\n# {}\n# {NOT_YET}\n",
        header.made_by.replace(": change that, then run", ", by"),
        header.run_again.trim_start(),
    );
    PARTS.iter().map(move |part| {
        // The first line of a script says what runs it.
        let (first, rest) = match part.text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#!") => (format!("{first}\n"), rest),
            _ => (String::new(), part.text),
        };
        Emitted {
            name: part.name,
            text: format!("{first}{lines}{rest}"),
        }
    })
}
