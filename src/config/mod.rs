//! `cotter.toml`: what a workspace says about its containers, pins and rules. Every key is known or an error with its
//! position.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use crate::source::{Position, RelPath, SourceError, SourceFile, Workspace};

/// The file's name at the workspace root.
pub const FILE: &str = "cotter.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub nix: NixConfig,
    pub container: BTreeMap<String, Container>,
    pub pin: BTreeMap<Spanned<String>, PinConfig>,
    pub policy: Policy,
    pub emit: EmitConfig,
    /// The specs of images, which the room of images reads.
    image: serde::de::IgnoredAny,
    /// Where it was read from, for messages.
    #[serde(skip)]
    source: Option<SourceFile>,
}

/// Options for every call of Nix.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NixConfig {
    /// `-I NAME=PATH`
    pub include: BTreeMap<String, String>,
    /// `--option NAME VALUE`
    pub options: BTreeMap<String, String>,
    /// `--arg NAME EXPRESSION`, for the files' functions
    pub args: BTreeMap<String, String>,
}

impl NixConfig {
    /// The options as arguments: `--option NAME VALUE`.
    pub fn arguments(&self) -> Vec<String> {
        let options = self.options.iter();
        options
            .flat_map(|(name, value)| ["--option".to_owned(), name.clone(), value.clone()])
            .collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Container {
    /// The Nix file, from the workspace root.
    pub nix: Option<Spanned<String>>,
    /// A local clone or bare mirror of upstream, from the workspace root; may lie outside of it.
    pub clone: Option<PathBuf>,
    /// The upstream branch; `main` if not given.
    pub main: Option<String>,
    /// Refs that are force-pushed: nothing may be pinned that only they hold. `deploy` if not given.
    pub unstable: Option<Vec<String>>,
    /// Beside the Nix file; `Cargo.lock` if not given and there is one.
    pub lockfile: Option<Spanned<String>>,
    pub service: Option<Service>,
    /// Files that deploy the container, from the workspace root.
    pub manifests: Vec<Spanned<String>>,
    /// Files of Helm values, and where in them the image stands.
    pub values: Vec<HelmValues>,
    /// The image's name, without tag.
    pub image: Option<String>,
    /// What builds the image on a node.
    pub nixbuild: Option<NixBuildConfig>,
}

/// What a NixBuild of the container says; what is not here is known otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NixBuildConfig {
    /// The attribute path below `packages.SYSTEM` of the flake.
    pub package: Option<String>,
    /// Such as `aarch64-linux`.
    pub system: Option<String>,
    /// Without revision; the work tree's remote `origin` if not given.
    #[serde(rename = "flake-url")]
    pub flake_url: Option<String>,
}

/// Where a version is written down beside the container's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub file: Spanned<String>,
    pub name: String,
}

/// A file of Helm values. The places in it are paths as `image.tag`, `"a.b".images[0].tag`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelmValues {
    /// From the workspace root.
    pub file: Spanned<String>,
    /// The place of the tag, or of the whole reference.
    pub tag: Spanned<String>,
    /// The place of the digest, where the chart has one.
    pub digest: Option<Spanned<String>>,
    /// The place of the image's name, to be compared.
    pub repository: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinConfig {
    pub follow: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The branch that every flake's `nixpkgs` must be.
    pub nixpkgs: Option<String>,
    pub dockerfiles: Option<Dockerfiles>,
    /// Globs over the tags that nothing is deployed by. `latest` is always one of them.
    #[serde(rename = "forbidden-tags")]
    pub forbidden_tags: Vec<Spanned<String>>,
    /// Where `pin protect` makes refs: `pins` for `refs/heads/pins/…`.
    #[serde(rename = "pins-prefix")]
    pub pins_prefix: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dockerfiles {
    Allow,
    Forbid,
}

/// How expressions are emitted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmitConfig {
    /// A folder with templates in the place of some of cotter's, from the workspace root.
    pub templates: Option<Spanned<String>>,
}

/// What is wrong in `cotter.toml`.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{file}:{}:{}: {message}", .at.line, .at.column)]
    Invalid {
        file: RelPath,
        at: Position,
        message: String,
    },
}

impl Config {
    /// Reads `path`, or nothing where there is no such file and none was asked for by name.
    pub fn load(workspace: &Workspace, path: Option<&RelPath>) -> Result<Config, ConfigError> {
        let Some(path) = path.cloned().or_else(|| {
            let default = RelPath::new(FILE)?;
            workspace.has_file(&default).then_some(default)
        }) else {
            return Ok(Config::default());
        };
        let source = workspace.read(&path)?;
        Config::parse(source.with_text(source.text().to_owned()))
    }

