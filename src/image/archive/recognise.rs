//! What kind of image a path is, told by what it holds; its name says nothing.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::blob::head;
use super::compression::Compression;
use super::entries::{Entries, begins_tar};
use super::error::{ArchiveError, Shown};
use super::input::{Input, Section};
use super::pieces::open_file;
use super::{nix2container, stream_script};

/// A kind of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What `docker save` and dockerTools write.
    DockerArchive,
    /// A folder with `index.json`.
    OciLayout,
    /// The same in an archive.
    OciArchive,
    /// dockerTools' `streamLayeredImage`: a program that prints a Docker archive.
    StreamScript,
    /// What nix2container builds: a JSON file that names layers and store paths.
    #[serde(rename = "nix2container")]
    Nix2Container,
}

/// What a path is before its archive was looked into.
pub(super) enum Form {
    Archive(Compression),
    OciLayout,
    StreamScript,
    Nix2Container(Vec<u8>),
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::DockerArchive => "Docker archive",
            Kind::OciLayout => "OCI layout",
            Kind::OciArchive => "OCI archive",
            Kind::StreamScript => "stream script",
            Kind::Nix2Container => "nix2container image",
        }
    }
}

/// What kind of image `path` is. An archive is read up to the file that tells: of a compressed one that can be all.
pub fn recognise(path: &Path) -> Result<Kind, ArchiveError> {
    match form(path)? {
        Form::OciLayout => Ok(Kind::OciLayout),
        Form::StreamScript => Ok(Kind::StreamScript),
        Form::Nix2Container(_) => Ok(Kind::Nix2Container),
        Form::Archive(compression) => {
            let open = |source| ArchiveError::Open {
                path: path.to_owned(),
                source,
            };
            let (file, length) = open_file(path).map_err(open)?;
            let section = Section::new(file.into(), 0, length);
            let input = compression.undo_beside(section).map_err(open)?;
            archive_kind(path, input)
        }
    }
}

fn archive_kind(path: &Path, input: impl Input) -> Result<Kind, ArchiveError> {
    let mut entries = Entries::new(input);
    loop {
        match entries.next() {
            Ok(Some(entry)) => match entry.path.as_slice() {
                b"manifest.json" => return Ok(Kind::DockerArchive),
                b"index.json" => return Ok(Kind::OciArchive),
                _ => {}
            },
            Ok(None) => {
                return Err(ArchiveError::NoImage {
                    path: path.to_owned(),
                });
            }
            Err(fault) => {
                let archive = Shown::path(path).to_string();
                return Err(match fault.entry {
                    Some(entry) => ArchiveError::Entry {
                        archive,
                        entry,
                        reason: fault.reason,
                    },
                    None => ArchiveError::Unreadable {
                        archive,
                        reason: fault.reason,
                    },
                });
            }
        }
    }
}

pub(super) fn form(path: &Path) -> Result<Form, ArchiveError> {
    let open = |source| ArchiveError::Open {
        path: path.to_owned(),
        source,
    };
    let none = || ArchiveError::NoImage {
        path: path.to_owned(),
    };
    if path.metadata().map_err(open)?.is_dir() {
        return match path.join("index.json").is_file() {
            true => Ok(Form::OciLayout),
            false => Err(none()),
        };
    }
    let (file, length) = open_file(path).map_err(open)?;
    let mut section = Section::new(file.into(), 0, length);
    let head = head(&mut section).map_err(open)?;
    let compression = Compression::of(&head);
    let begins = head.iter().find(|byte| !byte.is_ascii_whitespace());
    match begins {
        _ if compression != Compression::None => Ok(Form::Archive(compression)),
        Some(b'{') => {
            let mut document = head;
            let mut rest = section.take(nix2container::MAX_LENGTH);
            rest.read_to_end(&mut document).map_err(open)?;
            match nix2container::is_image(&document) {
                true => Ok(Form::Nix2Container(document)),
                false => Err(none()),
            }
        }
        Some(b'#') => {
            let mut script = head;
            let mut rest = section.take(stream_script::MAX_LENGTH);
            rest.read_to_end(&mut script).map_err(open)?;
            match stream_script::is_stream_script(&script) {
                true => Ok(Form::StreamScript),
                false => Err(none()),
            }
        }
        _ if !head.is_empty() && begins_tar(&head) => Ok(Form::Archive(Compression::None)),
        _ => Err(none()),
    }
}
