//! The images that are somebody else's: what they say may not change, though a YAML anchor make them share a value.

use super::DeployError;
use super::Remark;
use super::subject::Subject;
use crate::manifest::image_ref;
use crate::source::{Position, RelPath};

/// A value that says which image of another name is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    file: RelPath,
    path: String,
    name: String,
    value: String,
    at: Position,
}

/// All values of the container's manifests that are about other images.
pub fn images(subject: &Subject) -> Vec<Image> {
    let mut found = Vec::new();
    for manifest in &subject.manifests {
        let mut add = |name: &str, located: &crate::manifest::Located| {
            found.push(Image {
                file: manifest.file.path().clone(),
                path: located.path.as_str().to_owned(),
                name: name.to_owned(),
                value: located.value.clone(),
                at: manifest.file.position(located.span.start),
            });
        };
        for entry in manifest
            .entries
            .iter()
            .filter(|entry| !subject.is_ours(entry))
        {
            for value in entry.new_tag.iter().chain(&entry.digest) {
                add(&entry.name.value, value);
            }
        }
        for image in manifest.references() {
            let name = image_ref::read(&image.value).name_in(&image.value);
            if !subject.names.has(name) {
                add(name, image);
            }
        }
    }
    found
}

/// The same before and after.
pub fn same(before: &[Image], after: &[Image]) -> Result<(), DeployError> {
    let mut remarks = Vec::new();
    for image in before {
        let is_same = |other: &&Image| other.file == image.file && other.path == image.path;
        if after
            .iter()
            .find(is_same)
            .is_none_or(|other| other.value != image.value)
        {
            remarks.push(Remark {
                at: Some((image.file.clone(), image.at)),
                message: format!(
                    "`{}` would get another tag as well: both share one value",
                    image.name
                ),
                hint: Some("write the value out here, without the YAML alias".into()),
            });
        }
    }
    match remarks.is_empty() {
        true => Ok(()),
        false => Err(DeployError::Invariant(remarks)),
    }
}
