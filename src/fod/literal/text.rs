//! Reading a text as a hash where its place may or may not say of which algorithm.

use crate::hash::{Algo, HashText, Spelling};

/// The hash that `text` says. `algo` is what its place implies, `is_named` whether that speaks of a hash at all: where
/// it doesn't, what is most likely something else is none.
pub fn read(text: &str, algo: Option<Algo>, is_named: bool) -> Option<HashText> {
    let read = decode(text, algo)?;
    (is_named || !is_unlikely(text, &read)).then_some(read)
}

fn decode(text: &str, algo: Option<Algo>) -> Option<HashText> {
    if let Ok(read) = HashText::parse(text, None) {
        return Some(read);
    }
    match algo {
        Some(algo) => HashText::parse(text, Some(algo)).ok(),
        // 32 characters are MD5 in base 16 or SHA-1 in nix32; of the latter hardly any are hexadecimal throughout.
        None => [Algo::Sha256, Algo::Sha512, Algo::Md5, Algo::Sha1]
            .iter()
            .find_map(|algo| HashText::parse(text, Some(*algo)).ok()),
    }
}

/// The fewest different characters that a digest may have. Of a billion digests none has fewer.
const MIN_DISTINCT: usize = 6;

/// A git revision, or a row of `x`.
fn is_unlikely(text: &str, read: &HashText) -> bool {
    if read.spelling == Spelling::Base16 && read.hash.algo() == Algo::Sha1 {
        return true;
    }
    let mut seen: Vec<u8> = text.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    !read.spelling.names_algo() && seen.len() < MIN_DISTINCT
}

/// Whether `text` stands in for a hash and is none for its length: nothing, `sha256-`, `sha256-AAAA`, `0000`.
pub fn is_stub(text: &str) -> bool {
    let digits = match text.split_once(['-', ':']) {
        Some((algo, digits)) if algo.parse::<Algo>().is_ok() => digits,
        Some(_) => return false,
        None => text,
    };
    let digits = digits.trim_end_matches('=');
    digits.bytes().all(|b| b == b'A') || digits.bytes().all(|b| b == b'0')
}

/// The algorithm that a stub names.
pub fn stub_algo(text: &str) -> Option<Algo> {
    text.split_once(['-', ':'])?.0.parse().ok()
}

/// Whether `text` has the length and the characters of a hash, told fast. Never false of what [`read`] can read.
pub fn may_be_hash(text: &[u8]) -> bool {
    let is_prefixed = || {
        [&b"md5"[..], b"sha"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
    };
    let has_length = matches!(
        text.len(),
        24 | 26 | 28 | 32 | 40 | 44 | 52 | 64 | 88 | 103 | 128
    );
    (has_length || is_prefixed()) && text.iter().copied().all(is_digit)
}

/// Whether `byte` occurs in any spelling of a hash.
pub fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn lengths_tell_algorithms() {
        for algo in Algo::ALL {
            let digest: Vec<u8> = (1..=64u8)
                .take(algo.digest_len())
                .map(|n| n.wrapping_mul(37))
                .collect();
            let hash = Hash::new(algo, digest).unwrap();
            for spelling in Spelling::ALL {
                let text = hash.spell(spelling);
                let expected = HashText {
                    hash: hash.clone(),
                    spelling,
                };
                assert!(may_be_hash(text.as_bytes()), "{text}");
                assert_eq!(read(&text, None, true), Some(expected.clone()), "{text}");
                assert_eq!(read(&text, Some(algo), false).is_none(), is_rev(&expected));
            }
        }
    }

    fn is_rev(text: &HashText) -> bool {
        text.spelling == Spelling::Base16 && text.hash.algo() == Algo::Sha1
    }

    #[test]
    fn what_is_no_hash() {
        for text in [
            "",
            "x",
            "https://example.org/a.tar.gz",
            "sha256",
            "sha256-",
            "sha3-AAAA",
        ] {
            assert_eq!(read(text, None, true), None, "{text}");
        }
        let row = "x".repeat(32);
        assert!(read(&row, None, true).is_some() && read(&row, None, false).is_none());
        assert!(is_stub("") && is_stub("sha256-") && is_stub("sha256-AAAA=") && is_stub("000"));
        assert!(!is_stub("x") && !is_stub("name-AAAA") && !is_stub("sha256-BBBB"));
        assert_eq!(stub_algo("sha512-AAAA"), Some(Algo::Sha512));
    }
}
