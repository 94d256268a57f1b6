//! What has to hold in a spec beyond the types of its values.

mod config;
mod faults;
mod source;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::grammar::{
    is_attr_path, is_digest, is_image_path, is_label, is_mode, is_pinned_image, is_relative,
    is_repository, is_tag, is_time, is_user_name,
};
use super::{Base, File, FullFile, LinuxSystem, Spec};
use crate::hash::HashText;
use config::config;
use faults::Faults;
pub(super) use faults::{Fault, Step};
use source::source;
use words::{ATTR_PATH, IMAGE_PATH, PINNED_IMAGE, RELATIVE, REPOSITORY, TAG};

/// The most layers that a runtime mounts: overlayfs, as containerd and docker use it.
const MOST_LAYERS: u32 = 127;

/// Fewer do not hold the runtime, the dependencies, the application and what is made for the image.
const FEWEST_LAYERS: u32 = 4;

/// What does not hold in `spec`.
pub(super) fn faults(spec: &Spec) -> Vec<Fault> {
    let mut faults = Faults::default();
    image(spec, &mut faults);
    faults.at("config", |faults| config(&spec.config, faults));
    faults.at("source", |faults| source(spec, faults));
    no_nul(spec, &mut faults);
    faults.into_found()
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

/// Whether `path` is `folder`, or lies below it.
fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
