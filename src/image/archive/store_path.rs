//! Store paths in the names of files, and the hash parts of store paths in what files hold.
//!
//! A reference is found as Nix finds it, by its hash part, where that stands behind the name of a store: `/store/`
//! and 32 characters of Nix's base 32. Which store is not asked, so that any store's image can be read.

use std::collections::BTreeSet;

use memchr::memmem::Finder;

/// The hash part of a store path, as text.
pub type HashPart = [u8; HASH_PART];

const HASH_PART: usize = 32;
const STORE: &[u8] = b"store/";
/// As much of what stands behind the beginning of a reference as is looked at.
const AHEAD: usize = HASH_PART + 1;
/// Of one file: more is no program's.
const MAX_REFERENCES: usize = 4096;

/// How long the store path is that the file `path` is in, or is: `nix/store/HASH-NAME`. `None` when it is in none.
pub fn store_path_len(path: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(path.get(from..)?, STORE)?;
        from = at + STORE.len();
        let is_folder = at == 0 || path.get(at - 1) == Some(&b'/');
        if is_folder && hash_part(path.get(from..)?).is_some() {
            let rest = path.get(from..)?;
            let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
            return (end > HASH_PART + 1).then_some(from + end);
        }
    }
}

/// What `base`, the last component of a store path, begins with.
pub fn hash_part(base: &[u8]) -> Option<HashPart> {
    let hash = base.first_chunk::<HASH_PART>()?;
    let is_hash = base.get(HASH_PART) == Some(&b'-') && hash.iter().all(|byte| is_nix32(*byte));
    is_hash.then_some(*hash)
}

fn is_nix32(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'd' | b'f'..=b'n' | b'p'..=b's' | b'v'..=b'z')
}

/// Collects the references of one file, whose bytes come in pieces.
pub struct References {
    store: Finder<'static>,
    /// The end of the last piece, in which a reference may have begun.
    end: Vec<u8>,
    found: BTreeSet<HashPart>,
}

impl Default for References {
    fn default() -> References {
        References {
            store: Finder::new(b"/store/"),
            end: Vec::new(),
            found: BTreeSet::new(),
        }
    }
}

impl References {
    /// The next bytes of the file.
    pub fn take(&mut self, piece: &[u8]) {
        let reach = self.store.needle().len() + AHEAD;
        if !self.end.is_empty() {
            let mut seam = std::mem::take(&mut self.end);
            seam.extend_from_slice(piece.get(..reach).unwrap_or(piece));
            self.search(&seam);
            if piece.len() < reach {
                let surplus = seam.len().saturating_sub(reach);
                seam.drain(..surplus);
                self.end = seam;
                return;
            }
        }
        self.search(piece);
        let kept = piece.len().saturating_sub(reach);
        self.end
            .extend_from_slice(piece.get(kept..).unwrap_or_default());
    }

    fn search(&mut self, bytes: &[u8]) {
        let length = self.store.needle().len();
        for at in self.store.find_iter(bytes) {
            let found = bytes.get(at + length..).and_then(hash_part);
            if let Some(hash) = found
                && self.found.len() < MAX_REFERENCES
            {
                self.found.insert(hash);
            }
        }
    }

    /// What was found in the file, which is at its end.
    pub fn finish(&mut self) -> BTreeSet<HashPart> {
        self.end.clear();
        std::mem::take(&mut self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

    #[test]
    fn files_are_in_the_store_path_that_they_are_named_after() {
        let path = format!("nix/store/{HASH}-hello-2.12/bin/hello");
        let len = store_path_len(path.as_bytes()).unwrap();
        assert_eq!(path[..len], format!("nix/store/{HASH}-hello-2.12"));
        let custom = format!("tmp/a store/x/store/{HASH}-x");
        assert_eq!(store_path_len(custom.as_bytes()), Some(custom.len()));
        for none in [
            "",
            "nix/store",
            "nix/store/",
            "nix/store/.links/x",
            "etc/passwd",
            &format!("nix/store/{HASH}"),
            &format!("nix/store/{HASH}-"),
            &format!("nix/restore/{HASH}-x"),
            &format!("nix/store/{}-x", HASH.replace('0', "e")),
        ] {
            assert_eq!(store_path_len(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn references_are_found_wherever_pieces_end() {
        let other = HASH.replace("0123", "zzzz");
        let text = format!("x/nix/store/{HASH}-a/bin:/nix/store/{other}-b\0/nix/store/{HASH}");
        let expected: BTreeSet<HashPart> = [HASH, &other]
            .map(|hash| hash.as_bytes().try_into().unwrap())
            .into();
        for size in 1..=text.len() {
            let mut references = References::default();
            for piece in text.as_bytes().chunks(size) {
                references.take(piece);
            }
            assert_eq!(references.finish(), expected, "pieces of {size}");
            references.take(b"-x");
            assert_eq!(references.finish(), BTreeSet::new());
        }
    }
}
