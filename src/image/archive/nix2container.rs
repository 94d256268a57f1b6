//! nix2container's images: a JSON file that names layers, their digests and the store paths in them. The layers
//! themselves are nowhere until the image is copied.
//!
//! Source: `types/types.go` in nix2container.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::config::{Execution, History, ImageConfig, RootFs, or_default};
use super::error::{ArchiveError, Shown};
use super::{Image, Kind, Layer, Placed};

/// Of the JSON file.
pub const MAX_LENGTH: u64 = 64 << 20;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "image-config", default, deserialize_with = "or_default")]
    config: Execution,
    #[serde(default, deserialize_with = "or_default")]
    layers: Vec<WrittenLayer>,
    #[serde(default, deserialize_with = "or_default")]
    arch: String,
    created: Option<String>,
}

#[derive(Deserialize)]
struct WrittenLayer {
    digest: String,
    size: u64,
    diff_ids: String,
    #[serde(default, deserialize_with = "or_default")]
    paths: Vec<WrittenPath>,
    mediatype: Option<String>,
    #[serde(rename = "History", default, deserialize_with = "or_default")]
    history: History,
}

#[derive(Deserialize)]
struct WrittenPath {
    path: String,
    options: Option<PathOptions>,
}

#[derive(Deserialize)]
struct PathOptions {
    rewrite: Option<Rewrite>,
}

#[derive(Deserialize)]
struct Rewrite {
    #[serde(default)]
    regex: String,
}

/// Whether `document` is such an image.
pub fn is_image(document: &[u8]) -> bool {
    let keys: Result<BTreeMap<String, serde::de::IgnoredAny>, _> = serde_json::from_slice(document);
    keys.is_ok_and(|keys| {
        ["version", "image-config", "layers"]
            .iter()
            .all(|key| keys.contains_key(*key))
    })
}

pub fn image(path: &Path, document: &[u8]) -> Result<Image, ArchiveError> {
    let document: Document =
        serde_json::from_slice(document).map_err(|error| ArchiveError::Unreadable {
            archive: Shown::path(path).to_string(),
            reason: format!("no image of nix2container's: {error}"),
        })?;
    let diff_ids = document.layers.iter().map(|layer| layer.diff_ids.clone());
    let config = ImageConfig {
        architecture: document.arch,
        os: "linux".to_owned(),
        created: document.created,
        config: document.config,
        rootfs: RootFs {
            diff_ids: diff_ids.collect(),
        },
        ..ImageConfig::default()
    };
    let layers = document.layers.into_iter().map(|layer| Layer {
        digest: Some(layer.digest),
        diff_id: layer.diff_ids,
        compression: None,
        // What is copied is compressed on its way, or not: only the archive's length is known.
        stored: None,
        size: Some(layer.size),
        media_type: layer.mediatype,
        created_by: layer.history.created_by,
        comment: layer.history.comment,
        contents: None,
        placed: layer.paths.into_iter().map(placed).collect(),
        verified: false,
        computed: None,
    });
    Ok(Image {
        kind: Kind::Nix2Container,
        names: Vec::new(),
        config_digest: None,
        manifest_digest: None,
        config,
        layers: layers.collect(),
    })
}

fn placed(path: WrittenPath) -> Placed {
    let rewrite = path.options.and_then(|options| options.rewrite);
    Placed {
        path: path.path,
        is_moved: rewrite.is_some_and(|rewrite| !rewrite.regex.is_empty()),
    }
}
