//! The entries of a tar archive, one after the other, without unpacking: names, sizes, kinds; data is read or passed
//! over in place.
//!
//! The `tar` crate reads the headers. It would read names of any length into memory, and cannot pass over data of
//! archives in archives: walking from header to header is done here. Not here: what is in which file.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::input::{Input, Limited};

const BLOCK: usize = 512;
/// Of a long name, or of the attributes of one entry: more is an attack.
const MAX_EXTENSION: u64 = 1 << 20;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is written, but for `./`, `//` and a `/` at either end.
    pub path: Vec<u8>,
    pub kind: EntryType,
    /// Of the data that follows.
    pub size: u64,
    pub mode: u32,
    /// What a link leads to, as it is written.
    pub link: Vec<u8>,
    /// Whether the kernel gives whoever runs it more rights.
    pub has_capabilities: bool,
}

/// Why no entry can be read.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The entry that it is in, or the last one before it.
    pub entry: Option<Vec<u8>>,
    pub reason: String,
}

impl Fault {
    pub fn new(entry: &[u8], reason: impl ToString) -> Fault {
        Fault {
            entry: (!entry.is_empty()).then(|| entry.to_vec()),
            reason: reason.to_string(),
        }
    }
}

/// Walks from header to header.
pub struct Entries<I> {
    input: I,
    /// Of the current entry's data.
    left: u64,
    padding: u64,
    /// Its path.
    current: Vec<u8>,
}

/// What entries before the real one say of it.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    has_capabilities: bool,
}

impl<I: Input> Entries<I> {
    pub fn new(input: I) -> Entries<I> {
        Entries {
            input,
            left: 0,
            padding: 0,
            current: Vec::new(),
        }
    }

    pub fn input(&self) -> &I {
        &self.input
    }

