//! What has to hold in `[image.source]`, for each kind.

use std::collections::BTreeSet;

use super::config::is_workdir;
use super::faults::{Faults, Step};
use super::words::{ATTR_PATH, IMAGE_PATH, PROGRAM, RELATIVE, SCRIPT, SHA, STORE_NAME, VERSION};
use super::{files, hashes, is_within};
use crate::image::spec::grammar::{
    is_attr_name, is_attr_path, is_file_name, is_full_sha, is_identifier, is_relative,
    is_store_name, is_version, is_word,
};
use crate::image::spec::source::{Binary, Package, Source, Spork};
use crate::image::spec::{LinuxSystem, Spec};

pub(super) fn source(spec: &Spec, faults: &mut Faults) {
    let mut version = None;
    match &spec.source {
        Source::Package(source) => package(source, faults),
        Source::Spork(source) => {
            version = source.version.as_deref();
            spork(source, faults);
        }
        Source::Rust(source) => {
            version = source.version.as_deref();
            compiled(&source.root, &source.pname, &source.program, faults);
            faults.want_each(
                "features",
                &source.features,
                is_word,
                "the name of a feature is expected",
            );
        }
        Source::Go(source) => {
            version = source.version.as_deref();
            compiled(&source.root, &source.pname, &source.program, faults);
            faults.want_each(
                "packages",
                &source.packages,
                is_word,
                "a package's folder is expected: `cmd/server`",
            );
        }
        Source::Vite(source) => {
            version = source.version.as_deref();
            faults.want_option("root", source.root.as_deref(), is_relative, RELATIVE);
            faults.want_option("script", source.script.as_deref(), is_word, SCRIPT);
            faults.want_option("dist", source.dist.as_deref(), is_relative, RELATIVE);
            faults.at("env", |faults| {
                for name in source.env.keys() {
                    let message = "a variable's name is expected: letters, digits and `_`";
                    faults.want(name, is_identifier(name), message);
                }
            });
        }
        Source::Bun(source) => {
            version = source.version.as_deref();
            faults.want_option("root", source.root.as_deref(), is_relative, RELATIVE);
            faults.want_option("script", source.script.as_deref(), is_word, SCRIPT);
            faults.want_option("dist", source.dist.as_deref(), is_relative, RELATIVE);
            faults.want_option("main", source.main.as_deref(), is_relative, RELATIVE);
        }
        Source::Python(source) => {
            version = source.version.as_deref();
            faults.want_option(
                "interpreter",
                source.interpreter.as_deref(),
                is_attr_path,
                ATTR_PATH,
            );
            faults.want_each("packages", &source.packages, is_attr_path, ATTR_PATH);
            faults.want("path", is_relative(&source.path), RELATIVE);
            faults.want_option("folder", source.folder.as_deref(), is_workdir, IMAGE_PATH);
            let is_root = source.module.is_some() && source.folder.as_deref() == Some("/");
            let message = "a folder of modules does not become the whole image: `/app`, say";
            faults.want("folder", !is_root, message);
            let place = source.place();
            let taken = spec
                .files
                .keys()
                .find(|file| is_within(file, &place) || is_within(&place, file));
            if let Some(file) = taken {
                let message = format!("`{place}` of the image is taken: `{file}` is in `files`");
                faults.want("path", false, message);
            }
            let is_module = |name: &str| name.split('.').all(is_identifier);
            faults.want_option(
                "module",
                source.module.as_deref(),
                is_module,
                "a module is expected: `app.server`",
            );
        }
        Source::Hugo(source) => {
            version = source.version.as_deref();
            faults.want_option("root", source.root.as_deref(), is_relative, RELATIVE);
        }
        Source::Static(source) => {
            version = source.version.as_deref();
            faults.want("path", is_relative(&source.path), RELATIVE);
        }
        Source::Binary(source) => {
            version = Some(source.version.as_str());
            binary(source, &spec.systems, faults);
        }
        Source::Script(source) => {
            version = source.version.as_deref();
            faults.want(
                "files",
                !source.files.is_empty(),
                "at least one file is expected",
            );
            faults.at("files", |faults| {
                files(&source.files, faults);
                for path in source.files.keys() {
                    let holds = !spec.files.contains_key(path);
                    faults.want(path, holds, "this file is among the image's `files` too");
                }
            });
            if spec.config.entrypoint.is_none() && spec.config.cmd.is_empty() {
                faults.want("kind", false, "`entrypoint` or `cmd` is expected in `[image.config]`: a script has no program of its own");
            }
        }
    }
    for (key, inputs) in spec.source.inputs() {
        faults.want_each(key, inputs, is_attr_path, ATTR_PATH);
    }
    // It is part of a store path's name and, where no other is given, the tag.
    faults.want_option("version", version, is_version, VERSION);
}

