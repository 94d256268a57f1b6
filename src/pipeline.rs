//! Pipelines that publish images, for the services that run them: the same command as on a workstation, when a version is
//! tagged.
//!
//! What is filled in is refused unless it is plain in YAML and in a shell, so that it can stand anywhere.

use handlebars::Handlebars;
use serde::Serialize;

/// What runs a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Woodpecker,
    Forgejo,
    GitHub,
    GitLab,
}

/// What a pipeline is told.
#[derive(Clone, Debug, Serialize)]
pub struct Publishing {
    /// The image that its steps run in, with Nix in it, where the service has no other way to it.
    pub image: String,
    /// The folder of the flake, from the root of the repository.
    pub flake: String,
    /// The secret or variable that holds the token of the registry.
    pub secret: String,
    /// Whose token it is.
    pub user: Option<String>,
    /// The BuildKit that builds what Nix cannot build for an architecture.
    pub buildkit: Option<String>,
}

/// Something that cannot stand in a pipeline.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("`{value}` is no {what}: {expected} are expected")]
    Invalid {
        what: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error(transparent)]
    Render(#[from] Box<handlebars::RenderError>),
}

impl Service {
    fn template(self) -> &'static str {
        match self {
            Service::Woodpecker => include_str!("../templates/ci/woodpecker.yaml.hbs"),
            Service::Forgejo => include_str!("../templates/ci/forgejo.yaml.hbs"),
            Service::GitHub => include_str!("../templates/ci/github.yaml.hbs"),
            Service::GitLab => include_str!("../templates/ci/gitlab.yaml.hbs"),
        }
    }
}

/// The pipeline of `service`.
pub fn publishing(service: Service, values: &Publishing) -> Result<String, PipelineError> {
    #[derive(Serialize)]
    struct Values<'a> {
        #[serde(flatten)]
        given: &'a Publishing,
        flake: String,
        renames_secret: bool,
    }
    values.check()?;
    let flake = values.flake.trim_end_matches('/');
    let values = Values {
        flake: match flake {
            "" | "." => ".".to_owned(),
            flake if flake.starts_with("./") => flake.to_owned(),
            flake => format!("./{flake}"),
        },
        renames_secret: values.secret != "REGISTRY_TOKEN",
        given: values,
    };
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    Ok(templates
        .render_template(service.template(), &values)
        .map_err(Box::new)?)
}

impl Publishing {
    fn check(&self) -> Result<(), PipelineError> {
        let plain = |extra: &'static str| {
            move |text: &str| {
                let begins = text
                    .bytes()
                    .next()
                    .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
                begins
                    && text
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
            }
        };
        let wants = |what, value: Option<&str>, holds: &dyn Fn(&str) -> bool, expected| match value
        {
            Some(value) if !holds(value) => Err(PipelineError::Invalid {
                what,
                value: value.to_owned(),
                expected,
            }),
            _ => Ok(()),
        };
        let is_name = |text: &str| {
            let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
            text.bytes().next().is_some_and(first)
                && text.bytes().all(|b| first(b) || b.is_ascii_digit())
        };
        wants(
            "image",
            Some(&self.image),
            &plain("./:@_-"),
            "letters, digits and `./:@_-`",
        )?;
        wants(
            "folder",
            Some(&self.flake),
            &plain("./_-"),
            "letters, digits and `./_-`",
        )?;
        wants(
            "name of a secret",
            Some(&self.secret),
            &is_name,
            "letters, digits and `_`",
        )?;
        wants(
            "user",
            self.user.as_deref(),
            &plain("._-@"),
            "letters, digits and `._-@`",
        )?;
        wants(
            "address of a BuildKit",
            self.buildkit.as_deref(),
            &plain("./:_-"),
            "letters, digits and `./:_-`",
        )
    }
}
