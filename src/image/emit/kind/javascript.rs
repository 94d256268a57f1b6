//! Front ends, and services that bun runs.

use serde_json::json;

use super::root::Root;
use super::{Kind, RuntimePath, served};
use crate::image::emit::Request;
use crate::image::emit::facts::{SourceError, lock_file};
use crate::image::spec::{Bun, Manager, Vite};

pub(super) fn vite(request: &Request, source: &Vite) -> Result<Kind, SourceError> {
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

pub(super) fn bun(request: &Request, source: &Bun) -> Result<Kind, SourceError> {
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
