//! One blob that holds a layer: how it is compressed, what is in it, whether it is what its digest says.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::Reading;
use super::compression::Compression;
use super::contents::{self, Contents};
use super::digest::{Digesting, digest_of_rest};
use super::entries::{Fault, begins_tar};
use super::input::{Input, Section};

/// As much of a blob as tells what it is: a header of a tar archive.
const HEAD: u64 = 512;

/// A layer as it is stored.
#[derive(Clone, Debug)]
pub struct Blob {
    pub compression: Compression,
    /// How many bytes are stored.
    pub stored: u64,
    /// `None` when nothing of it was to be read.
    pub contents: Option<Arc<Contents>>,
    /// The digest of what is stored, and that of the archive in it; taken only when it was asked for, the former
    /// only where reading it once more is cheap.
    pub digest: Option<String>,
    pub diff_id: Option<String>,
}

/// The first bytes of `input`, at most 512.
pub fn head(input: &mut impl Input) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether what begins with `head` may be a layer.
pub fn may_be_layer(head: &[u8]) -> bool {
    Compression::of(head) != Compression::None || begins_tar(head)
}

/// Reads a layer that lies in a file, decompressing it in a thread of its own.
pub fn read_section(
    section: impl Fn() -> Section,
    stored: u64,
    reading: Reading,
    verify: bool,
) -> Result<Blob, Fault> {
    let io = |error: io::Error| Fault::new(b"", error);
    let head = head(&mut section()).map_err(io)?;
    let compression = Compression::of(&head);
    let mut blob = Blob {
        compression,
        stored,
        contents: None,
        digest: None,
        diff_id: None,
    };
    if reading == Reading::Nothing && !verify {
        return Ok(blob);
    }
    let input = compression.undo_beside(section()).map_err(io)?;
    read(input, &mut blob, reading, verify)?;
    if verify {
        blob.digest = match compression {
            Compression::None => blob.diff_id.clone(),
            _ => Some(digest_of_rest(section()).map_err(io)?),
        };
    }
    Ok(blob)
}

/// Reads a layer that comes by in a stream.
pub fn read_stream(
    head: Vec<u8>,
    rest: impl Input,
    stored: u64,
    reading: Reading,
    verify: bool,
) -> Result<Blob, Fault> {
    let compression = Compression::of(&head);
    let mut blob = Blob {
        compression,
        stored,
        contents: None,
        digest: None,
        diff_id: None,
    };
    if reading == Reading::Nothing && !verify {
        return Ok(blob);
    }
    let input = Cursor::new(head).chain(rest);
    match compression {
        Compression::None => read(input, &mut blob, reading, verify)?,
        _ => {
            let input = compression.undo(input);
            let input = input.map_err(|error| Fault::new(b"", error))?;
            read(input, &mut blob, reading, verify)?;
        }
    }
    Ok(blob)
}

fn read(input: impl Input, blob: &mut Blob, reading: Reading, verify: bool) -> Result<(), Fault> {
    let with_references = reading == Reading::References;
    if !verify {
        blob.contents = Some(Arc::new(contents::read(input, with_references)?));
        return Ok(());
    }
    let mut digesting = Digesting::new(input);
    let read = contents::read(&mut digesting, with_references)?;
    blob.contents = Some(Arc::new(read));
    blob.diff_id = Some(digesting.finish());
    Ok(())
}
