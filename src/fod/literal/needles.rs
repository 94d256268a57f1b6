//! Which files can hold a hash literal, told from their bytes: the others are never parsed.

use aho_corasick::AhoCorasick;

use super::text;

/// Words of which a Nix file has one that stands for a hash, or that reads a file of hashes.
const WORDS: [&str; 7] = [
    "fakeHash",
    "fakeSha",
    "readFile",
    "fileContents",
    "importJSON",
    "importTOML",
    ".json",
];

/// Words of which one is in the name of every hash.
const NAMES: [&str; 8] = ["hash", "Hash", "HASH", "sha", "Sha", "SHA", "md5", "MD5"];

pub struct Needles {
    /// `None` when they cannot be looked for at once, which is then not done.
    words: Option<AhoCorasick>,
    names: Option<AhoCorasick>,
}

impl Needles {
    pub fn new() -> Needles {
        Needles {
            words: AhoCorasick::new(WORDS.iter().chain(&[".toml"])).ok(),
            names: AhoCorasick::new(NAMES.iter().chain(&["sri", "checksum", "Checksum"])).ok(),
        }
    }

    /// Whether a Nix file with these bytes is worth parsing.
    pub fn are_in_nix(&self, bytes: &[u8]) -> bool {
        has_hash(bytes)
            || self
                .words
                .as_ref()
                .is_none_or(|words| words.is_match(bytes))
            || (has_stub(bytes)
                && self
                    .names
                    .as_ref()
                    .is_none_or(|names| names.is_match(bytes)))
    }

    /// Whether a JSON or TOML file with these bytes is.
    pub fn are_in_data(&self, bytes: &[u8]) -> bool {
        // In JSON a slash may be escaped.
        has_hash(bytes)
            || memchr::memchr(b'\\', bytes).is_some()
            || (has_stub(bytes)
                && self
                    .names
                    .as_ref()
                    .is_none_or(|names| names.is_match(bytes)))
    }
}

/// Between quotes: what has the length and characters of a hash.
fn has_hash(bytes: &[u8]) -> bool {
    quoted(bytes).any(|text| text.len() > 8 && text::may_be_hash(text))
}

/// Between quotes: nothing, or what stands in for a hash.
fn has_stub(bytes: &[u8]) -> bool {
    quoted(bytes).any(|text| std::str::from_utf8(text).is_ok_and(text::is_stub))
}

/// What may be in a hash, from each quote up to the next one.
fn quoted(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr2_iter(b'"', b'\'', bytes).filter_map(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let text = rest.get(spaces..).unwrap_or_default();
        let len = text
            .iter()
            .position(|byte| !text::is_digit(*byte))
            .unwrap_or(text.len());
        matches!(text.get(len), Some(b'"' | b'\'' | b' ')).then(|| &text[..len])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_hold_a_hash_is_parsed() {
        let needles = Needles::new();
        let hash = "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i";
        for text in [
            format!("{{ a = \"{hash}\"; }}"),
            format!("{{ a = ''  {hash}''; }}"),
            "{ hash = \"\"; }".into(),
            "{ hash = ''''; }".into(),
            "{ vendorSha256 = \"sha256-AAA=\"; }".into(),
            "{ h = lib.fakeHash; }".into(),
            "{ h = lib.importJSON ./x; }".into(),
        ] {
            assert!(needles.are_in_nix(text.as_bytes()), "{text}");
        }
        for text in [
            "{ hash = throw \"no\"; }",
            "{ prefix = \"\"; }",
            "{ src = \"github:o/r\"; }",
        ] {
            assert!(!needles.are_in_nix(text.as_bytes()), "{text}");
        }
    }
}
