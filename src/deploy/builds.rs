//! NixBuilds and the annotations that stand for them: under which tag the image is built.

use super::pods::{is_beside, is_filled_in};
use super::subject::{Manifest, Subject};
use super::target::Target;
use super::writer::Writer;
use super::{DeployError, Remark};
use crate::manifest::nixbuild::NixBuild;
use crate::manifest::{flake_url, image_ref, image_tag};

pub fn write(
    subject: &Subject,
    manifest: &Manifest,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    for build in &manifest.builds {
        let Some(image) = &build.image_tag else {
            continue;
        };
        let read = image_ref::read(&image.value);
        if !subject.names.has(read.name_in(&image.value)) || is_filled_in(&image.value) {
            continue;
        }
        if is_beside(subject, manifest, &build.name, image, writer) {
            continue;
        }
        // What is built is loaded under its tag: a digest that no registry knows finds nothing.
        match target.reference(&image.value, false) {
            Ok(new) => {
                other_revision(manifest, build, read.tag_in(&image.value), target, writer);
                writer.value(&manifest.file, image, "imageTag", &new)?;
            }
            Err(stale) => writer.stale(&manifest.file, image, &stale),
        }
    }
    Ok(())
}

/// A tag that named the revision that is built, and comes to name another.
fn other_revision(
    manifest: &Manifest,
    build: &NixBuild,
    old_tag: Option<&str>,
    target: &Target,
    writer: &mut Writer,
) {
    let Some(url) = &build.flake_url else { return };
    let read = flake_url::read(&url.value);
    let Some(rev) = read.as_ref().and_then(|read| read.rev_in(&url.value)) else {
        return;
    };
    let named = |tag: &str| image_tag::is_commit(tag) && rev.starts_with(tag);
    if old_tag.is_some_and(named) && !named(target.tag) {
        let message = format!(
            "what is built as `{}` is still revision {}",
            target.tag,
            rev.get(..12).unwrap_or(rev)
        );
        writer.warnings.push(
            Remark::at(&manifest.file, url.span.start, message).hint(
                "`cotter pin bump` with `--to` moves the revision, and the tags that name it",
            ),
        );
    }
}