    /// What is left of the data of the entry that [`Entries::next`] gave last.
    pub fn data(&mut self) -> Limited<'_, I> {
        Limited {
            input: &mut self.input,
            left: &mut self.left,
        }
    }

    /// The next entry; `None` at the end of the archive.
    pub fn next(&mut self) -> Result<Option<Entry>, Fault> {
        let mut extensions = Extensions::default();
        loop {
            self.pass_data()?;
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|error| self.fault(error))?;
            self.set_data(size)?;
            match kind {
                EntryType::GNULongName => extensions.path = Some(self.long_name()?),
                EntryType::GNULongLink => extensions.link = Some(self.long_name()?),
                EntryType::XHeader => {
                    let records = self.extension()?;
                    extensions.take(&records);
                }
                EntryType::XGlobalHeader => {}
                _ => return self.entry(&header, extensions).map(Some),
            }
        }
    }

    /// Reads what comes behind the end of the archive, if only for its digest.
    pub fn pass_rest(&mut self) -> Result<(), Fault> {
        while self
            .input
            .pass(1 << 20)
            .map_err(|error| self.fault(error))?
            > 0
        {}
        Ok(())
    }

    fn entry(&mut self, header: &Header, extensions: Extensions) -> Result<Entry, Fault> {
        let kind = header.entry_type();
        let path = extensions
            .path
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let path = normal(path);
        self.current.clone_from(&path);
        let size = match kind {
            // As Go and Python have it, whatever the header says.
            EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo => 0,
            _ => match extensions.size {
                Some(size) => size,
                None => header.entry_size().map_err(|error| self.fault(error))?,
            },
        };
        if kind == EntryType::GNUSparse && header.as_gnu().is_some_and(|gnu| gnu.is_extended()) {
            self.pass_sparse_maps()?;
        }
        self.set_data(size)?;
        let link = extensions
            .link
            .or_else(|| header.link_name_bytes().map(|link| link.into_owned()));
        Ok(Entry {
            path,
            kind,
            size,
            mode: header.mode().unwrap_or(0),
            link: link.unwrap_or_default(),
            has_capabilities: extensions.has_capabilities,
        })
    }

    fn set_data(&mut self, size: u64) -> Result<(), Fault> {
        if size > i64::MAX as u64 {
            return Err(self.fault(format!("it says that it is {size} bytes long")));
        }
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
        Ok(())
    }

    fn pass_data(&mut self) -> Result<(), Fault> {
        let left = self.left;
        let passed = self.data().pass(left);
        passed.map_err(|error| self.fault(error))?;
        let padding = std::mem::take(&mut self.padding);
        // The last padding may be missing.
        self.input
            .pass(padding)
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    fn header(&mut self) -> Result<Option<Header>, Fault> {
        let mut header = Header::new_old();
        let filled = fill(&mut self.input, header.as_mut_bytes()).map_err(|e| self.fault(e))?;
        match filled {
            0 => return Ok(None),
            BLOCK => {}
            _ => return Err(self.fault("it is cut off in a header")),
        }
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if header.cksum().ok() != Some(sum(bytes)) {
            return Err(self.fault("what follows is no header of a tar archive"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self) -> Result<Vec<u8>, Fault> {
        if self.left > MAX_EXTENSION {
            let reason = format!(
                "the name or the attributes after it take {} bytes",
                self.left
            );
            return Err(self.fault(reason));
        }
        let mut bytes = Vec::new();
        let read = self.data().read_to_end(&mut bytes);
        read.map_err(|error| self.fault(error))?;
        Ok(bytes)
    }

    fn long_name(&mut self) -> Result<Vec<u8>, Fault> {
        let mut name = self.extension()?;
        if let Some(end) = memchr::memchr(0, &name) {
            name.truncate(end);
        }
        Ok(name)
    }

    fn pass_sparse_maps(&mut self) -> Result<(), Fault> {
        loop {
            let mut map = tar::GnuExtSparseHeader::new();
            let filled = fill(&mut self.input, map.as_mut_bytes()).map_err(|e| self.fault(e))?;
            if filled < BLOCK {
                return Err(self.fault("it is cut off in the map of a sparse file"));
            }
            if !map.is_extended() {
                return Ok(());
            }
        }
    }

    fn fault(&self, reason: impl ToString) -> Fault {
        Fault::new(&self.current, reason)
    }
}

impl Extensions {
    /// Records of POSIX: `LENGTH KEY=VALUE\n`, with the length of all of it. What is none ends the list.
    fn take(&mut self, mut records: &[u8]) {
        while let Some((record, rest)) = next_record(records) {
            records = rest;
            let Some(equals) = memchr::memchr(b'=', record) else {
                continue;
            };
            let (key, value) = record.split_at(equals);
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = number(value).or(self.size),
                b"SCHILY.xattr.security.capability" => self.has_capabilities = true,
                _ => {}
            }
        }
    }
}

fn next_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', records)?;
    let length = usize::try_from(number(records.get(..space)?)?).ok()?;
    let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, records.get(length..)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn fill(input: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether `block` is the header of an entry, or the end of an archive without any.
pub fn begins_tar(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<BLOCK>() else {
        return block.is_empty();
    };
    block.iter().all(|byte| *byte == 0)
        || Header::from_byte_slice(block).cksum().ok() == Some(sum(block))
}

/// The checksum of a header: of its bytes, with spaces where the checksum itself stands.
fn sum(header: &[u8; BLOCK]) -> u32 {
    let all: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let own: u32 = header
        .iter()
        .skip(148)
        .take(8)
        .map(|byte| u32::from(*byte))
        .sum();
    all - own + 8 * 32
}

/// Without `./`, `//` and a `/` at either end. `..` stays: nothing is unpacked.
pub fn normal(path: Vec<u8>) -> Vec<u8> {
    let is_normal = !path.starts_with(b"/")
        && !path.ends_with(b"/")
        && !path.starts_with(b"./")
        && path != b"."
        && memchr::memmem::find(&path, b"//").is_none()
        && memchr::memmem::find(&path, b"/./").is_none();
    if is_normal {
        return path;
    }
    let parts = path.split(|byte| *byte == b'/');
    let parts: Vec<&[u8]> = parts
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_in_one_way() {
        for (written, path) in [
            ("./nix//store/", "nix/store"),
            ("/etc/./passwd", "etc/passwd"),
            ("a/../b", "a/../b"),
            ("./", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(normal(written.as_bytes().to_vec()), path.as_bytes());
        }
    }

    #[test]
    fn attributes_may_hold_any_bytes() {
        let mut extensions = Extensions::default();
        extensions.take(b"14 path=a\nb\xff\xfe\n12 size=123\n");
        assert_eq!(extensions.path.as_deref(), Some(&b"a\nb\xff\xfe"[..]));
        assert_eq!(extensions.size, Some(123));
        // A length that is too long, or none at all, ends them.
        let mut extensions = Extensions::default();
        extensions.take(b"99 path=a\n");
        extensions.take(b"path=a\n");
        extensions.take(b"3 \n18446744073709551615 path=a\n");
        assert_eq!(extensions.path, None);
    }
}
