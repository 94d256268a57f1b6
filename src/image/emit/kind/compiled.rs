//! Programs that cargo or go builds.

use serde_json::json;

use super::Kind;
use super::root::Root;
use crate::image::emit::Request;
use crate::image::emit::facts::SourceError;
use crate::image::spec::{Go, Rust};

pub(super) fn rust(request: &Request, source: &Rust) -> Result<Kind, SourceError> {
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

pub(super) fn go(request: &Request, source: &Go) -> Result<Kind, SourceError> {
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
