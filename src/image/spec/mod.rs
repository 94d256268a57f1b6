//! The image spec: what an image is to be, whichever builder makes it. `image.toml`, or `[image.NAME]` in `cotter.toml`
//! with the same keys. Every key is known or an error with its position; every string is literal.
//!
//! Not here: what a builder cannot say of it (`emit`).

mod check;
mod config;
mod files;
pub(super) mod grammar;
mod method;
mod of_spork;
mod parse;
mod schema;
mod source;
mod system;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use config::{Config, Healthcheck};
pub use files::{File, FullFile};
pub use method::Method;
pub use of_spork::{SporkFacts, SporkFeature, of_spork};
pub use parse::{Invalid, all_of_config, of_file};
pub use schema::schema;
pub use source::{
    Binary, Bun, EmittedLock, Feature, Go, Hugo, Manager, Package, Python, Rust, Script, Source,
    Spork, SporkBuild, Static, Vite,
};
pub use system::{Cross, LinuxSystem};
pub use write::to_toml;

/// The file's name beside the code.
pub const FILE: &str = "image.toml";

/// What an image is to be.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// The image's name without its tag: `registry.example.org/team/hello`, or `hello` where `registry` is given.
    pub name: String,
    /// The tag. Default: the version of the package, where it has one, else what the builder derives from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Where the image is pushed, by context.
    #[serde(default, skip_serializing_if = "Registries::is_empty")]
    pub registry: Registries,
    /// What builds it. Default: `layered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Method>,
    /// The systems that it runs on. Default: `x86_64-linux` alone.
    #[serde(default = "one_system", skip_serializing_if = "is_one_system")]
    pub systems: Vec<LinuxSystem>,
    /// How the images of other systems are built: each on a machine of its own system, or all from one by `pkgsCross`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cross: Cross,
    /// Packages whose files are in the image beside the application's: attribute paths in nixpkgs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<String>,
    /// A bundle of CA certificates, and `SSL_CERT_FILE`. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub ca_certificates: bool,
    /// A `/tmp` that everyone may write to. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub tmp: bool,
    /// `/usr/bin/env`, which the first line of many scripts names. Default: false.
    #[serde(default, skip_serializing_if = "is_default")]
    pub usr_bin_env: bool,
    /// A user that is not root, in `/etc/passwd` and `/etc/group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passwd: Option<Passwd>,
    /// Files to add, by their path in the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, File>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub layers: Layers,
    /// The image that this one is put on. Its `Env` is inherited by dockerTools alone: say here what has to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// When the image says that it was made, in RFC 3339. Default: 1970, so that it is the same whenever it is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// What a Dockerfile or Bazel needs beside it.
    #[serde(default, skip_serializing_if = "Outside::is_empty")]
    pub outside: Outside,
    /// How the apps of a flake publish it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub publish: Publish,
    #[serde(default, skip_serializing_if = "is_default")]
    pub config: Config,
    pub source: Source,
}

/// Where an image is pushed: of upstream for everyone, of an overlay for one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registries {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
}

/// A user that is not root.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Passwd {
    pub name: String,
    pub uid: u32,
    /// Default: the same as `uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// Default: `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}

/// How what is in the image is spread over layers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Layers {
    /// The most layers that the image may have, at least 4 and at most 127.
    pub max: u32,
    /// The runtime, the dependencies and the application in layers of their own, so that a change of the last
    /// does not push the others again.
    pub split: bool,
}

impl Default for Layers {
    fn default() -> Layers {
        Layers {
            max: 100,
            split: true,
        }
    }
}

/// The image that another is put on, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Base {
    /// `docker.io/library/debian`, without tag or digest.
    pub name: String,
    /// The digest of the image of each system.
    pub digest: BTreeMap<LinuxSystem, String>,
    /// The hash of what is fetched, for each system. Filled in by `cotter fod-rehash` where it is not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hash: BTreeMap<LinuxSystem, String>,
}

/// What is needed where Nix does not build the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Outside {
    /// The base image that a Dockerfile builds in: `docker.io/library/rust:1.90-slim@sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_base: Option<String>,
    /// The base image that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_base: Option<String>,
    /// The Bazel targets of the files in the image, by their path in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
}

/// How an image is published. The token is in `REGISTRY_TOKEN` or in pass, and never here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Publish {
    /// Whose token it is. Default: what `REGISTRY_USER` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where pass has the token, when `REGISTRY_TOKEN` is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_path: Option<String>,
    /// False for a registry on plain HTTP.
    #[serde(skip_serializing_if = "is_yes")]
    pub tls: bool,
}

impl Default for Publish {
    fn default() -> Publish {
        Publish {
            username: None,
            pass_path: None,
            tls: true,
        }
    }
}

impl Registries {
    pub fn is_empty(&self) -> bool {
        self.upstream.is_none() && self.overlay.is_none()
    }
}

impl Outside {
    pub fn is_empty(&self) -> bool {
        *self == Outside::default()
    }
}

impl Spec {
    /// A spec of a name and a source, with the defaults of the rest.
    pub fn new(name: impl Into<String>, source: Source) -> Spec {
        Spec {
            name: name.into(),
            tag: None,
            registry: Registries::default(),
            builder: None,
            systems: one_system(),
            cross: Cross::default(),
            contents: Vec::new(),
            ca_certificates: true,
            tmp: true,
            usr_bin_env: false,
            passwd: None,
            files: BTreeMap::new(),
            layers: Layers::default(),
            base: None,
            created: None,
            outside: Outside::default(),
            publish: Publish::default(),
            config: Config::default(),
            source,
        }
    }

    /// The user that the container runs as, where it is not root by default.
    pub fn user(&self) -> Option<String> {
        self.config.user.clone().or_else(|| {
            let user = self.passwd.as_ref()?;
            Some(format!("{}:{}", user.uid, user.gid()))
        })
    }
}

impl Passwd {
    pub fn gid(&self) -> u32 {
        self.gid.unwrap_or(self.uid)
    }

    pub fn home(&self) -> &str {
        self.home.as_deref().unwrap_or("/")
    }
}

fn one_system() -> Vec<LinuxSystem> {
    vec![LinuxSystem::X86_64]
}

fn is_one_system(systems: &[LinuxSystem]) -> bool {
    systems == [LinuxSystem::X86_64]
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