/// What cargo and go build have in common.
fn compiled(
    root: &Option<String>,
    pname: &Option<String>,
    program: &Option<String>,
    faults: &mut Faults,
) {
    faults.want_option("root", root.as_deref(), is_relative, RELATIVE);
    faults.want_option("pname", pname.as_deref(), is_store_name, STORE_NAME);
    faults.want_option("program", program.as_deref(), is_file_name, PROGRAM);
}

fn package(source: &Package, faults: &mut Faults) {
    let ways = [&source.attr, &source.file, &source.output];
    if ways.iter().filter(|way| way.is_some()).count() != 1 {
        let message = "one of `attr` (of nixpkgs), `file` (for callPackage) and `output` (of the flake) is expected";
        faults.want("kind", false, message);
    }
    faults.want_option("attr", source.attr.as_deref(), is_attr_path, ATTR_PATH);
    faults.want_option("file", source.file.as_deref(), is_relative, RELATIVE);
    faults.want_option("output", source.output.as_deref(), is_attr_name, ATTR_PATH);
    faults.want_option("program", source.program.as_deref(), is_file_name, PROGRAM);
}

fn spork(source: &Spork, faults: &mut Faults) {
    faults.want(
        "url",
        is_word(&source.url),
        "the URL of a git repository is expected",
    );
    faults.want("upstream-rev", is_full_sha(&source.upstream_rev), SHA);
    let message = "the name of a branch is expected";
    faults.want_option("main", source.main.as_deref(), is_word, message);
    faults.want("pname", is_store_name(&source.pname), STORE_NAME);
    faults.want_option("program", source.program.as_deref(), is_file_name, PROGRAM);
    faults.want_option(
        "lockfile",
        source.lockfile.as_deref(),
        is_relative,
        RELATIVE,
    );
    faults.at("features", |faults| {
        let mut names = BTreeSet::new();
        for (index, feature) in source.features.iter().enumerate() {
            faults.step(Step::Index(index), |faults| {
                let message =
                    "another name is expected: letters, digits, `.`, `_` and `-`, each name once";
                let holds = is_store_name(&feature.name) && names.insert(feature.name.as_str());
                faults.want("name", holds, message);
                faults.want("rev", is_full_sha(&feature.rev), SHA);
                let message = "the name of a branch is expected";
                faults.want_option("branch", feature.branch.as_deref(), is_word, message);
            });
        }
    });
}

fn binary(source: &Binary, systems: &[LinuxSystem], faults: &mut Faults) {
    faults.want("pname", is_store_name(&source.pname), STORE_NAME);
    let missing = systems
        .iter()
        .find(|system| !source.url.contains_key(system));
    if let Some(system) = missing {
        faults.want(
            "url",
            false,
            format!("the URL for {} is missing", system.nix()),
        );
    }
    faults.at("url", |faults| {
        for (system, url) in &source.url {
            let holds = url.contains(':') && is_word(url);
            faults.want(system.nix(), holds, "a URL is expected");
        }
    });
    hashes(&source.hash, faults);
    faults.want_option("member", source.member.as_deref(), is_relative, RELATIVE);
}
