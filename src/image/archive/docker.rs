//! Docker archives: `manifest.json` names config and layers by their files.

use super::config::{DockerManifest, ImageConfig};
use super::digest::digest_of;
use super::error::ArchiveError;
use super::pieces::Pieces;
use super::{Image, Kind, Layer, Options, read_layers};

/// The file that tells.
pub const MANIFEST: &str = "manifest.json";

pub fn image(pieces: &Pieces, kind: Kind, options: &Options) -> Result<Image, ArchiveError> {
    let document = pieces.document(MANIFEST)?;
    let manifests: Vec<DockerManifest> = serde_json::from_slice(&document)
        .map_err(|error| pieces.fault(MANIFEST, format!("no list of images: {error}")))?;
    let (manifest, document, config) = choose(pieces, manifests, options)?;
    let diff_ids = &config.rootfs.diff_ids;
    let count = manifest.layers.len();
    if diff_ids.len() != count {
        let reason = format!(
            "it has {} `diff_ids`, but {MANIFEST} has {count} layers",
            diff_ids.len()
        );
        return Err(pieces.fault(&manifest.config, reason));
    }
    let blobs = read_layers(pieces, &manifest.layers, options)?;
    let said = config.history_of_layers(count);
    let mut layers = Vec::with_capacity(count);
    for (((name, blob), diff_id), said) in manifest.layers.iter().zip(blobs).zip(diff_ids).zip(said)
    {
        let layer = Layer::new(blob, diff_id, said);
        // Docker's archives name no digest of what is stored.
        layer.check(pieces, name, None)?;
        layers.push(layer);
    }
    Ok(Image {
        kind,
        names: manifest.repo_tags,
        config_digest: Some(digest_of(&document)),
        manifest_digest: None,
        config,
        layers,
    })
}

/// The image that is meant, with its config.
fn choose(
    pieces: &Pieces,
    manifests: Vec<DockerManifest>,
    options: &Options,
) -> Result<(DockerManifest, Vec<u8>, ImageConfig), ArchiveError> {
    let mut found = Vec::new();
    for manifest in manifests {
        let document = pieces.document(&manifest.config)?;
        let config: ImageConfig = serde_json::from_slice(&document)
            .map_err(|error| pieces.fault(&manifest.config, format!("no image config: {error}")))?;
        found.push((manifest, document, config));
    }
    let platforms: Vec<String> = found
        .iter()
        .map(|(manifest, _, config)| {
            let name = manifest.repo_tags.first().map_or("", String::as_str);
            format!("{name} {}", config.platform()).trim().to_owned()
        })
        .collect();
    if let Some(name) = &options.name {
        found.retain(|(manifest, ..)| manifest.repo_tags.contains(name));
    }
    if let Some(wanted) = &options.platform {
        found.retain(|(_, _, config)| config.platform().fits(wanted));
    }
    if found.len() > 1 {
        return Err(ArchiveError::Several {
            archive: pieces.archive.clone(),
            found: platforms,
        });
    }
    match found.pop() {
        Some(found) => Ok(found),
        None if platforms.is_empty() => Err(pieces.fault(MANIFEST, "it names no image")),
        None => Err(ArchiveError::NoneSuch {
            archive: pieces.archive.clone(),
            wanted: options.wanted(),
            found: platforms,
        }),
    }
}