    fn parse(source: SourceFile) -> Result<Config, ConfigError> {
        let mut config: Config =
            toml::from_str(source.text()).map_err(|error| ConfigError::Invalid {
                file: source.path().clone(),
                at: source.position(error.span().map_or(0, |span| span.start)),
                message: error.message().to_owned(),
            })?;
        config.source = Some(source);
        config.check_paths()?;
        Ok(config)
    }

    /// The file itself, where there is one.
    pub fn source(&self) -> Option<&SourceFile> {
        self.source.as_ref()
    }

    /// An error at a place of the file.
    pub fn error(&self, at: Range<usize>, message: impl Into<String>) -> ConfigError {
        let (file, at) = match &self.source {
            Some(source) => (source.path().clone(), source.position(at.start)),
            None => (RelPath::root(), Position { line: 1, column: 1 }),
        };
        ConfigError::Invalid {
            file,
            at,
            message: message.into(),
        }
    }

    /// Paths that must lie in the workspace do.
    fn check_paths(&self) -> Result<(), ConfigError> {
        for container in self.container.values() {
            if let (Some(nix), Some(lockfile)) = (container.nix_file(), &container.lockfile)
                && nix.parent().join(lockfile.get_ref()).is_none()
            {
                let message = "a path inside of the workspace is expected here, from the folder of the Nix file";
                return Err(self.error(lockfile.span(), message));
            }
            let service = container.service.iter().map(|service| &service.file);
            let values = container.values.iter().map(|values| &values.file);
            for path in container
                .nix
                .iter()
                .chain(&container.manifests)
                .chain(service)
                .chain(values)
            {
                if RelPath::new(path.get_ref()).is_none() {
                    let message = "a path inside of the workspace is expected here, from its root";
                    return Err(self.error(path.span(), message));
                }
            }
        }
        Ok(())
    }

    /// An error about the `clone` of a container.
    pub fn clone_error(&self, container: &str, message: impl Into<String>) -> ConfigError {
        #[derive(Deserialize)]
        struct Spans {
            container: BTreeMap<String, Place>,
        }
        #[derive(Deserialize)]
        struct Place {
            clone: Option<Spanned<PathBuf>>,
        }
        let text = self.source.as_ref().map_or("", |source| source.text());
        let span = toml::from_str::<Spans>(text)
            .ok()
            .and_then(|spans| Some(spans.container.get(container)?.clone.as_ref()?.span()));
        self.error(span.unwrap_or_default(), message)
    }

    /// What `follow` says for the pin `name`.
    pub fn follow(&self, name: &str) -> Option<&str> {
        self.pin
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .and_then(|(_, pin)| pin.follow.as_deref())
    }
}

impl Container {
    /// The Nix file.
    pub fn nix_file(&self) -> Option<RelPath> {
        RelPath::new(self.nix.as_ref()?.get_ref())
    }

    pub fn manifest_files(&self) -> impl Iterator<Item = RelPath> {
        self.manifests
            .iter()
            .filter_map(|path| RelPath::new(path.get_ref()))
    }

    pub fn main_branch(&self) -> &str {
        self.main.as_deref().unwrap_or("main")
    }

    /// Whether `branch` is force-pushed.
    pub fn is_unstable(&self, branch: &str) -> bool {
        match &self.unstable {
            Some(names) => names.iter().any(|name| name == branch),
            None => branch == "deploy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(SourceFile::from_text(
            RelPath::new(FILE).unwrap(),
            text.to_owned(),
        ))
    }

    #[test]
    fn reads_what_the_interface_shows() {
        let config = parse(
            "[nix]\ninclude = { nixpkgs = \"x\" }\noptions = { max-jobs = \"auto\" }\n\
             [container.kingfisher]\nnix = \"containers/kingfisher/default.nix\"\nclone = \"../kingfisher\"\n\
             main = \"main\"\nunstable = [\"deploy\"]\nlockfile = \"Cargo.lock\"\n\
             service = { file = \"service-versions.yaml\", name = \"kingfisher\" }\n\
             manifests = [\"a/kustomization.yaml\"]\nimage = \"registry.example.org/team/kingfisher\"\n\
             [pin.\"ntfy:src\"]\nfollow = \"tags/v*\"\n[policy]\nnixpkgs = \"nixos-25.05\"\ndockerfiles = \"forbid\"\n",
        )
        .unwrap();
        assert_eq!(config.follow("ntfy:src"), Some("tags/v*"));
        assert!(config.container["kingfisher"].is_unstable("deploy"));
    }

    #[test]
    fn mistakes_have_a_position() {
        for (text, at, words) in [
            ("[container.a]\nnicks = 1\n", "2:1", "unknown field `nicks`"),
            ("[policy]\ndockerfiles = \"maybe\"\n", "2:15", "maybe"),
            (
                "[container.a]\nnix = \"../x.nix\"\n",
                "2:7",
                "inside of the workspace",
            ),
            ("[x\n", "1:3", ""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("cotter.toml:{at}: ")) && error.contains(words),
                "{error}"
            );
        }
    }
}
