//! What a NixBuild is to say: as it was given, as cotter.toml has it, as its file says already, as it follows from the
//! work tree; in this order.

use std::path::Path;

use super::NixBuildError;
use super::emit::{Existing, Values};
use super::flake_ref;
use super::wanted::Wanted;
use crate::config::{Container, NixBuildConfig};
use crate::git::{Base, Repo, without_credentials};
use crate::manifest::{flake_url, image_ref};

/// What was given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// At a revision.
    pub flake_url: Option<String>,
    /// With its name.
    pub image_tag: Option<String>,
    pub tag: Option<String>,
    pub package: Option<String>,
    pub system: Option<String>,
}

impl Given {
    /// All values, for the container `name` and the object `object`; `root` is the workspace's.
    pub fn values(
        &self,
        (name, object): (&str, &str),
        container: Option<&Container>,
        existing: Existing,
        root: &Path,
    ) -> Result<Values, NixBuildError> {
        let config = container.and_then(|container| container.nixbuild.as_ref());
        let (flake_url, rev) = match &self.flake_url {
            Some(url) => {
                let read = flake_url::read(url);
                let rev = read.as_ref().and_then(|read| read.rev_in(url));
                (url.clone(), rev.map(str::to_owned))
            }
            None => {
                let (url, rev) = of_work_tree(root, config)?;
                (url, Some(rev))
            }
        };
        let said = |value: fn(&NixBuildConfig) -> &Option<String>| {
            config.and_then(|config| value(config).clone())
        };
        let package = self
            .package
            .clone()
            .or_else(|| said(|config| &config.package));
        let package = package.or(existing.package).ok_or_else(|| {
            missing(
                "nothing says which package of the flake is the image",
                format!(
                    "give it with `--package`, or as `nixbuild = {{ package = \"…\" }}` of `[container.{name}]` in \
                     cotter.toml"
                ),
            )
        })?;
        let system = self
            .system
            .clone()
            .or_else(|| said(|config| &config.system));
        let system = system.or(existing.system);
        let image_tag = match &self.image_tag {
            Some(image_tag) => image_tag.clone(),
            None => {
                let configured = container.and_then(|container| container.image.clone());
                let existing = existing.image_tag.map(|tag| name_of(&tag));
                let image = configured.or(existing).zip(self.tag.clone().or(rev));
                let (image, tag) = image.ok_or_else(|| {
                    missing(
                        "nothing says what the image is called",
                        format!(
                            "give it with `--image-tag`, or as `image` of `[container.{name}]` in cotter.toml"
                        ),
                    )
                })?;
                format!("{image}:{tag}")
            }
        };
        Ok(Values {
            name: object.to_owned(),
            flake_url,
            image_tag,
            package,
            system: system.unwrap_or_else(Wanted::this_system),
        })
    }
}

fn name_of(reference: &str) -> String {
    image_ref::read(reference).name_in(reference).to_owned()
}

/// The flake of the work tree around `root` at the commit that is checked out, and that commit.
fn of_work_tree(
    root: &Path,
    config: Option<&NixBuildConfig>,
) -> Result<(String, String), NixBuildError> {
    let hint = || "give it with `--flake-url`".to_owned();
    let Some(base) = Base::open(root, None)? else {
        let message =
            "nothing says which flake is built: this is no work tree of git with a commit";
        return Err(missing(message, hint()));
    };
    let configured = config.and_then(|config| config.flake_url.clone());
    let dir = match configured {
        // It says where the flake is.
        Some(_) => None,
        None => Repo::folder_in(root)?,
    };
    let Some(url) = configured.or_else(|| base.repo().remote_url("origin")) else {
        let message = "nothing says which flake is built: the work tree has no remote `origin`";
        return Err(missing(message, hint()));
    };
    let rev = base.commit().to_string();
    match flake_ref::at(&url, &rev, dir.as_ref()) {
        Some(flake_url) => Ok((flake_url, rev)),
        None => {
            let shown = without_credentials(&url);
            Err(missing(
                &format!("`{shown}` is no repository that a flake can name"),
                hint(),
            ))
        }
    }
}

fn missing(message: &str, hint: String) -> NixBuildError {
    NixBuildError::Request {
        message: message.to_owned(),
        hint: Some(hint),
    }
}
