//! The images of pods' containers, in what makes pods and in patches of it.

use super::subject::{Manifest, Subject};
use super::target::Target;
use super::writer::Writer;
use super::{DeployError, Remark};
use crate::manifest::{Located, image_ref};

pub const IMAGE_TAG: &str = "enbi.hrzn.ee/nixbuild-imageTag";

pub fn write(
    subject: &Subject,
    manifest: &Manifest,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    for pod in &manifest.pods {
        // The operator compares the annotation with the container's image as they stand.
        let built = pod.annotation(IMAGE_TAG).map(|tag| tag.value.as_str());
        for image in pod.images() {
            if is_beside(subject, manifest, &pod.name, image, writer) {
                continue;
            }
            let may_pin = built != Some(image.value.as_str());
            write_image(subject, manifest, image, may_pin, target, writer)?;
        }
    }
    for image in &manifest.patched {
        write_image(subject, manifest, image, true, target, writer)?;
    }
    Ok(())
}

fn write_image(
    subject: &Subject,
    manifest: &Manifest,
    image: &Located,
    may_pin: bool,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    let read = image_ref::read(&image.value);
    let name = read.name_in(&image.value);
    if !subject.names.has(name) || is_filled_in(&image.value) {
        return Ok(());
    }
    let tag = read.tag_in(&image.value);
    let file = &manifest.file;
    if let Some(entry) = subject.entry_for(name) {
        // The kustomization's counts. What stands here is a placeholder, unless it said the same.
        let is_kept_in_step = read.digest.is_none()
            && tag.is_some()
            && entry.new_tag.as_ref().map(|tag| tag.value.as_str()) == tag;
        if let Some(tag) = tag.filter(|_| is_kept_in_step) {
            let new = format!("{name}:{}", target.tag_for(tag));
            writer.value(file, image, "image", &new)?;
        }
        return Ok(());
    }
    match target.reference(&image.value, may_pin) {
        Ok(new) => writer.value(file, image, "image", &new)?,
        Err(stale) => writer.stale(file, image, &stale),
    }
    Ok(())
}

/// Whether the image is one that runs beside the others; then it is told that it stays.
pub fn is_beside(
    subject: &Subject,
    manifest: &Manifest,
    object: &str,
    image: &Located,
    writer: &mut Writer,
) -> bool {
    let name = image_ref::read(&image.value)
        .name_in(&image.value)
        .to_owned();
    let is_beside = subject.names.has(&name) && subject.runs_beside(object, &image.value);
    if is_beside {
        let message = format!("`{object}` runs beside the others at a tag of its own, so it stays");
        let remark = Remark::at(&manifest.file, image.span.start, message);
        writer
            .warnings
            .push(remark.hint("change it by hand, or give it the tag of the others"));
    }
    is_beside
}

/// Whether something else fills in what stands here.
pub fn is_filled_in(image: &str) -> bool {
    image.contains(['$', '{', '<', '%'])
}
