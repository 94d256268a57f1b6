//! The values that the templates of Nix are filled in with.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::config::{self, ConfigValues};
use super::facts::SourceError;
use super::files::{ModeFile, PlainFile, files};
use super::header::Header;
use super::helpers::store_name;
use super::kind::{RuntimePath, kind};
use super::publish::{self, Apps};
use super::relative::{below, folder_of, join};
use super::{NIX2CONTAINER, Nix2Container, Request};
use crate::image::spec::{self, Cross, LinuxSystem, Method, Source, Spec};
use crate::source::RelPath;

/// What says how an image is built, beside the expression, and is no part of what is built.
const BESIDE: &[&str] = &["default.nix", "flake.lock", "flake.nix", "result"];

/// The same at the top of a source's folder.
const AT_TOP: &[&str] = &[".git", ".jj", "cotter.lock", "cotter.toml", "image.toml"];

#[derive(Debug, Serialize)]
pub struct Model {
    header: Header,
    description: String,
    nixpkgs: String,
    is_inline: bool,
    is_cross: bool,
    is_nix2container: bool,
    is_stream: bool,
    nix2container: Nix2Container,
    package_argument: Option<String>,
    registries: Option<Value>,
    default_context: Option<&'static str>,
    name: String,
    slug: String,
    tag: Tag,
    systems: Vec<System>,
    first_system: &'static str,
    ignored: Vec<String>,
    source: Value,
    serve: Option<Serve>,
    /// Of the plain files.
    folders: BTreeSet<String>,
    plain_files: Vec<PlainFile>,
    mode_files: Vec<ModeFile>,
    tmp: bool,
    /// Whether anything is made in the image's own layer.
    made: bool,
    has_contents: bool,
    /// Attribute paths in nixpkgs.
    packages: Vec<String>,
    app_is_package: bool,
    runtime: Vec<RuntimePath>,
    has_layers: bool,
    layers: Layers,
    base: Option<Base>,
    created: Option<String>,
    config: ConfigValues,
    /// The reference of cotter's flake, where its library is an input.
    library: Option<String>,
    apps: Option<Apps>,
}

#[derive(Debug, Serialize)]
struct Tag {
    literal: Option<String>,
    is_version: bool,
}

#[derive(Debug, Serialize)]
struct System {
    nix: &'static str,
    oci: &'static str,
    pkgs_cross: &'static str,
}

#[derive(Debug, Serialize)]
struct Serve {
    port: u16,
    spa: bool,
    is_root: bool,
}

#[derive(Debug, Serialize)]
struct Layers {
    split: bool,
    max: u32,
    runtime: u32,
    dependencies: u32,
}

#[derive(Debug, Serialize)]
struct Base {
    name: String,
    images: Vec<BaseImage>,
}

#[derive(Debug, Serialize)]
struct BaseImage {
    system: &'static str,
    oci: &'static str,
    digest: String,
    hash: Option<String>,
}

impl Model {
    pub fn new(request: &Request, header: Header) -> Result<Model, SourceError> {
        let Request { spec, method, .. } = request;
        let kind = kind(request)?;
        let slug = spec.name.rsplit('/').next().unwrap_or("image").to_owned();
        let slug = store_name(&slug);
        let user = config::user(spec, kind.serve.is_some());
        let is_root = user
            .as_deref()
            .is_none_or(|user| matches!(user.split(':').next(), Some("0" | "root")));
        let (plain_files, mode_files) = files(request, kind.files, kind.serve.is_some());
        let mut packages: Vec<String> = spec.contents.clone();
        if spec.ca_certificates {
            packages.push("cacert".into());
        }
        if spec.usr_bin_env {
            packages.push("dockerTools.usrBinEnv".into());
        }
        let mut runtime = kind.runtime;
        runtime.extend(packages.iter().map(|path| RuntimePath {
            path: path.clone(),
            is_bound: false,
        }));
        let (has_runtime, split) = (!runtime.is_empty(), spec.layers.split);
        let registries = registries(spec);
        let made = spec.tmp || !mode_files.is_empty();
        let has_contents = kind.app_is_package || !packages.is_empty() || !plain_files.is_empty();
        let default_context = match &registries {
            Some(_) if spec.registry.upstream.is_some() => Some("upstream"),
            Some(_) => Some("overlay"),
            None => None,
        };
        let apps = Apps::of(spec, default_context);
        let brings_publishing = apps.is_some() && request.brings_publishing();
        Ok(Model {
            library: request.library.clone(),
            apps,
            header,
            description: format!("The image {slug}"),
            nixpkgs: request.nixpkgs.clone(),
            is_inline: request.form.is_inline(),
            is_cross: spec.cross == Cross::PkgsCross,
            is_nix2container: *method == Method::Nix2Container,
            is_stream: *method == Method::Stream,
            nix2container: NIX2CONTAINER,
            package_argument: match &spec.source {
                Source::Package(package) => package.output.clone(),
                _ => None,
            },
            default_context,
            registries,
            name: spec.name.clone(),
            tag: Tag {
                literal: spec.tag.clone(),
                is_version: spec.tag.is_none() && kind.has_version,
            },
            systems: spec.systems.iter().copied().map(system).collect(),
            first_system: spec
                .systems
                .first()
                .map_or("x86_64-linux", |system| system.nix()),
            ignored: ignored(request, &kind.values, kind.leaves, brings_publishing),
            source: kind.values,
            serve: kind.serve.map(|(port, spa)| Serve { port, spa, is_root }),
            folders: plain_files
                .iter()
                .map(|file| folder_of(&file.path).to_owned())
                .collect(),
            plain_files,
            mode_files,
            tmp: spec.tmp,
            made,
            has_contents,
            packages,
            app_is_package: kind.app_is_package,
            has_layers: split && (has_runtime || kind.app_is_package),
            runtime,
            layers: layers(spec, has_runtime, kind.app_is_package),
            base: base(spec),
            created: spec.created.clone(),
            config: config::values(
                spec,
                kind.has_program,
                kind.serve.map(|(port, _)| port),
                kind.workdir.as_deref(),
            ),
            slug,
        })
    }
}

