//! What an archive or a folder holds by name: documents and layers.
//!
//! An archive that is not compressed is walked once from header to header, and its parts are read where they lie. One
//! that is compressed, or comes out of a program, is read once from end to end; which of its parts are layers is said
//! only at its end, so each that can be one is read as one. Not here: which parts make an image.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tar::EntryType;

use super::Options;
use super::blob::{self, Blob};
use super::entries::{Entries, Fault, normal};
use super::error::{ArchiveError, Shown};
use super::input::{Input, Section};

/// Of one document, and of all that are kept while a stream goes by.
const MAX_DOCUMENT: u64 = 4 << 20;
const MAX_DOCUMENTS: u64 = 64 << 20;
/// Of an archive of layers: more is an attack.
const MAX_PIECES: usize = 1_000_000;
/// As many as Linux follows.
const MAX_LINKS: usize = 40;

/// The parts of an image, by name.
pub struct Pieces {
    /// The name of the archive, for messages.
    pub archive: String,
    parts: BTreeMap<Vec<u8>, Part>,
    folder: Option<PathBuf>,
}

enum Part {
    /// Where it lies in a file.
    Section {
        file: Arc<File>,
        start: u64,
        length: u64,
    },
    Document(Vec<u8>),
    Layer(Result<Blob, Fault>),
    /// The name of another part.
    Link(Vec<u8>),
    /// Neither a document nor a layer.
    Other,
}

/// A part, behind all links.
enum Found<'a> {
    /// Where it lies: the file, its beginning and its length.
    Section(Arc<File>, u64, u64),
    Read(&'a Part),
}

impl Pieces {
    /// An OCI layout.
    pub fn of_folder(folder: &Path) -> Pieces {
        Pieces {
            archive: Shown::path(folder).to_string(),
            parts: BTreeMap::new(),
            folder: Some(folder.to_owned()),
        }
    }

    /// An archive that is not compressed.
    pub fn of_file(archive: String, file: File) -> Result<Pieces, ArchiveError> {
        let mut pieces = Pieces::none(archive);
        let file = Arc::new(file);
        let length = file
            .metadata()
            .map_err(|error| pieces.unreadable(error))?
            .len();
        let mut entries = Entries::new(Section::new(file.clone(), 0, length));
        while let Some(entry) = pieces.checked(entries.next())? {
            let start = entries.input().position();
            let part = match entry.kind {
                EntryType::Directory => continue,
                EntryType::Symlink => Part::Link(beside(&entry.path, &entry.link)),
                EntryType::Link => Part::Link(normal(entry.link)),
                _ => Part::Section {
                    file: file.clone(),
                    start,
                    length: entry.size,
                },
            };
            pieces.add(entry.path, part)?;
        }
        Ok(pieces)
    }

    /// An archive that goes by once.
    pub fn of_stream(
        archive: String,
        input: impl Input,
        options: &Options,
    ) -> Result<Pieces, ArchiveError> {
        let mut pieces = Pieces::none(archive);
        let mut documents = 0;
        let mut entries = Entries::new(input);
        while let Some(entry) = pieces.checked(entries.next())? {
            let part = match entry.kind {
                EntryType::Directory => continue,
                EntryType::Symlink => Part::Link(beside(&entry.path, &entry.link)),
                EntryType::Link => Part::Link(normal(entry.link)),
                _ => {
                    let mut data = entries.data();
                    let part = read_part(&mut data, entry.size, &mut documents, options);
                    pieces.checked(part.map_err(|error| Fault::new(&entry.path, error)))?
                }
            };
            pieces.add(entry.path, part)?;
        }
        pieces.checked(entries.pass_rest())?;
        Ok(pieces)
    }

    fn none(archive: String) -> Pieces {
        Pieces {
            archive,
            parts: BTreeMap::new(),
            folder: None,
        }
    }

    fn add(&mut self, path: Vec<u8>, part: Part) -> Result<(), ArchiveError> {
        if self.parts.len() >= MAX_PIECES {
            return Err(self.unreadable(format!("it has more than {MAX_PIECES} entries")));
        }
        self.parts.insert(path, part);
        Ok(())
    }

    pub fn has(&self, name: &str) -> bool {
        match &self.folder {
            Some(folder) => folder.join(name).is_file(),
            None => self.parts.contains_key(name.as_bytes()),
        }
    }

