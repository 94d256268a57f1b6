//! The `images:` of kustomizations: `newTag` and `digest`.

use super::subject::{Manifest, Subject};
use super::target::{Stale, Target};
use super::writer::Writer;
use super::{DeployError, Digest};
use crate::manifest::entries;
use crate::manifest::kustomization::KustomizeImage;

pub fn write(
    subject: &Subject,
    manifest: &Manifest,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    for entry in manifest
        .entries
        .iter()
        .filter(|entry| subject.is_ours(entry))
    {
        write_entry(subject, manifest, entry, target, writer)?;
    }
    Ok(())
}

fn write_entry(
    subject: &Subject,
    manifest: &Manifest,
    entry: &KustomizeImage,
    target: &Target,
    writer: &mut Writer,
) -> Result<(), DeployError> {
    let file = &manifest.file;
    let old_tag = entry.new_tag.as_ref().map_or("", |tag| tag.value.as_str());
    let tag = target.tag_for(old_tag);
    let path = |key: &str| entry.path.key(key).as_str().to_owned();
    match (&entry.new_tag, &entry.digest, target.digest) {
        (new_tag, Some(digest), Digest::Unknown) => {
            if new_tag.is_some() && old_tag == tag {
                writer
                    .unchanged
                    .push(format!("{}:{}", subject.name, path("newTag")));
            } else {
                let stale = Stale {
                    digest: digest.value.clone(),
                };
                writer.stale(file, digest, &stale);
            }
        }
        (new_tag, Some(digest), Digest::Given(new)) => {
            if let Some(new_tag) = new_tag {
                writer.value(file, new_tag, "newTag", &tag)?;
            }
            writer.value(file, digest, "digest", new)?;
        }
        (Some(new_tag), Some(digest), Digest::Drop) => {
            writer.value(file, new_tag, "newTag", &tag)?;
            let edit = entries::remove(file, digest)?;
            writer.edit(file, &path("digest"), "digest", (&digest.value, ""), edit);
        }
        (None, Some(digest), Digest::Drop) => {
            let edit = entries::rekey(file, digest, "newTag", &tag)?;
            writer.edit(file, &path("newTag"), "newTag", (&digest.value, &tag), edit);
        }
        (Some(new_tag), None, Digest::Given(new)) => {
            writer.value(file, new_tag, "newTag", &tag)?;
            let edit = entries::insert_after(file, new_tag, &[("digest", new)])?;
            writer.edit(file, &path("digest"), "digest", ("", new), edit);
        }
        (Some(new_tag), None, _) => writer.value(file, new_tag, "newTag", &tag)?,
        // It gives another name alone: the tag is that of the manifests that have the old one.
        (None, None, _) if subject.is_tagged_by_pods(&entry.name.value) => {}
        (None, None, digest) => {
            let sibling = entry.new_name.as_ref().unwrap_or(&entry.name);
            let mut new = vec![("newTag", tag.as_str())];
            if let Digest::Given(digest) = digest {
                new.push(("digest", digest));
            }
            let edit = entries::insert_after(file, sibling, &new)?;
            let new: Vec<&str> = new.iter().map(|(_, new)| *new).collect();
            writer.edit(file, &path("newTag"), "newTag", ("", &new.join("@")), edit);
        }
    }
    Ok(())
}
