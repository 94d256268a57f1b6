//! What has to hold in a spec beyond the types of its values.

use std::collections::{BTreeMap, BTreeSet};

use super::grammar::{
    is_attr_name, is_attr_path, is_digest, is_file_name, is_full_sha, is_identifier, is_image_path,
    is_label, is_mode, is_pinned_image, is_relative, is_repository, is_signal, is_store_name,
    is_tag, is_time, is_user, is_user_name, is_version, is_word,
};
use super::source::{Binary, Package, Source, Spork};
use super::{Base, Config, File, FullFile, LinuxSystem, Spec};
use crate::hash::HashText;
use crate::image::config::{Port, port};

/// A step from a table or list to a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Something that does not hold, and the way to the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub path: Vec<Step>,
    pub message: String,
}

/// The most layers that a runtime mounts: overlayfs, as containerd and docker use it.
const MOST_LAYERS: u32 = 127;

/// Fewer do not hold the runtime, the dependencies, the application and what is made for the image.
const FEWEST_LAYERS: u32 = 4;

/// Collects faults below a place.
struct Faults {
    here: Vec<Step>,
    found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, message: impl Into<String>) {
        self.found.push(Fault {
            path: self.here.clone(),
            message: message.into(),
        });
    }

    /// Does `inside` for the value at `key`.
    fn at(&mut self, key: &str, inside: impl FnOnce(&mut Faults)) {
        self.step(Step::Key(key.to_owned()), inside);
    }

    fn step(&mut self, step: Step, inside: impl FnOnce(&mut Faults)) {
        self.here.push(step);
        inside(self);
        self.here.pop();
    }

    fn want(&mut self, key: &str, holds: bool, message: impl Into<String>) {
        if !holds {
            self.at(key, |faults| faults.add(message));
        }
    }

    fn want_option(
        &mut self,
        key: &str,
        value: Option<&str>,
        holds: fn(&str) -> bool,
        message: &str,
    ) {
        self.want(key, value.is_none_or(holds), message);
    }

    fn want_each(&mut self, key: &str, values: &[String], holds: fn(&str) -> bool, message: &str) {
        self.at(key, |faults| {
            for (index, value) in values.iter().enumerate() {
                if !holds(value) {
                    faults.step(Step::Index(index), |faults| faults.add(message));
                }
            }
        });
    }
}

/// What does not hold in `spec`.
pub(super) fn faults(spec: &Spec) -> Vec<Fault> {
    let mut faults = Faults {
        here: Vec::new(),
        found: Vec::new(),
    };
    image(spec, &mut faults);
    faults.at("config", |faults| config(&spec.config, faults));
    faults.at("source", |faults| source(spec, faults));
    no_nul(spec, &mut faults);
    faults.found
}

fn image(spec: &Spec, faults: &mut Faults) {
    faults.want("name", is_repository(&spec.name), REPOSITORY);
    faults.want_option("tag", spec.tag.as_deref(), is_tag, TAG);
    faults.at("registry", |faults| {
        let registry = &spec.registry;
        for (key, value) in [
            ("upstream", &registry.upstream),
            ("overlay", &registry.overlay),
        ] {
            faults.want_option(key, value.as_deref(), is_repository, REPOSITORY);
        }
    });
    let distinct: BTreeSet<LinuxSystem> = spec.systems.iter().copied().collect();
    let message = "at least one system is expected, and each once";
    let holds = !spec.systems.is_empty() && distinct.len() == spec.systems.len();
    faults.want("systems", holds, message);
    faults.want_each("contents", &spec.contents, is_attr_path, ATTR_PATH);
    if let Some(user) = &spec.passwd {
        faults.at("passwd", |faults| {
            let message =
                "a user's name is expected: lower case letters, digits, `_` and `-`, not `root`";
            faults.want(
                "name",
                is_user_name(&user.name) && user.name != "root",
                message,
            );
            faults.want(
                "uid",
                user.uid != 0,
                "0 is root's: another number is expected",
            );
            let is_home = |path: &str| is_image_path(path) && !path.contains([':', '\n']);
            let message = "an absolute path without `:` is expected";
            faults.want("home", user.home() == "/" || is_home(user.home()), message);
        });
    }
    faults.at("files", |faults| files(&spec.files, faults));
    let message = format!(
        "a number from {FEWEST_LAYERS} to {MOST_LAYERS} is expected: no runtime mounts more layers"
    );
    faults.at("layers", |faults| {
        let holds = (FEWEST_LAYERS..=MOST_LAYERS).contains(&spec.layers.max);
        faults.want("max", holds, message);
    });
    if let Some(base_image) = &spec.base {
        faults.at("base", |faults| base(base_image, &spec.systems, faults));
    }
    let message = "a time in RFC 3339 is expected, `2026-01-31T12:00:00Z`; with `now` two builds would differ";
    faults.want_option("created", spec.created.as_deref(), is_time, message);
    faults.at("outside", |faults| {
        let outside = &spec.outside;
        for (key, value) in [
            ("build-base", &outside.build_base),
            ("run-base", &outside.run_base),
        ] {
            faults.want_option(key, value.as_deref(), is_pinned_image, PINNED_IMAGE);
        }
        faults.at("targets", |faults| {
            for (path, label) in &outside.targets {
                faults.want(path, is_image_path(path), IMAGE_PATH);
                let message = "a label of Bazel is expected: `//app:server`";
                faults.want(path, is_label(label), message);
            }
        });
    });
}

