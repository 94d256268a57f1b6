//! Where the parts of an index file lie, checked against bounds before anything decodes them: no path is longer than
//! the system's, no folder nested deeper, and what is not needed is left out.
//!
//! The format is that of `gitformat-index(5)`, with SHA-1.

use std::io;

const HASH: usize = 20;
/// The fields of an entry before its path, without the flags that version 3 adds.
const FIXED: usize = 40 + HASH + 2;
/// In bytes: Linux takes no longer path.
const MAX_PATH: usize = 4094;
/// In bytes, of all paths of an index together.
const MAX_PATHS: usize = 256 << 20;
/// No path of that length has more folders.
const MAX_DEPTH: usize = MAX_PATH / 2;
/// A node of the list of trees: an empty name, `-1 0`, and what separates them.
const MIN_TREE: usize = 6;

/// What an index file says, apart from what is left out.
pub(super) struct Layout {
    /// The file with only those extensions that change what the entries mean, and the list of trees.
    pub bounded: Vec<u8>,
    /// The checksum of the index that this one shares entries with, which is in its name.
    pub shared: Option<String>,
}

impl Layout {
    pub fn of(data: &[u8]) -> io::Result<Layout> {
        let damaged = || damaged("it is not laid out as git does");
        let body = data.len().checked_sub(HASH).and_then(|end| data.get(..end));
        let body = body.ok_or_else(damaged)?;
        let entries = end_of_entries(body).ok_or_else(damaged)?;
        let mut layout = Layout {
            bounded: body.get(..entries).ok_or_else(damaged)?.to_vec(),
            shared: None,
        };
        let mut rest = body.get(entries..).ok_or_else(damaged)?;
        while !rest.is_empty() {
            let (signature, size) = (rest.get(..4), number(rest, 4));
            let (Some(signature), Some(size)) = (signature, size) else {
                return Err(damaged());
            };
            let whole = size
                .checked_add(8)
                .and_then(|end| rest.split_at_checked(end));
            let (whole, after) = whole.ok_or_else(damaged)?;
            let content = whole.get(8..).unwrap_or_default();
            let kept = match signature {
                b"link" => {
                    let shared = content.get(..HASH).ok_or_else(damaged)?;
                    // Without a checksum the index stands alone.
                    if shared.iter().any(|byte| *byte != 0) {
                        layout.shared = Some(data_encoding::HEXLOWER.encode(shared));
                    }
                    true
                }
                b"TREE" => is_shallow(content),
                // What has to be understood, by its first letter, is gix's to refuse.
                _ => signature.first().is_some_and(u8::is_ascii_lowercase),
            };
            if kept {
                layout.bounded.extend_from_slice(whole);
            }
            rest = after;
        }
        layout.bounded.extend_from_slice(&[0; HASH]);
        Ok(layout)
    }
}

pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn number(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

fn end_of_entries(body: &[u8]) -> Option<usize> {
    let version = number(body, 4)?;
    let count = number(body, 8)?;
    if body.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let mut at: usize = 12;
    let mut before = 0;
    let mut all: usize = 0;
    for _ in 0..count {
        let flags = body.get(at.checked_add(FIXED - 2)?..)?.first_chunk::<2>()?;
        let flags = u16::from_be_bytes(*flags);
        let extended = flags & 0x4000 != 0;
        let path = at.checked_add(FIXED + if extended { 2 } else { 0 })?;
        let length = if version == 4 {
            let (strip, used) = offset(body.get(path..)?)?;
            let start = path.checked_add(used)?;
            let own = memchr::memchr(0, body.get(start..)?)?;
            at = start.checked_add(own)?.checked_add(1)?;
            usize::checked_sub(before, strip)?.checked_add(own)?
        } else {
            let own = usize::from(flags & 0x0fff);
            // The path, and zeros up to a multiple of eight bytes, of which there is one at least.
            let size = path.checked_add(own)?.checked_sub(at)?;
            at = at.checked_add((size.checked_add(8)?) & !7)?;
            own
        };
        all = all.checked_add(length)?;
        if length > MAX_PATH || all > MAX_PATHS || at > body.len() {
            return None;
        }
        before = length;
    }
    Some(at)
}

/// A number as packs write the offset of a delta, and how many bytes it takes.
fn offset(data: &[u8]) -> Option<(usize, usize)> {
    let mut value: usize = 0;
    for (at, byte) in data.iter().take(4).enumerate() {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}

/// Whether the folders of a list of trees are no deeper nested, and no more, than its bytes and paths allow.
fn is_shallow(mut rest: &[u8]) -> bool {
    // How many folders are still to come, in each folder around.
    let mut around: Vec<usize> = vec![1];
    let mut open: usize = 1;
    while let Some(left) = around.last_mut() {
        if *left == 0 {
            around.pop();
            continue;
        }
        *left -= 1;
        open -= 1;
        let Some((inside, after)) = node(rest) else {
            return false;
        };
        rest = after;
        around.push(inside);
        open = match open.checked_add(inside) {
            Some(open) if open <= rest.len() / MIN_TREE && around.len() <= MAX_DEPTH => open,
            _ => return false,
        };
    }
    rest.is_empty()
}

/// How many folders the first folder of a list has, and what follows it.
fn node(data: &[u8]) -> Option<(usize, &[u8])> {
    let name = memchr::memchr(0, data)?;
    let data = data.get(name + 1..)?;
    let space = memchr::memchr(b' ', data)?;
    let entries: i64 = std::str::from_utf8(data.get(..space)?).ok()?.parse().ok()?;
    let data = data.get(space + 1..)?;
    let end = memchr::memchr(b'\n', data)?;
    let inside = std::str::from_utf8(data.get(..end)?).ok()?.parse().ok()?;
    let skipped = end + 1 + if entries >= 0 { HASH } else { 0 };
    Some((inside, data.get(skipped..)?))
}
