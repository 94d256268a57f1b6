//! OCI layouts: `index.json` leads to manifests, they to config and layers, all by digest.

use std::collections::BTreeMap;

use super::config::{Descriptor, ImageConfig, OciDocument, Platform};
use super::digest::{blob_path, digest_of};
use super::error::ArchiveError;
use super::pieces::Pieces;
use super::{Image, Kind, Layer, Options, read_layers};

/// The file that tells.
pub const INDEX: &str = "index.json";
/// Indexes in indexes, and all manifests that they lead to.
const MAX_DEPTH: usize = 4;
const MAX_MANIFESTS: usize = 1000;
const NAMES: [&str; 2] = [
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];

/// A manifest that the index leads to.
struct Candidate {
    digest: String,
    manifest: OciDocument,
    platform: Platform,
    names: Vec<String>,
    config_name: String,
    config_digest: String,
    config: ImageConfig,
}

pub fn image(pieces: &Pieces, kind: Kind, options: &Options) -> Result<Image, ArchiveError> {
    let index = parse(pieces, INDEX, &pieces.document(INDEX)?)?;
    let mut found = BTreeMap::new();
    collect(pieces, &index.manifests, &[], 0, &mut found)?;
    let chosen = choose(pieces, found.into_values().collect(), options)?;
    let layers = &chosen.manifest.layers;
    let diff_ids = &chosen.config.rootfs.diff_ids;
    if diff_ids.len() != layers.len() {
        let reason = format!(
            "it has {} `diff_ids`, but the manifest has {} layers",
            diff_ids.len(),
            layers.len()
        );
        return Err(pieces.fault(&chosen.config_name, reason));
    }
    let names = layers.iter().map(|layer| path_of(pieces, layer));
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let blobs = read_layers(pieces, &names, options)?;
    let said = chosen.config.history_of_layers(layers.len());
    let mut read = Vec::with_capacity(layers.len());
    for ((((name, blob), descriptor), diff_id), said) in
        names.iter().zip(blobs).zip(layers).zip(diff_ids).zip(said)
    {
        let layer = Layer {
            digest: Some(descriptor.digest.clone()),
            media_type: Some(descriptor.media_type.clone()),
            ..Layer::new(blob, diff_id, said)
        };
        layer.check(pieces, name, Some(&descriptor.digest))?;
        read.push(layer);
    }
    Ok(Image {
        kind,
        names: chosen.names,
        config_digest: Some(chosen.config_digest),
        manifest_digest: Some(chosen.digest),
        config: chosen.config,
        layers: read,
    })
}

/// The document that `descriptor` leads to, which has the digest that it says, and its name.
fn document(pieces: &Pieces, descriptor: &Descriptor) -> Result<(String, Vec<u8>), ArchiveError> {
    let name = path_of(pieces, descriptor)?;
    let bytes = pieces.document(&name)?;
    let digest = digest_of(&bytes);
    // Of another algorithm than everyone's, nothing is said.
    if descriptor.digest.starts_with("sha256:") && digest != descriptor.digest {
        let reason = format!("its digest is {digest}, not the one that it is named after");
        return Err(pieces.fault(&name, reason));
    }
    Ok((name, bytes))
}

fn path_of(pieces: &Pieces, descriptor: &Descriptor) -> Result<String, ArchiveError> {
    blob_path(&descriptor.digest).ok_or_else(|| {
        let reason = format!("`{}` is no digest", descriptor.digest.escape_debug());
        pieces.unreadable(reason)
    })
}

fn parse(pieces: &Pieces, name: &str, bytes: &[u8]) -> Result<OciDocument, ArchiveError> {
    serde_json::from_slice(bytes)
        .map_err(|error| pieces.fault(name, format!("no index or manifest: {error}")))
}

/// Every image that `descriptors` lead to, by digest.
fn collect(
    pieces: &Pieces,
    descriptors: &[Descriptor],
    names: &[String],
    depth: usize,
    found: &mut BTreeMap<String, Candidate>,
) -> Result<(), ArchiveError> {
    for descriptor in descriptors {
        let mut names = names.to_vec();
        names.extend(
            NAMES
                .iter()
                .filter_map(|key| descriptor.annotations.get(*key))
                .cloned(),
        );
        names.dedup();
        if let Some(known) = found.get_mut(&descriptor.digest) {
            names.retain(|name| !known.names.contains(name));
            known.names.extend(names);
            continue;
        }
        // An attestation is no image, but stands beside them.
        let is_other = descriptor
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown");
        // A layout need not hold what other platforms of its index are made of.
        let is_absent =
            depth > 0 && blob_path(&descriptor.digest).is_some_and(|path| !pieces.has(&path));
        if is_other || is_absent {
            continue;
        }
        let (name, bytes) = document(pieces, descriptor)?;
        let manifest = parse(pieces, &name, &bytes)?;
        match &manifest.config {
            Some(config) => {
                if found.len() >= MAX_MANIFESTS {
                    let reason = format!("it leads to more than {MAX_MANIFESTS} images");
                    return Err(pieces.fault(INDEX, reason));
                }
                let (config_name, bytes) = document(pieces, config)?;
                let config_digest = config.digest.clone();
                let config: ImageConfig = serde_json::from_slice(&bytes).map_err(|error| {
                    pieces.fault(&config_name, format!("no image config: {error}"))
                })?;
                let candidate = Candidate {
                    digest: descriptor.digest.clone(),
                    platform: config.platform(),
                    manifest,
                    names,
                    config_name,
                    config_digest,
                    config,
                };
                found.insert(descriptor.digest.clone(), candidate);
            }
            None if depth < MAX_DEPTH => {
                collect(pieces, &manifest.manifests, &names, depth + 1, found)?;
            }
            None => return Err(pieces.fault(&name, "too many indexes in indexes")),
        }
    }
    Ok(())
}

/// The image that is meant: of the platform that was asked for, else the only one, else that of this machine.
fn choose(
    pieces: &Pieces,
    mut found: Vec<Candidate>,
    options: &Options,
) -> Result<Candidate, ArchiveError> {
    let archive = || pieces.archive.clone();
    let platforms: Vec<String> = found
        .iter()
        .map(|candidate| {
            let name = candidate.names.first().map_or("", String::as_str);
            format!("{name} {}", candidate.platform).trim().to_owned()
        })
        .collect();
    if let Some(name) = &options.name {
        found.retain(|candidate| candidate.names.contains(name));
    }
    let own = Platform::of_this_machine();
    match &options.platform {
        Some(wanted) => found.retain(|candidate| candidate.platform.fits(wanted)),
        None if found.len() > 1 && found.iter().any(|other| other.platform.fits(&own)) => {
            found.retain(|candidate| candidate.platform.fits(&own));
        }
        None => {}
    }
    if found.len() > 1 {
        return Err(ArchiveError::Several {
            archive: archive(),
            found: platforms,
        });
    }
    match found.pop() {
        Some(candidate) => Ok(candidate),
        None if platforms.is_empty() => Err(pieces.fault(INDEX, "it leads to no image")),
        None => Err(ArchiveError::NoneSuch {
            archive: archive(),
            wanted: options.wanted(),
            found: platforms,
        }),
    }
}