fn files(files: &BTreeMap<String, File>, faults: &mut Faults) {
    for (path, file) in files {
        faults.want(path, is_image_path(path), IMAGE_PATH);
        // Of two such files one would be a folder.
        let is_folder = files
            .keys()
            .any(|other| other != path && is_within(other, path));
        let message = "another file lies below this one, which is no folder";
        faults.want(path, !is_folder, message);
        faults.at(path, |faults| match file {
            File::Path(path) if !is_relative(path) => faults.add(RELATIVE),
            File::Path(_) => {}
            File::Full(FullFile { path, text, mode }) => {
                if path.is_some() == text.is_some() {
                    faults.add("either `path` or `text` is expected");
                }
                faults.want_option("path", path.as_deref(), is_relative, RELATIVE);
                let message = "a mode in octal is expected: `0644`";
                faults.want_option("mode", mode.as_deref(), is_mode, message);
            }
        });
    }
}

fn base(base: &Base, systems: &[LinuxSystem], faults: &mut Faults) {
    faults.want("name", is_repository(&base.name), REPOSITORY);
    let missing = systems
        .iter()
        .find(|system| !base.digest.contains_key(system));
    if let Some(system) = missing {
        let message = format!("the digest of the image for {} is missing", system.nix());
        faults.want("digest", false, message);
    }
    faults.at("digest", |faults| {
        for (system, digest) in &base.digest {
            let message = "a digest is expected: `sha256:` and 64 hexadecimal digits";
            faults.want(system.nix(), is_digest(digest), message);
        }
    });
    hashes(&base.hash, faults);
}

fn hashes(hashes: &BTreeMap<LinuxSystem, String>, faults: &mut Faults) {
    faults.at("hash", |faults| {
        for (system, hash) in hashes {
            let holds = hash.starts_with("sha256-") && HashText::parse(hash, None).is_ok();
            faults.want(system.nix(), holds, "a hash is expected: `sha256-…`");
        }
    });
}

