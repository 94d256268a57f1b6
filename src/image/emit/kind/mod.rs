//! What each kind of source brings to its image.

mod compiled;
mod javascript;
mod root;
mod spork;

use serde::Serialize;
use serde_json::{Value, json};

use super::Request;
use super::facts::SourceError;
use super::files::Content;
use super::relative::is_around;
use crate::image::spec::{Binary, Hugo, LinuxSystem, Python, Source, Static};
use compiled::{go, rust};
use javascript::{bun, vite};
use root::Root;
use spork::spork;

/// Where nginx listens unless the spec says.
const PORT: u16 = 8080;

#[derive(Debug, Serialize)]
pub struct RuntimePath {
    pub path: String,
    pub is_bound: bool,
}

/// What one kind of source brings.
pub struct Kind {
    pub values: Value,
    /// Whether it has a version, from which the tag is taken where the spec gives none.
    pub has_version: bool,
    /// Whether `app` is a package that is in the image.
    pub app_is_package: bool,
    pub has_program: bool,
    /// Whether cotter's library has a function that makes its source.
    pub takes_library: bool,
    /// Where it listens.
    pub serve: Option<(u16, bool)>,
    pub runtime: Vec<RuntimePath>,
    pub files: Vec<(String, Content)>,
    pub workdir: Option<String>,
    /// What building it leaves in its folder.
    pub leaves: Vec<String>,
}

impl Kind {
    fn new(values: Value) -> Kind {
        Kind {
            values,
            has_version: true,
            app_is_package: false,
            has_program: true,
            takes_library: false,
            serve: None,
            runtime: Vec::new(),
            files: Vec::new(),
            workdir: None,
            leaves: Vec::new(),
        }
    }

    fn package(values: Value) -> Kind {
        Kind {
            app_is_package: true,
            ..Kind::new(values)
        }
    }
}

/// What the source of a spec brings.
pub fn kind(request: &Request) -> Result<Kind, SourceError> {
    let spec = request.spec;
    Ok(match &spec.source {
        Source::Package(source) => Kind::package(json!({
            "attr": source.attr,
            "file": source.file.as_ref().map(|file| request.way_to(file)),
            "output": source.output,
            "program": source.program,
        })),
        Source::Spork(source) => spork(request, source)?,
        Source::Rust(source) => rust(request, source)?,
        Source::Go(source) => go(request, source)?,
        Source::Vite(source) => vite(request, source)?,
        Source::Bun(source) => bun(request, source)?,
        Source::Python(source) => python(request, source),
        Source::Hugo(source) => hugo(request, source),
        Source::Static(Static {
            path,
            version,
            port,
            spa,
        }) => {
            let path = request.way_to(path);
            let values = json!({ "is_whole": is_around(&path), "path": path, "version": version });
            Kind {
                has_version: version.is_some(),
                ..served(*port, spa.unwrap_or(false), values)
            }
        }
        Source::Binary(source) => binary(source),
        Source::Script(source) => Kind {
            has_version: source.version.is_some(),
            has_program: false,
            ..Kind::new(json!({ "version": source.version }))
        },
    })
}

fn served(port: Option<u16>, spa: bool, values: Value) -> Kind {
    Kind {
        serve: Some((port.unwrap_or(PORT), spa)),
        runtime: vec![RuntimePath {
            path: "nginx".into(),
            is_bound: false,
        }],
        ..Kind::new(values)
    }
}

fn hugo(request: &Request, source: &Hugo) -> Kind {
    let root = Root::of(request, source.root.as_deref());
    let modules = source
        .modules
        .unwrap_or_else(|| root.folder().has("go.mod"));
    Kind {
        has_version: source.version.is_some(),
        leaves: ["public", "resources", "_vendor"]
            .map(str::to_owned)
            .to_vec(),
        ..served(
            source.port,
            false,
            json!({
                "root": root.path,
                "version": source.version.as_deref().unwrap_or("0"),
                "modules": modules,
            }),
        )
    }
}

fn binary(source: &Binary) -> Kind {
    let download = |(system, url): (&LinuxSystem, &String)| {
        json!({
            "system": system.nix(),
            // Where the version stands in the URL, a bump moves both.
            "url": url.split(&source.version).collect::<Vec<_>>(),
            "hash": source.hash.get(system),
        })
    };
    let is_zip = source.url.values().any(|url| url.ends_with(".zip"));
    Kind::package(json!({
        "pname": source.pname,
        "version": source.version,
        "downloads": source.url.iter().map(download).collect::<Vec<_>>(),
        "member": source.member,
        "is_zip": is_zip,
        "dynamic": source.dynamic,
    }))
}

fn python(request: &Request, source: &Python) -> Kind {
    let place = source.place();
    let path = request.way_to(&source.path);
    let is_whole = source.module.is_some() && is_around(&path);
    let content = match is_whole {
        true => Content::bound("src"),
        false => Content::source(path.clone()),
    };
    let folder = source.folder.as_deref().unwrap_or(Python::FOLDER);
    Kind {
        has_version: source.version.is_some(),
        runtime: vec![RuntimePath {
            path: "python".into(),
            is_bound: true,
        }],
        files: vec![(place.clone(), content)],
        workdir: Some(folder.to_owned()),
        ..Kind::new(json!({
            "interpreter": source.interpreter.as_deref().unwrap_or("python3"),
            "packages": source.packages,
            "module": source.module,
            "root": is_whole.then_some(path),
            "script": place,
            "version": source.version,
        }))
    }
}
