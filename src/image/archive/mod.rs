//! Images as they are stored: Docker archives, OCI layouts and archives, dockerTools' stream scripts, nix2container's
//! JSON files. Which of them a path is, and what is in it.
//!
//! An archive is read in one pass and nothing is unpacked; what it says of itself is bounded before it is believed.
//! Imports `hash` and `process`. Not here: what layers mean to each other (`image::explain`), registries.

mod blob;
mod compression;
mod config;
mod contents;
mod digest;
mod docker;
mod entries;
mod error;
mod input;
mod nix2container;
mod oci;
mod pieces;
mod recognise;
mod store_path;
mod stream_script;

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

pub use compression::Compression;
pub use config::{Execution, History, ImageConfig, Platform};
pub use contents::{Contents, File, FileKind, Privilege, Whiteout};
pub use digest::digest_of;
pub use error::{ArchiveError, Shown};
pub use recognise::{Kind, recognise};
pub use store_path::{HashPart, References, hash_part, store_path_len};

use blob::Blob;
use input::Section;
use pieces::{Pieces, open_file};
use recognise::Form;

use crate::process::Runner;

/// How much of an image is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which image of several; `None` is the only one, or that of this machine.
    pub platform: Option<Platform>,
    /// The name or tag of one image of several.
    pub name: Option<String>,
    pub reading: Reading,
    /// Whether layers are compared with their digests.
    pub verify: bool,
}

impl Options {
    /// Which image was asked for, in words.
    fn wanted(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("named {name}"));
        let platform = self
            .platform
            .as_ref()
            .map(|platform| format!("for {platform}"));
        [name, platform]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// The config only: names, platform, digests.
    #[default]
    Nothing,
    /// The files of each layer too.
    Names,
    /// And the references that stand in them.
    References,
}

/// An image, as it is stored.
#[derive(Clone, Debug)]
pub struct Image {
    pub kind: Kind,
    /// As they are written: `NAME:TAG`, of an OCI layout often only the tag.
    pub names: Vec<String>,
    /// Docker's image ID.
    pub config_digest: Option<String>,
    /// What a registry calls the image's digest; unknown until a Docker archive is pushed.
    pub manifest_digest: Option<String>,
    pub config: ImageConfig,
    /// The lowest first.
    pub layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Of what is stored, where that is known.
    pub digest: Option<String>,
    /// The digest of the uncompressed archive, as the config has it.
    pub diff_id: String,
    pub compression: Option<Compression>,
    /// How many bytes are stored. `None` when nothing is.
    pub stored: Option<u64>,
    /// The length of the uncompressed archive. `None` when it was not read.
    pub size: Option<u64>,
    pub media_type: Option<String>,
    pub created_by: Option<String>,
    pub comment: Option<String>,
    /// `None` when nothing of it was read.
    pub contents: Option<Arc<Contents>>,
    /// What nix2container will put into it.
    pub placed: Vec<Placed>,
    /// Whether its bytes were seen to have its digests.
    pub verified: bool,
    /// What was found for that: the digest of what is stored, and the diffID.
    computed: Option<(Option<String>, String)>,
}

/// A store path that nix2container puts into a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub path: String,
    /// Whether what it holds goes elsewhere, as by `copyToRoot`.
    pub is_moved: bool,
}

/// Reads the image at `path`. A stream script is run, by `runner`.
pub fn read(path: &Path, options: &Options, runner: &dyn Runner) -> Result<Image, ArchiveError> {
    let pieces = match recognise::form(path)? {
        Form::Nix2Container(document) => return nix2container::image(path, &document),
        Form::OciLayout => {
            return oci::image(&Pieces::of_folder(path), Kind::OciLayout, options);
        }
        Form::StreamScript => {
            let pieces = stream_script::pieces(path, options, runner)?;
            return docker::image(&pieces, Kind::StreamScript, options);
        }
        Form::Archive(compression) => archive(path, compression, options)?,
    };
    // `docker save` writes both.
    match (pieces.has(docker::MANIFEST), pieces.has(oci::INDEX)) {
        (true, _) => docker::image(&pieces, Kind::DockerArchive, options),
        (false, true) => oci::image(&pieces, Kind::OciArchive, options),
        (false, false) => Err(ArchiveError::NoImage {
            path: path.to_owned(),
        }),
    }
}

fn archive(
    path: &Path,
    compression: Compression,
    options: &Options,
) -> Result<Pieces, ArchiveError> {
    let open = |source| ArchiveError::Open {
        path: path.to_owned(),
        source,
    };
    let (file, length) = open_file(path).map_err(open)?;
    let archive = Shown::path(path).to_string();
    match compression {
        Compression::None => Pieces::of_file(archive, file),
        _ => {
            let section = Section::new(file.into(), 0, length);
            let input = compression.undo_beside(section).map_err(open)?;
            Pieces::of_stream(archive, input, options)
        }
    }
}

/// Of one image, far beyond what anything runs: one layer that is named over and over would be read over and over.
const MAX_LAYERS: usize = 1000;

/// The layers `names`, read at once where they lie apart.
fn read_layers(
    pieces: &Pieces,
    names: &[String],
    options: &Options,
) -> Result<Vec<Blob>, ArchiveError> {
    if names.len() > MAX_LAYERS {
        let reason = format!(
            "the image has {} layers, more than {MAX_LAYERS}",
            names.len()
        );
        return Err(pieces.unreadable(reason));
    }
    let read: Vec<Result<Blob, ArchiveError>> = names
        .par_iter()
        .map(|name| pieces.layer(name, options))
        .collect();
    read.into_iter().collect()
}

impl Layer {
    fn new(blob: Blob, diff_id: &str, said: History) -> Layer {
        Layer {
            digest: None,
            diff_id: diff_id.to_owned(),
            compression: Some(blob.compression),
            stored: Some(blob.stored),
            size: match (&blob.contents, blob.compression) {
                (Some(contents), _) => Some(contents.size),
                (None, Compression::None) => Some(blob.stored),
                (None, _) => None,
            },
            media_type: None,
            created_by: said.created_by,
            comment: said.comment,
            contents: blob.contents,
            placed: Vec::new(),
            verified: blob.diff_id.is_some(),
            computed: blob.diff_id.map(|diff_id| (blob.digest, diff_id)),
        }
    }

    /// Whether the digests that were computed are those that the image names.
    fn check(
        &self,
        pieces: &Pieces,
        name: &str,
        digest: Option<&String>,
    ) -> Result<(), ArchiveError> {
        let Some((stored, diff_id)) = &self.computed else {
            return Ok(());
        };
        if *diff_id != self.diff_id {
            let reason = format!(
                "its uncompressed digest is {diff_id}, but the config says {}",
                self.diff_id
            );
            return Err(pieces.fault(name, reason));
        }
        match (stored, digest) {
            (Some(stored), Some(digest)) if stored != digest => {
                let reason = format!("its digest is {stored}, but the manifest says {digest}");
                Err(pieces.fault(name, reason))
            }
            _ => Ok(()),
        }
    }
}