fn config(config: &Config, faults: &mut Faults) {
    if let Some(entrypoint) = &config.entrypoint {
        let message = "a program is expected as the first; leave it out for the one of the source";
        let holds = entrypoint
            .first()
            .is_some_and(|program| !program.is_empty());
        faults.want("entrypoint", holds, message);
    }
    faults.at("env", |faults| {
        for name in config.env.keys() {
            let message = "a variable's name is expected: not empty, and without `=`";
            faults.want(name, !name.is_empty() && !name.contains('='), message);
        }
    });
    let is_port = |text: &str| port(text) == Port::Good;
    faults.want_each(
        "ports",
        &config.ports,
        is_port,
        "a port is expected: `8080/tcp`",
    );
    faults.want_each("volumes", &config.volumes, is_image_path, IMAGE_PATH);
    faults.want_option("workdir", config.workdir.as_deref(), is_workdir, IMAGE_PATH);
    let message = "a user is expected: `65534`, `65534:65534`, `app` or `app:app`";
    faults.want_option("user", config.user.as_deref(), is_user, message);
    let message = "a signal is expected: `SIGTERM` or its number";
    faults.want_option(
        "stop-signal",
        config.stop_signal.as_deref(),
        is_signal,
        message,
    );
    if let Some(healthcheck) = &config.healthcheck {
        let test: Vec<&str> = healthcheck.test.iter().map(String::as_str).collect();
        let holds = matches!(test[..], ["NONE"] | ["CMD", _, ..] | ["CMD-SHELL", _]);
        let message =
            r#"`["CMD", "program", …]`, `["CMD-SHELL", "command"]` or `["NONE"]` is expected"#;
        faults.at("healthcheck", |faults| faults.want("test", holds, message));
    }
}

fn is_workdir(path: &str) -> bool {
    path == "/" || is_image_path(path)
}

/// Whether `path` is `folder`, or lies below it.
fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn source(spec: &Spec, faults: &mut Faults) {
    let mut version = None;
    match &spec.source {
        Source::Package(source) => package(source, faults),
        Source::Spork(source) => {
            version = source.version.as_deref();
            spork(source, faults);
        }
        Source::Rust(source) => {
            version = source.version.as_deref();
            faults.want_option("root", source.root.as_deref(), is_relative, RELATIVE);
            faults.want_option("pname", source.pname.as_deref(), is_store_name, STORE_NAME);
            faults.want_option("program", source.program.as_deref(), is_file_name, PROGRAM);
            faults.want_each(
                "features",
                &source.features,
                is_word,
                "the name of a feature is expected",
            );
        }
        Source::Go(source) => {
            version = source.version.as_deref();
            faults.want_option("root", source.root.as_deref(), is_relative, RELATIVE);
            faults.want_option("pname", source.pname.as_deref(), is_store_name, STORE_NAME);
            faults.want_option("program", source.program.as_deref(), is_file_name, PROGRAM);
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
    // It is part of a store path's name and, where no other is given, the tag.
    faults.want_option("version", version, is_version, VERSION);
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

/// No string of Nix, of an archive or of a process holds a NUL.
fn no_nul(spec: &Spec, faults: &mut Faults) {
    let Ok(value) = serde_json::to_value(spec) else {
        return;
    };
    walk(&value, faults);
    fn walk(value: &serde_json::Value, faults: &mut Faults) {
        let message = "no NUL character can stand here";
        match value {
            serde_json::Value::String(text) if text.contains('\0') => faults.add(message),
            serde_json::Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    faults.step(Step::Index(index), |faults| walk(value, faults));
                }
            }
            serde_json::Value::Object(values) => {
                for (key, value) in values {
                    faults.want(key, !key.contains('\0'), message);
                    faults.at(key, |faults| walk(value, faults));
                }
            }
            _ => {}
        }
    }
}

const REPOSITORY: &str = "the name of an image without its tag is expected: lower case, `registry.example.org/team/hello`";
const TAG: &str =
    "a tag is expected: at most 128 letters, digits, `_`, `.` and `-`, not first `.` or `-`";
const ATTR_PATH: &str = "an attribute path is expected: `python312Packages.requests`";
const IMAGE_PATH: &str = "an absolute path is expected, without `.`, `..` and empty parts";
const RELATIVE: &str = "a path from the folder of this file is expected, not an absolute one";
const STORE_NAME: &str =
    "a name is expected: letters, digits, `+`, `-`, `.`, `_`, `?` and `=`, not first `.`";
const PROGRAM: &str = "the name of a program in `bin` is expected, without `/`";
const SCRIPT: &str = "the name of a script is expected";
const SHA: &str = "a full SHA is expected: 40 hexadecimal digits in lower case";
const VERSION: &str =
    "a version is expected: at most 128 letters, digits, `_`, `.` and `-`, not first `.` or `-`";
const PINNED_IMAGE: &str =
    "an image by digest is expected: `docker.io/library/debian:13-slim@sha256:…`";
