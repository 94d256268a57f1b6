//! Digests as images write them: `sha256:` and 64 hexadecimal digits. Taking that of bytes that go by.

use std::io::{self, BufRead, Read};

use data_encoding::HEXLOWER;

use super::input::Input;
use crate::hash::{Algo, Hasher};

/// Of `bytes`.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(Algo::Sha256);
    hasher.update(bytes);
    written(hasher)
}

/// Of all that is left of `input`.
pub fn digest_of_rest(input: impl Input) -> io::Result<String> {
    let mut digesting = Digesting::new(input);
    while digesting.pass(1 << 20)? > 0 {}
    Ok(digesting.finish())
}

fn written(hasher: Hasher) -> String {
    format!("sha256:{}", HEXLOWER.encode(hasher.finish().digest()))
}

/// The file of an OCI layout that holds the blob `digest`. `None` when that is no digest.
pub fn blob_path(digest: &str) -> Option<String> {
    let (algorithm, encoded) = digest.split_once(':')?;
    let is_plain = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let is_digest = is_plain(algorithm, "+_-") && is_plain(encoded, "=_-");
    is_digest.then(|| format!("blobs/{algorithm}/{encoded}"))
}

/// Takes the digest of what goes by, also of what is passed over.
pub struct Digesting<I> {
    input: I,
    hasher: Hasher,
}

impl<I: Input> Digesting<I> {
    pub fn new(input: I) -> Digesting<I> {
        Digesting {
            input,
            hasher: Hasher::new(Algo::Sha256),
        }
    }

    /// Of what went by.
    pub fn finish(self) -> String {
        written(self.hasher)
    }
}

impl<I: Input> Read for Digesting<I> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<I: Input> BufRead for Digesting<I> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // Only what is in the buffer is ever consumed, and that can be looked at again.
        if let Ok(there) = self.input.fill_buf() {
            self.hasher.update(there.get(..count).unwrap_or(there));
        }
        self.input.consume(count);
    }
}

impl<I: Input> Input for Digesting<I> {}

#[cfg(test)]
mod tests {
    use super::blob_path;

    #[test]
    fn a_digest_leads_to_no_other_folder() {
        let path = blob_path("sha256:ab12").unwrap();
        assert_eq!(path, "blobs/sha256/ab12");
        for hostile in [
            "",
            "sha256",
            "sha256:",
            "sha256:../../etc/passwd",
            "..:x",
            "a/b:c",
            "a:b/c",
        ] {
            assert_eq!(blob_path(hostile), None, "{hostile}");
        }
    }
}
