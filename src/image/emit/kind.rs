//! What each kind of source brings to its image.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::Request;
use super::facts::{Folder, SourceError, lock_file};
use super::files::Content;
use super::relative::{is_around, join};
use crate::image::spec::{
    Binary, Bun, Go, Hugo, LinuxSystem, Manager, Python, Rust, Source, Spork, SporkBuild, Static,
    Vite,
};

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

/// A source's folder: on the disk, and from where the file is emitted.
struct Root {
    dir: std::path::PathBuf,
    pub path: String,
}

impl Root {
    fn of(request: &Request, root: Option<&str>) -> Root {
        let root = root.unwrap_or(".");
        Root {
            dir: match root {
                "." => request.spec_dir(),
                root => request.spec_dir().join(root),
            },
            path: request.way_to(root),
        }
    }

    fn folder(&self) -> Folder<'_> {
        Folder {
            dir: Path::new(&self.dir),
        }
    }

    fn file(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

fn rust(request: &Request, source: &Rust) -> Result<Kind, SourceError> {
    let root = Root::of(request, source.root.as_deref());
    let folder = root.folder();
    if !folder.has("Cargo.lock") {
        return Err(folder.missing("Cargo.lock", "there is none, and no build is the same twice without it: `cargo generate-lockfile` makes it"));
    }
    let is_asked = source.pname.is_none() || source.version.is_none();
    let asks_manifest = is_asked && folder.cargo_says_name_and_version()?;
    let mut locked = None;
    if is_asked && !asks_manifest {
        // The manifest of a workspace is of no package.
        let member = source.pname.as_deref().or(source.program.as_deref());
        locked = match member {
            Some(name) if folder.cargo_locks_member(name)? => Some(name),
            _ => None,
        };
        if locked.is_none() {
            return Err(folder.missing("Cargo.toml", "it does not itself say the name and version of a package: say `pname`, the name of a member, in `[image.source]`, or `pname` and `version`"));
        }
    }
    let values = json!({
        "root": root.path,
        "manifest": root.file("Cargo.toml"),
        "lock": root.file("Cargo.lock"),
        "reads_manifest": asks_manifest,
        "locked": locked,
        "output_hashes": folder.cargo_git_packages()?,
        "pname": source.pname,
        "version": source.version,
        "program": source.program,
        "features": source.features,
        "build_inputs": source.build_inputs,
        "native_build_inputs": source.native_build_inputs,
    });
    Ok(Kind {
        leaves: vec!["target".into()],
        ..Kind::package(values)
    })
}

fn go(request: &Request, source: &Go) -> Result<Kind, SourceError> {
    let root = Root::of(request, source.root.as_deref());
    let folder = root.folder();
    let module = folder.go_module()?;
    let Some(pname) = source.pname.clone().or_else(|| module.clone()) else {
        return Err(folder.missing(
            "go.mod",
            "there is none that names a module: say `pname` in `[image.source]`",
        ));
    };
    let of_package = match &source.packages[..] {
        [package] => package
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .filter(|name| *name != ".")
            .map(str::to_owned),
        _ => None,
    };
    let program = source.program.clone().or(of_package).or(module);
    let version = source.version.clone().or_else(|| request.spec.tag.clone());
    Ok(Kind {
        has_version: version.is_some(),
        ..Kind::package(json!({
            "root": root.path,
            "pname": pname,
            "version": version.as_deref().unwrap_or("0"),
            "program": program.as_deref().unwrap_or(&pname),
            "packages": source.packages,
            "build_inputs": source.build_inputs,
            "native_build_inputs": source.native_build_inputs,
            "is_vendored": folder.go_needs_nothing(),
        }))
    })
}

fn vite(request: &Request, source: &Vite) -> Result<Kind, SourceError> {
    let root = Root::of(request, source.root.as_deref());
    let folder = root.folder();
    let says_version = folder.package_json_says_version()?;
    let Some(manager) = source.manager.or_else(|| folder.manager()) else {
        return Err(folder.missing("package-lock.json", "there is no lock file of npm, pnpm, yarn or bun, and no build is the same twice without one"));
    };
    let Some(lock) = lock_file(manager).iter().find(|name| folder.has(name)) else {
        return Err(folder.missing(
            lock_file(manager).first().unwrap_or(&""),
            "there is none, and no build is the same twice without it",
        ));
    };
    let has_nothing_to_fetch = manager == Manager::Npm && folder.npm_lock_is_empty(lock)?;
    let manager = match manager {
        Manager::Npm => "npm",
        Manager::Pnpm => "pnpm",
        Manager::Yarn => "yarn",
        Manager::Bun => "bun",
    };
    let version = version_or_none(source.version.as_deref(), says_version);
    let dist = source.dist.as_deref().unwrap_or("dist");
    Ok(Kind {
        has_version: says_version || source.version.is_some(),
        leaves: vec!["node_modules".into(), dist.into()],
        ..served(
            source.port,
            source.spa.unwrap_or(true),
            json!({
                "root": root.path,
                "manifest": root.file("package.json"),
                "lock": root.file(lock),
                "manager": manager,
                "has_nothing_to_fetch": has_nothing_to_fetch,
                "has_modules": folder.package_json_has_dependencies()?,
                "version": version,
                "script": source.script.as_deref().unwrap_or("build"),
                "dist": dist,
                "env": source.env,
            }),
        )
    })
}

/// A version to write; `None` where `package.json` says it.
fn version_or_none(given: Option<&str>, manifest_says: bool) -> Option<String> {
    match (given, manifest_says) {
        (Some(version), _) => Some(version.to_owned()),
        (None, true) => None,
        (None, false) => Some("0".to_owned()),
    }
}

fn bun(request: &Request, source: &Bun) -> Result<Kind, SourceError> {
    let root = Root::of(request, source.root.as_deref());
    let folder = root.folder();
    let says_version = folder.package_json_says_version()?;
    let needs_lock = !source.prebuilt && folder.package_json_has_dependencies()?;
    if needs_lock && !lock_file(Manager::Bun).iter().any(|name| folder.has(name)) {
        return Err(folder.missing(
            "bun.lock",
            "there is none, and no build is the same twice without it: `bun install` makes it",
        ));
    }
    let dist = source.dist.as_deref().unwrap_or("dist");
    Ok(Kind {
        has_version: says_version || source.version.is_some(),
        leaves: vec!["node_modules".into(), dist.into()],
        runtime: vec![RuntimePath {
            path: "bun".into(),
            is_bound: false,
        }],
        ..Kind::new(json!({
            "root": root.path,
            "manifest": root.file("package.json"),
            "version": version_or_none(source.version.as_deref(), says_version),
            "is_prebuilt": source.prebuilt,
            "has_modules": folder.package_json_has_dependencies()?,
            "script": source.script.as_deref().unwrap_or("build"),
            "dist": dist,
            "dist_path": root.file(dist),
            "main": source.main.as_deref().unwrap_or("index.js"),
        }))
    })
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

fn spork(request: &Request, source: &Spork) -> Result<Kind, SourceError> {
    let lockfile = source.lockfile.as_deref().unwrap_or("Cargo.lock");
    let (folder, name) = lockfile.rsplit_once('/').unwrap_or((".", lockfile));
    let root = Root::of(request, Some(folder));
    let folder = root.folder();
    let build = match source.build {
        SporkBuild::Rust => "rust",
        SporkBuild::Go => "go",
        SporkBuild::Npm => "npm",
        SporkBuild::Make => "make",
    };
    let mut output_hashes = Vec::new();
    if source.build == SporkBuild::Rust {
        let lock = match &source.emitted_lock {
            Some(lock) => Some(lock.text.clone()),
            None => folder.text(name)?,
        };
        let Some(lock) = lock else {
            return Err(folder.missing(name, "there is none: copy the one of upstream at the pinned commit, or run `cotter spork emit`"));
        };
        output_hashes = folder.cargo_git_packages_of(&lock)?;
    }
    let short = || source.upstream_rev.chars().take(7).collect();
    Ok(Kind::package(json!({
        "url": source.url,
        "version": source.version.clone().unwrap_or_else(short),
        "upstream_rev": source.upstream_rev,
        "main": source.main.as_deref().unwrap_or("main"),
        "features": source.features.iter().map(|feature| json!({
            "name": feature.name,
            "branch": feature.branch,
            "rev": feature.rev,
        })).collect::<Vec<_>>(),
        "build": build,
        "lock": match &source.emitted_lock {
            Some(lock) => join(".", &lock.path),
            None => root.file(name),
        },
        "output_hashes": output_hashes,
        "fetches": source.fetches,
        "build_script": source.build_script,
        "build_inputs": source.build_inputs,
        "native_build_inputs": source.native_build_inputs,
        "pname": source.pname,
        "program": source.program.as_deref().unwrap_or(&source.pname),
    })))
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
