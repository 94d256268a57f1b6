//! The templates of what is emitted, and the helpers that put values into them.
//!
//! A template is strict: an unknown name fails. No value stands in one but through a helper of the language that it
//! stands in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use handlebars::Handlebars;
use serde::Serialize;

use super::helpers;

/// A template that comes with cotter, by its path in `templates/image`.
struct Template {
    path: &'static str,
    text: &'static str,
}

macro_rules! templates {
    ($($path:literal),* $(,)?) => {
        &[$(Template {
            path: $path,
            text: include_str!(concat!("../../../templates/image/", $path)),
        }),*]
    };
}

const TEMPLATES: &[Template] = templates![
    "bazel/BUILD.bazel.hbs",
    "bazel/MODULE.bazel.hbs",
    "bazel/config.json.hbs",
    "docker/Dockerfile.hbs",
    "docker/nginx.conf.hbs",
    "nginx/nginx.conf.hbs",
    "nix/builder/layered.nix.hbs",
    "nix/builder/nix2container.nix.hbs",
    "nix/default.nix.hbs",
    "nix/flake.nix.hbs",
    "nix/image.nix.hbs",
    "nix/part/build_env.nix.hbs",
    "nix/part/build_inputs.nix.hbs",
    "nix/part/bun_modules.nix.hbs",
    "nix/part/content.nix.hbs",
    "nix/part/contents.nix.hbs",
    "nix/part/filter.nix.hbs",
    "nix/part/header.hbs",
    "nix/part/header_plain.hbs",
    "nix/part/javascript_version.nix.hbs",
    "nix/part/naming.nix.hbs",
    "nix/part/root.nix.hbs",
    "nix/part/runtime_path.nix.hbs",
    "nix/part/serve_entrypoint.nix.hbs",
    "nix/part/src.nix.hbs",
    "nix/source/binary.nix.hbs",
    "nix/source/bun.nix.hbs",
    "nix/source/go.nix.hbs",
    "nix/source/hugo.nix.hbs",
    "nix/source/package.nix.hbs",
    "nix/source/python.nix.hbs",
    "nix/source/rust.nix.hbs",
    "nix/source/script.nix.hbs",
    "nix/source/spork.nix.hbs",
    "nix/source/static.nix.hbs",
    "nix/source/vite.nix.hbs",
];

/// A template that cannot be read or filled in.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: no template has this path; those that may be replaced are: {}", path.display(), known())]
    Unknown { path: PathBuf },
    #[error(transparent)]
    Syntax(#[from] Box<handlebars::TemplateError>),
    #[error(transparent)]
    Render(#[from] Box<handlebars::RenderError>),
}

fn known() -> String {
    let paths: Vec<&str> = TEMPLATES.iter().map(|template| template.path).collect();
    paths.join(", ")
}

/// The templates, those in a folder of the user's in the place of those that come with cotter.
pub struct Templates(Handlebars<'static>);

impl Templates {
    /// `folder` may hold some of the templates, each under its path.
    pub fn new(folder: Option<&Path>) -> Result<Templates, TemplateError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(handlebars::no_escape);
        helpers::register(&mut registry);
        if let Some(folder) = folder {
            refuse_unknown(folder)?;
        }
        for template in TEMPLATES {
            let own = match folder.map(|folder| folder.join(template.path)) {
                None => None,
                Some(path) => match fs::read_to_string(&path) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(source) => return Err(TemplateError::Io { path, source }),
                },
            };
            let text = own.as_deref().unwrap_or(template.text);
            registry
                .register_template_string(name(template.path), text)
                .map_err(Box::new)?;
        }
        Ok(Templates(registry))
    }

    /// The template `name` filled in, in which the partials of `aliases` go by other names.
    pub fn fill(
        &self,
        name: &str,
        aliases: &[(&str, &str)],
        values: &impl Serialize,
    ) -> Result<String, TemplateError> {
        let mut registry = self.0.clone();
        for (alias, of) in aliases {
            if let Some(template) = self.0.get_template(of) {
                registry.register_template(alias, template.clone());
            }
        }
        Ok(registry.render(name, values).map_err(Box::new)?)
    }
}

/// `layered` for `nix/builder/layered.nix.hbs`.
fn name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.strip_suffix(".hbs").unwrap_or(file);
    match path.contains("/part/") || path.contains("/source/") || path.contains("/builder/") {
        true => stem.strip_suffix(".nix").unwrap_or(stem),
        false if path.starts_with("docker/nginx") => "docker-nginx.conf",
        false => stem,
    }
}

/// A file that replaces nothing is a mistake in its name.
fn refuse_unknown(folder: &Path) -> Result<(), TemplateError> {
    for entry in ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
    {
        let entry = entry.map_err(|error| TemplateError::Io {
            path: folder.to_owned(),
            source: io::Error::other(error),
        })?;
        let path = entry.path();
        let relative = path.strip_prefix(folder).unwrap_or(path);
        let is_template = path.extension().is_some_and(|extension| extension == "hbs");
        if is_template && !TEMPLATES.iter().any(|t| Path::new(t.path) == relative) {
            return Err(TemplateError::Unknown {
                path: path.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that is put in as it is could end the string, the comment or the word that it stands in.
    #[test]
    fn every_value_goes_through_a_helper() {
        for Template { path, text } in TEMPLATES {
            let mut rest = *text;
            while let Some(at) = rest.find("{{") {
                rest = &rest[at + 2..];
                let end = rest.find("}}").expect(path);
                let inside = rest[..end].trim();
                rest = &rest[end + 2..];
                let first = inside.split_whitespace().next().unwrap_or_default();
                let is_structure =
                    inside.starts_with(['#', '/', '>', '!']) || matches!(first, "else");
                assert!(
                    is_structure || helpers::NAMES.contains(&first),
                    "{path}: {{{{{inside}}}}}"
                );
                assert!(!rest.starts_with('}'), "{path}: {inside}");
            }
        }
    }

    #[test]
    fn an_unknown_name_fails() {
        let mut registry = Templates::new(None).unwrap().0;
        registry
            .register_template_string("x", "{{nix_str nothing}}")
            .unwrap();
        assert!(registry.render("x", &serde_json::json!({})).is_err());
    }
}
