//! What an image consists of: what each layer holds, why a store path is there, which bytes are carried in vain, and
//! what would be pushed again when an older image is there already.
//!
//! Values out of what `image::archive` read; nothing is read here. Not here: how they are shown (`output`).

mod against;
mod source;
mod store_paths;
mod waste;
mod why;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::archive::{Compression, Image, Kind, Privilege, Shown};

pub use against::{Against, Change, Heavy, LayerCause, PathChange};
pub use source::{Source, SourceError};
pub use store_paths::{FileSize, StorePath};
pub use waste::{Fate, Waste, Wasted};
pub use why::{Root, Why};

/// Docker's overlay driver takes no more.
pub const MOST_LAYERS: usize = 127;
/// How many of the biggest files are named.
const BIGGEST: usize = 25;
/// How many of a list are named that can be as long as the image is big.
const NAMED: usize = 200;

/// What Nix knows of store paths: of an image that lies nowhere as an archive, all there is to know.
#[derive(Clone, Debug, Default)]
pub struct StoreFacts {
    /// By store path, `/nix/store/HASH-NAME`: its size, and what it refers to.
    pub paths: BTreeMap<String, (u64, Vec<String>)>,
}

/// An image, explained. The fields are the keys of the JSON contract.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub image: Summary,
    pub layers: Vec<Layer>,
    /// The biggest first.
    pub store_paths: Vec<StorePath>,
    /// The biggest files of the image.
    pub files: Vec<FileInLayer>,
    /// Files that run with more rights than those of who runs them.
    pub privileged: Vec<PrivilegedFile>,
    pub waste: Waste,
    pub against: Option<Against>,
}

/// The image as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// As it was asked for.
    pub source: String,
    pub kind: Kind,
    pub names: Vec<String>,
    pub platform: String,
    pub created: Option<String>,
    pub config_digest: Option<String>,
    pub manifest_digest: Option<String>,
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    pub user: String,
    pub working_dir: String,
    /// Of all layers, uncompressed; `None` when that of one is not known.
    pub size: Option<u64>,
    /// Of all layers, as they are stored.
    pub stored: Option<u64>,
    pub layers: usize,
    pub most_layers: usize,
    /// Whether every layer was seen to have the digests that the image names.
    pub verified: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Layer {
    /// 1 for the lowest.
    pub number: usize,
    pub digest: Option<String>,
    pub diff_id: String,
    pub compression: Option<Compression>,
    pub stored: Option<u64>,
    pub size: Option<u64>,
    pub media_type: Option<String>,
    pub created_by: Option<String>,
    pub comment: Option<String>,
    /// In the order of their size, the biggest first.
    pub store_paths: Vec<String>,
    pub files: usize,
    pub folders: usize,
    /// Files outside of store paths, and what they take.
    pub other_files: usize,
    pub other_size: u64,
    /// The biggest of them.
    #[serde(skip)]
    pub biggest_others: Vec<FileSize>,
    /// What it takes away from the layers below it.
    pub whiteouts: usize,
    /// Whether the older image has it; `None` when there is none to compare with.
    pub is_reused: Option<bool>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileInLayer {
    pub path: String,
    pub layer: usize,
    pub size: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct PrivilegedFile {
    pub path: String,
    pub layer: usize,
    pub privilege: Privilege,
}

/// Explains `image`, which `source` led to; and what of it a registry that has `older` would have to be sent.
pub fn explain(
    source: &str,
    image: &Image,
    facts: &StoreFacts,
    older: Option<(&str, &Image)>,
) -> Explanation {
    let tallied = store_paths::tally(image, facts);
    let why = why::reasons(image, facts);
    let mut paths = tallied.store_paths;
    for path in &mut paths {
        path.why = why.get(path.path.as_str()).cloned();
    }
    let against = older.map(|(name, older)| against::compare(name, image, older, facts));
    let layers = image.layers.iter().zip(tallied.layers).enumerate();
    let layers: Vec<Layer> = layers
        .map(|(at, (layer, tallied))| Layer {
            number: at + 1,
            digest: layer.digest.clone(),
            diff_id: layer.diff_id.clone(),
            compression: layer.compression,
            stored: layer.stored,
            size: layer.size,
            media_type: layer.media_type.clone(),
            created_by: layer.created_by.clone(),
            comment: layer.comment.clone(),
            store_paths: tallied.store_paths,
            files: layer
                .contents
                .as_ref()
                .map_or(0, |contents| contents.files.len()),
            folders: layer
                .contents
                .as_ref()
                .map_or(0, |contents| contents.folders),
            other_files: tallied.other_files,
            other_size: tallied.other_size,
            biggest_others: tallied.biggest_others,
            whiteouts: layer
                .contents
                .as_ref()
                .map_or(0, |contents| contents.whiteouts.len()),
            is_reused: against
                .as_ref()
                .map(|against| !against.pushed.contains(&(at + 1))),
        })
        .collect();
    let config = &image.config;
    Explanation {
        image: Summary {
            source: source.to_owned(),
            kind: image.kind,
            names: image.names.clone(),
            platform: config.platform().to_string(),
            created: config.created.clone(),
            config_digest: image.config_digest.clone(),
            manifest_digest: image.manifest_digest.clone(),
            entrypoint: config.config.entrypoint.clone(),
            cmd: config.config.cmd.clone(),
            user: config.config.user.clone(),
            working_dir: config.config.working_dir.clone(),
            size: layers.iter().map(|layer| layer.size).sum(),
            stored: layers.iter().map(|layer| layer.stored).sum(),
            layers: layers.len(),
            most_layers: MOST_LAYERS,
            verified: !image.layers.is_empty() && image.layers.iter().all(|layer| layer.verified),
        },
        layers,
        store_paths: paths,
        files: biggest(image),
        privileged: privileged(image),
        waste: waste::waste(image),
        against,
    }
}

fn biggest(image: &Image) -> Vec<FileInLayer> {
    let mut files: Vec<(u64, usize, &[u8])> = Vec::new();
    for (at, layer) in image.layers.iter().enumerate() {
        for file in layer.contents.iter().flat_map(|contents| &contents.files) {
            files.push((file.size, at + 1, &file.path));
        }
    }
    let by_size = |file: &(u64, usize, &[u8])| (Reverse(file.0), file.1);
    if files.len() > BIGGEST {
        files.select_nth_unstable_by(BIGGEST, |a, b| (by_size(a), a.2).cmp(&(by_size(b), b.2)));
        files.truncate(BIGGEST);
    }
    files.sort_unstable_by(|a, b| (by_size(a), a.2).cmp(&(by_size(b), b.2)));
    let files = files.into_iter().filter(|(size, ..)| *size > 0);
    files
        .map(|(size, layer, path)| FileInLayer {
            path: absolute(path),
            layer,
            size,
        })
        .collect()
}

fn privileged(image: &Image) -> Vec<PrivilegedFile> {
    let mut found = Vec::new();
    for (at, layer) in image.layers.iter().enumerate() {
        for file in layer.contents.iter().flat_map(|contents| &contents.files) {
            if let Some(privilege) = file.privilege {
                found.push(PrivilegedFile {
                    path: absolute(&file.path),
                    layer: at + 1,
                    privilege,
                });
            }
        }
    }
    found.truncate(NAMED);
    found
}

/// A name out of an archive, as it is in the image, fit to be shown.
fn absolute(path: &[u8]) -> String {
    format!("/{}", Shown(path))
}