    /// All of the document `name`.
    pub fn document(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let (mut section, length) = match self.part(name)? {
            Found::Read(Part::Document(bytes)) => return Ok(bytes.clone()),
            Found::Read(_) => return Err(self.fault(name, "it is no JSON, or too long")),
            Found::Section(file, start, length) => (Section::new(file, start, length), length),
        };
        if length > MAX_DOCUMENT {
            return Err(self.fault(name, format!("a document of {length} bytes is too long")));
        }
        let mut bytes = Vec::new();
        section
            .read_to_end(&mut bytes)
            .map_err(|error| self.fault(name, error))?;
        if (bytes.len() as u64) < length {
            return Err(self.fault(name, "it is cut off"));
        }
        Ok(bytes)
    }

    /// The layer `name`.
    pub fn layer(&self, name: &str, options: &Options) -> Result<Blob, ArchiveError> {
        let read = match self.part(name)? {
            Found::Read(Part::Layer(Ok(blob))) => return Ok(blob.clone()),
            Found::Read(Part::Layer(Err(fault))) => Err(fault.clone()),
            Found::Section(file, start, length) => blob::read_section(
                || Section::new(file.clone(), start, length),
                length,
                options.reading,
                options.verify,
            ),
            Found::Read(_) => Err(Fault::new(
                b"",
                "this is no tar archive, be it compressed by gzip, by zstd or not",
            )),
        };
        read.map_err(|fault| match fault.entry {
            Some(entry) => self.fault(name, format!("{}: {}", Shown(&entry), fault.reason)),
            None => self.fault(name, fault.reason),
        })
    }

    /// What is wrong with the part `name`.
    pub fn fault(&self, name: &str, reason: impl ToString) -> ArchiveError {
        ArchiveError::Entry {
            archive: self.archive.clone(),
            entry: name.as_bytes().to_vec(),
            reason: reason.to_string(),
        }
    }

    pub fn unreadable(&self, reason: impl ToString) -> ArchiveError {
        ArchiveError::Unreadable {
            archive: self.archive.clone(),
            reason: reason.to_string(),
        }
    }

    fn checked<T>(&self, result: Result<T, Fault>) -> Result<T, ArchiveError> {
        result.map_err(|fault| match fault.entry {
            Some(entry) => ArchiveError::Entry {
                archive: self.archive.clone(),
                entry,
                reason: fault.reason,
            },
            None => self.unreadable(fault.reason),
        })
    }

    /// The part that `name` means, behind all links.
    fn part(&self, name: &str) -> Result<Found<'_>, ArchiveError> {
        if let Some(folder) = &self.folder {
            let file = open_file(&folder.join(name));
            let (file, length) = file.map_err(|error| self.fault(name, error))?;
            return Ok(Found::Section(Arc::new(file), 0, length));
        }
        let mut path = name.as_bytes();
        for _ in 0..=MAX_LINKS {
            match self.parts.get(path) {
                Some(Part::Link(to)) => path = to,
                Some(Part::Section {
                    file,
                    start,
                    length,
                }) => return Ok(Found::Section(file.clone(), *start, *length)),
                Some(part) => return Ok(Found::Read(part)),
                None => return Err(self.fault(name, "the archive has no such file")),
            }
        }
        Err(self.fault(name, "its links lead in a circle"))
    }
}

/// A file and its length. A pipe, which would keep whoever opens it waiting, is none.
pub fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let metadata = path.metadata()?;
    match metadata.is_file() {
        true => Ok((File::open(path)?, metadata.len())),
        false => Err(io::Error::other("this is no file")),
    }
}

/// What a symbolic link at `path` leads to, from the root of the archive.
fn beside(path: &[u8], link: &[u8]) -> Vec<u8> {
    let folder = memchr::memrchr(b'/', path).and_then(|slash| path.get(..slash));
    let mut parts: Vec<&[u8]> = match link.starts_with(b"/") {
        true => Vec::new(),
        false => folder
            .map(|folder| folder.split(|byte| *byte == b'/').collect())
            .unwrap_or_default(),
    };
    for part in link.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

fn read_part(
    data: &mut impl Input,
    length: u64,
    documents: &mut u64,
    options: &Options,
) -> io::Result<Part> {
    let mut head = blob::head(data)?;
    let begins = head.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(begins, Some(b'{' | b'[')) && length <= MAX_DOCUMENT {
        *documents += length;
        if *documents > MAX_DOCUMENTS {
            return Err(io::Error::other("the archive holds too many documents"));
        }
        data.read_to_end(&mut head)?;
        return Ok(Part::Document(head));
    }
    if !blob::may_be_layer(&head) {
        return Ok(Part::Other);
    }
    let layer = blob::read_stream(head, data, length, options.reading, options.verify);
    Ok(Part::Layer(layer))
}
