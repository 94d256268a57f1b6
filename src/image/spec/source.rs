//! What an image is made from: one kind of source, each with its own keys. All paths are from the spec's folder.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{File, LinuxSystem};

/// What an image is made from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    Package(Package),
    Spork(Spork),
    Rust(Rust),
    Go(Go),
    Vite(Vite),
    Bun(Bun),
    Python(Python),
    Hugo(Hugo),
    Static(Static),
    Binary(Binary),
    Script(Script),
}

/// A package that is there: of nixpkgs, a file that `callPackage` takes, or an output of the flake that the image is in.
/// One of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Package {
    /// An attribute path in nixpkgs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr: Option<String>,
    /// A Nix file for `callPackage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The name of an output `packages.<system>.NAME` of the flake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The program in its `bin`. Default: its main program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// Upstream with feature branches on top, each pinned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spork {
    pub url: String,
    /// The full SHA of the commit on upstream's branch.
    pub upstream_rev: String,
    /// Upstream's branch. Default: `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    pub build: SporkBuild,
    pub pname: String,
    /// Default: the short SHA of the upstream commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The program. Default: `pname`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The `Cargo.lock` that a Rust project is built with. Default: the one beside the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<String>,
    /// Whether building it takes anything from the network: not so for a Go module with its `vendor` folder or without
    /// `go.sum`, nor for an npm project whose lock file names no package. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub fetches: bool,
    /// Whether `package.json` of an npm project has a script `build`. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub build_script: bool,
    /// Libraries that it is linked with: attribute paths in nixpkgs, as `openssl`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build_inputs: Vec<String>,
    /// Tools that build it, beside those of its language: attribute paths in nixpkgs, as `pkg-config`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub native_build_inputs: Vec<String>,
    /// The lock file that is emitted with the expression, in the place of `lockfile`.
    #[serde(skip)]
    pub emitted_lock: Option<EmittedLock>,
}

/// A `Cargo.lock` that need not be on the disk yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedLock {
    /// From the folder of the expression.
    pub path: String,
    pub text: String,
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

/// A feature branch of a spork.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Feature {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A full SHA.
    pub rev: String,
}

/// What builds a spork's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SporkBuild {
    /// `buildRustPackage`, with a `Cargo.lock`
    Rust,
    /// `buildGoModule`
    Go,
    /// `buildNpmPackage`
    Npm,
    /// `stdenv.mkDerivation`
    Make,
}

/// A Cargo project with its `Cargo.lock`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rust {
    /// Default: the spec's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Default: that of `Cargo.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pname: Option<String>,
    /// Default: that of `Cargo.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The program. Default: the package's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Features of the package to build with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Libraries that it is linked with: attribute paths in nixpkgs, as `openssl`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub build_inputs: Vec<String>,
    /// Tools that build it, beside those of its language: attribute paths in nixpkgs, as `pkg-config`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub native_build_inputs: Vec<String>,
}

/// A Go module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Go {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Default: the last part of the module's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pname: Option<String>,
    /// Go modules have none of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The program. Default: the last part of the module's, or the first package's, name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The packages to build: `cmd/server`. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// Libraries that it is linked with: attribute paths in nixpkgs, as `openssl`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub build_inputs: Vec<String>,
    /// Tools that build it, beside those of its language: attribute paths in nixpkgs, as `pkg-config`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub native_build_inputs: Vec<String>,
}

/// A front end that a package manager builds into static files, which nginx serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Vite {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Default: the one whose lock file is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// Default: that of `package.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The script of `package.json` that builds. Default: `build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The folder that it builds into. Default: `dist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dist: Option<String>,
    /// What the build reads from its environment, and bakes in: publishable keys, never secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where nginx listens. Default: 8080.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether paths without a file get `index.html`. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spa: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

/// A service that bun runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Bun {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Default: that of `package.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether `dist` is there before Nix builds, made by `bun run build`. Else Nix installs what `bun.lock` names,
    /// and builds. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prebuilt: bool,
    /// The script of `package.json` that builds. Default: `build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Default: `dist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dist: Option<String>,
    /// The file in `dist` that is run. Default: `index.js`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
}

/// Python: a script or a folder of modules, with packages of nixpkgs or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Python {
    /// The interpreter's attribute. Default: `python3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Attributes of its package set, for `withPackages`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The file that is run, or with `module` a folder.
    pub path: String,
    /// The folder of the image that the file is in, or with `module` that the folder becomes. Default: `/app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The module in that folder that is run: `python -m MODULE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A Hugo site, which nginx serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Hugo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it takes Hugo modules, which are fetched. Default: if there is a `go.mod`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<bool>,
    /// Default: 8080.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// Files that are there, which nginx serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Static {
    /// The folder.
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Default: 8080.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether paths without a file get `index.html`. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spa: Option<bool>,
}

/// A program that is fetched as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Binary {
    pub pname: String,
    pub version: String,
    /// Where it is, for each system. Where the version is part of it, it moves with the version.
    pub url: BTreeMap<LinuxSystem, String>,
    /// Filled in by `cotter fod-rehash` where it is not known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hash: BTreeMap<LinuxSystem, String>,
    /// The program's path in the archive, where one is fetched (`.tar.gz`, `.tar.xz`, `.zip`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Whether it is linked against shared libraries of a distribution, and has to be patched. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dynamic: bool,
}

/// Files as they are, with what runs them in `contents`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Script {
    /// Path in the image to path from the spec's folder.
    pub files: BTreeMap<String, File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Python {
    /// Where in the image the file is, or what its folder becomes.
    pub fn place(&self) -> String {
        let folder = self.folder.as_deref().unwrap_or(Self::FOLDER);
        let name = self.path.trim_end_matches('/').rsplit('/').next();
        match (&self.module, name) {
            (None, Some(name)) => format!("{}/{name}", folder.trim_end_matches('/')),
            _ => folder.to_owned(),
        }
    }

    /// Where it is unless the spec says.
    pub const FOLDER: &str = "/app";
}

impl Source {
    /// What its build needs beside what it is written in: the keys `build-inputs` and `native-build-inputs` of those
    /// kinds that have them.
    pub fn inputs(&self) -> [(&'static str, &[String]); 2] {
        let (libraries, tools): (&[String], &[String]) = match self {
            Source::Spork(source) => (&source.build_inputs, &source.native_build_inputs),
            Source::Rust(source) => (&source.build_inputs, &source.native_build_inputs),
            Source::Go(source) => (&source.build_inputs, &source.native_build_inputs),
            _ => (&[], &[]),
        };
        [("build-inputs", libraries), ("native-build-inputs", tools)]
    }

    /// The same two, to be added to.
    pub fn inputs_mut(&mut self) -> Option<(&mut Vec<String>, &mut Vec<String>)> {
        match self {
            Source::Spork(source) => {
                Some((&mut source.build_inputs, &mut source.native_build_inputs))
            }
            Source::Rust(source) => {
                Some((&mut source.build_inputs, &mut source.native_build_inputs))
            }
            Source::Go(source) => Some((&mut source.build_inputs, &mut source.native_build_inputs)),
            _ => None,
        }
    }

    /// As the spec calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Package(_) => "package",
            Source::Spork(_) => "spork",
            Source::Rust(_) => "rust",
            Source::Go(_) => "go",
            Source::Vite(_) => "vite",
            Source::Bun(_) => "bun",
            Source::Python(_) => "python",
            Source::Hugo(_) => "hugo",
            Source::Static(_) => "static",
            Source::Binary(_) => "binary",
            Source::Script(_) => "script",
        }
    }
}