impl Model {
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the flake has apps that publish the image.
    pub fn has_apps(&self) -> bool {
        self.apps.is_some()
    }
}

/// What is in a source's folder and no part of it, as paths from it: what building it leaves there, what is emitted
/// there, and what says so. With these in it, each new hash would make a new source.
fn ignored(
    request: &Request,
    values: &Value,
    leaves: Vec<String>,
    brings_publishing: bool,
) -> Vec<String> {
    let of = |key| values.get(key).and_then(Value::as_str);
    let root = of("root").or(of("path")).unwrap_or(".");
    let root = join(request.out.as_str(), root);
    let beside = |folder: &RelPath, names: &[&str]| -> Vec<String> {
        let folder = join(".", folder.as_str());
        let Some(folder) = below(&root, &folder) else {
            return Vec::new();
        };
        names.iter().map(|name| join(folder, name)).collect()
    };
    // A folder `publish` of the user's is left alone.
    let publishing = match brings_publishing {
        true => publish::PLACES,
        false => &[],
    };
    let top = AT_TOP.iter().chain(BESIDE).map(|name| (*name).to_owned());
    let made: BTreeSet<String> = top
        .chain(beside(request.out, BESIDE))
        .chain(beside(request.out, publishing))
        .chain(beside(request.folder, &[spec::FILE]))
        .collect();
    leaves.into_iter().chain(made).collect()
}

fn system(system: LinuxSystem) -> System {
    System {
        nix: system.nix(),
        oci: system.oci(),
        pkgs_cross: system.pkgs_cross(),
    }
}

fn registries(spec: &Spec) -> Option<Value> {
    let registry = &spec.registry;
    (!registry.is_empty()).then(|| {
        let named = [
            ("upstream", &registry.upstream),
            ("overlay", &registry.overlay),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, registry)| Some((name.to_owned(), json!(registry.as_ref()?))));
        Value::Object(named.collect())
    })
}

fn layers(spec: &Spec, has_runtime: bool, has_dependencies: bool) -> Layers {
    let max = match spec.layers.split {
        true => spec.layers.max,
        false => 2,
    };
    // One is the application's. With a base image its layers count too, and how many it has is not known here.
    let rest = max.saturating_sub(1).max(2);
    let runtime = match (has_runtime, has_dependencies) {
        (true, true) => rest / 2,
        _ => rest,
    };
    Layers {
        split: spec.layers.split,
        max,
        runtime,
        dependencies: match has_runtime {
            true => rest - rest / 2,
            false => rest,
        },
    }
}

fn base(spec: &Spec) -> Option<Base> {
    let base = spec.base.as_ref()?;
    let image = |(system, digest): (&LinuxSystem, &String)| BaseImage {
        system: system.nix(),
        oci: system.oci(),
        digest: digest.clone(),
        hash: base.hash.get(system).cloned(),
    };
    Some(Base {
        name: base.name.clone(),
        images: base.digest.iter().map(image).collect(),
    })
}
