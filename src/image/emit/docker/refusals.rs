//! What a Dockerfile cannot say of an image.

use serde_json::Value;

use crate::image::emit::refuse::Refusal;
use crate::image::spec::{File, Source, Spec};

/// What leaves room on the line for the path, the mode and what writes the file. In bytes, as JSON has the text.
const LONGEST_TEXT: usize = 60_000;

/// What building in a Dockerfile asks of a spec, beside what the builder says for every source.
pub fn refusals(spec: &Spec) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |holds: bool, key, reason| {
        if holds {
            refusals.push(Refusal { key, reason });
        }
    };
    refuse(
        spec.outside.build_base.is_none(),
        "outside.build-base",
        "what the image is built in has to be pinned by its digest, and none is given: `docker.io/library/debian:13-slim@sha256:…`",
    );
    refuse(
        spec.outside.run_base.is_none(),
        "outside.run-base",
        "what the image runs in has to be pinned by its digest, and none is given",
    );
    refuse(
        !spec.contents.is_empty(),
        "contents",
        "these are packages of nixpkgs, and a Dockerfile has those of its base image: add them there",
    );
    refuse(
        spec.base.is_some(),
        "base",
        "a Dockerfile begins from `outside.run-base`",
    );
    refuse(
        spec.created.is_some(),
        "created",
        "the tool that builds a Dockerfile says when its image was made",
    );
    refuse(
        spec.usr_bin_env,
        "usr-bin-env",
        "a Dockerfile has the programs of its base image",
    );
    let is_name = |name: &str| {
        let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        name.bytes().next().is_some_and(first)
            && name
                .bytes()
                .all(|b| first(b) || b.is_ascii_digit() || b == b'-' || b == b'.')
    };
    let is_line = |text: &str| !text.contains(['\n', '\r']);
    let is_label_name = |name: &str| !name.is_empty() && !name.contains('=') && is_line(name);
    let env = &spec.config.env;
    refuse(
        !env.keys().all(|name| is_name(name)) || !env.values().all(|text| is_line(text)),
        "config.env",
        "ENV takes names of letters, digits and `_`, and values of one line",
    );
    let labels = &spec.config.labels;
    refuse(
        !labels
            .iter()
            .all(|(name, text)| is_label_name(name) && is_line(text)),
        "config.labels",
        "LABEL takes names without `=`, and names and values of one line",
    );
    refuse(
        !texts(spec).all(|text| Value::from(text).to_string().len() <= LONGEST_TEXT),
        "files",
        "a line of a Dockerfile has at most 65535 bytes: put so long a text into a file, and say its `path`",
    );
    let config = &spec.config;
    refuse(
        config.volumes.iter().any(|path| path.trim() != path),
        "config.volumes",
        "VOLUME takes no spaces at the end of a path",
    );
    let words = config.volumes.iter().chain(&config.workdir);
    refuse(
        !words.into_iter().all(|text| is_line(text)),
        "config",
        "a path of a Dockerfile is on one line",
    );
    let copied = paths(spec);
    refuse(
        copied
            .iter()
            .any(|path| path.split('/').any(|part| part == "..")),
        "source",
        "a Dockerfile copies from the folder that it is built in, and these files are above it",
    );
    refuse(
        copied
            .iter()
            .any(|path| path.contains(['*', '?', '[', '\\'])),
        "source",
        "COPY reads `*`, `?`, `[` and `\\` in a path as a pattern",
    );
    refuse(
        spec.source
            .inputs()
            .iter()
            .any(|(_, inputs)| !inputs.is_empty()),
        "source.build-inputs",
        "these are packages of nixpkgs, and a Dockerfile builds with those of `outside.build-base`: add them there",
    );
    match &spec.source {
        Source::Package(_) => refuse(
            true,
            "source",
            "a package of nixpkgs is built by Nix: take one of its builders",
        ),
        Source::Spork(_) => refuse(
            true,
            "source",
            "the patches of a spork are made by Nix: take one of its builders",
        ),
        Source::Python(python) => {
            refuse(
                !python.packages.is_empty(),
                "source.packages",
                "these are names of nixpkgs, which are not those of PyPI",
            );
            refuse(
                python.interpreter.is_some(),
                "source.interpreter",
                "a Dockerfile has the interpreter of `outside.run-base`",
            );
        }
        Source::Go(go) => refuse(
            go.packages.len() > 1,
            "source.packages",
            "one program is run: name its package alone",
        ),
        Source::Binary(binary) => {
            refuse(
                spec.systems.len() > 1,
                "systems",
                "ADD takes one URL: one Dockerfile for each system",
            );
            let system = spec.systems.first();
            refuse(
                system.and_then(|system| binary.hash.get(system)).is_none(),
                "source.hash",
                "ADD has to check what it takes, and the hash is not known: `cotter fod-rehash` finds it in an expression of Nix",
            );
        }
        _ => {}
    }
    refusals
}

/// The files of `spec`, those of its source included.
fn all_files(spec: &Spec) -> impl Iterator<Item = &File> {
    let of_source = match &spec.source {
        Source::Script(script) => Some(&script.files),
        _ => None,
    };
    let of_source = of_source.into_iter().flat_map(|files| files.values());
    spec.files.values().chain(of_source)
}

/// The texts that are written by a line of the Dockerfile.
fn texts(spec: &Spec) -> impl Iterator<Item = &str> {
    all_files(spec).filter_map(File::text)
}

/// The paths that are copied.
fn paths(spec: &Spec) -> Vec<&str> {
    let mut paths: Vec<&str> = all_files(spec).filter_map(File::path).collect();
    match &spec.source {
        Source::Rust(source) => paths.extend(source.root.as_deref()),
        Source::Go(source) => paths.extend(source.root.as_deref()),
        Source::Vite(source) => paths.extend(source.root.as_deref()),
        Source::Hugo(source) => paths.extend(source.root.as_deref()),
        Source::Bun(source) => paths.extend(source.root.as_deref()),
        Source::Python(source) => paths.push(&source.path),
        Source::Static(source) => paths.push(&source.path),
        _ => {}
    }
    paths
}
