//! The file of services: the version of the container that is deployed.
//!
//! A service's version is often the tag, or what of the tag is a version; but of a spork it is upstream's commit. So it
//! follows only where it went with the old tag.

use std::collections::BTreeSet;

use super::subject::Subject;
use super::writer::Writer;
use super::{DeployError, Remark, Request};
use crate::config::Config;
use crate::manifest::Located;
use crate::manifest::image_tag::{bare, without_build};
use crate::manifest::service_versions::{self, ServiceVersion};
use crate::source::{RelPath, SourceFile, Workspace};

/// Where the versions are written down when cotter.toml does not say.
const FILE: &str = "service-versions.yaml";

pub fn write(
    subject: &Subject,
    workspace: &Workspace,
    config: &Config,
    request: &Request,
    old_tags: &BTreeSet<String>,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    let service = subject
        .config
        .and_then(|container| container.service.as_ref());
    let path = match service {
        Some(service) => RelPath::new(service.file.get_ref()),
        None => RelPath::new(FILE),
    };
    let Some(path) = path else { return Ok(()) };
    let name = service.map_or(subject.name.as_str(), |service| service.name.as_str());
    if !workspace.has_file(&path) {
        let message = format!("`{path}` is not there");
        return match service {
            Some(service) => Err(config.error(service.file.span(), message).into()),
            None => Ok(()),
        };
    }
    let file = workspace.read(&path)?;
    let say = |message: String| Remark {
        at: None,
        message,
        hint: None,
    };
    match service_versions::find(&file, name)? {
        ServiceVersion::Found(located) => {
            follow(&file, &located, request, old_tags, writer)?;
        }
        // A file that nobody named need not have it.
        ServiceVersion::NoService if service.is_none() => {}
        ServiceVersion::NoService => {
            writer
                .warnings
                .push(say(format!("{path} does not name the service `{name}`")));
        }
        ServiceVersion::NoVersion(at) => writer.warnings.push(Remark {
            at: Some((path.clone(), at)),
            ..say(format!("no version of `{name}` stands here"))
        }),
        ServiceVersion::Ambiguous(_) => {
            writer
                .warnings
                .push(say(format!("{path} has several versions for `{name}`")));
        }
    }
    Ok(())
}

fn follow(
    file: &SourceFile,
    located: &Located,
    request: &Request,
    old_tags: &BTreeSet<String>,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    let old = &located.value;
    let new = match &request.service_version {
        Some(version) => Some(version.clone()),
        None => following(old, &request.tag, old_tags),
    };
    match new {
        Some(new) => writer.value(file, located, "version", &new)?,
        None => writer.warnings.push(
            Remark::at(
                file,
                located.span.start,
                format!("`{old}` is not the version that the tag had, so it stays"),
            )
            .hint("`--service-version` writes another"),
        ),
    }
    Ok(())
}

/// What the version `old` becomes with the tag; `None` where it has nothing to do with the tag.
fn following(old: &str, tag: &str, old_tags: &BTreeSet<String>) -> Option<String> {
    let plain = |text: &str| text.get(bare(text)).unwrap_or(text).to_owned();
    let is_the_same = |tag: &str| plain(old) == plain(tag);
    let version = without_build(tag);
    if is_the_same(tag) || is_the_same(version) {
        return Some(old.to_owned());
    }
    let written = |new: &str| match (bare(old).start, bare(new).start) {
        (0, 1) if is_release(old) => plain(new),
        (1, 0) if is_release(new) => format!("{}{new}", old.get(..1).unwrap_or("v")),
        _ => new.to_owned(),
    };
    if old_tags.is_empty() || old_tags.iter().any(|tag| is_the_same(tag)) {
        return Some(written(tag));
    }
    let is_version_of = |tag: &String| is_the_same(without_build(tag));
    if old_tags.iter().any(is_version_of) || is_release(old) && is_release(version) {
        return Some(written(version));
    }
    None
}

/// `1.2` and longer, with or without a `v`.
fn is_release(version: &str) -> bool {
    let text = version.get(bare(version)).unwrap_or(version);
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() > 1 && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_the_tag_that_it_went_with() {
        for (old, tag, old_tags, new) in [
            ("v1.2.3", "v1.2.4", &["v1.2.3"][..], Some("v1.2.4")),
            ("1.2.3", "v1.2.4", &["v1.2.3"], Some("1.2.4")),
            ("v1.2.3", "1.2.4", &["1.2.3"], Some("v1.2.4")),
            (
                "1.2.3",
                "v1.2.4-1d37d29-nix",
                &["v1.2.3-677c7a5-nix"],
                Some("1.2.4"),
            ),
            // It lagged behind, as a release among releases.
            ("1.0.0", "v1.2.4", &["v1.2.3"], Some("1.2.4")),
            ("1d37d29", "677c7a5", &["1d37d29"], Some("677c7a5")),
            // Of a spork: upstream's commit, and a tag of one's own.
            ("1d37d2983cd4", "v0.5.0", &["v0.4.1"], None),
            ("1d37d2983cd4", "abcdef0", &["677c7a5"], None),
            ("1.2.4", "v1.2.4", &["v1.2.4"], Some("1.2.4")),
            ("old", "v1.2.4", &[], Some("v1.2.4")),
        ] {
            let old_tags = old_tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(
                following(old, tag, &old_tags).as_deref(),
                new,
                "{old} {tag}"
            );
        }
    }
}
