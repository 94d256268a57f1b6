//! Upstream with patches of feature branches.

use serde_json::json;

use super::Kind;
use super::root::Root;
use crate::image::emit::Request;
use crate::image::emit::facts::SourceError;
use crate::image::emit::relative::join;
use crate::image::spec::{Spork, SporkBuild};

pub(super) fn spork(request: &Request, source: &Spork) -> Result<Kind, SourceError> {
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
    let values = json!({
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
    });
    Ok(Kind {
        takes_library: true,
        ..Kind::package(values)
    })
}
