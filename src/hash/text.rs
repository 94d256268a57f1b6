//! A digest, and reading and writing it in any spelling that Nix takes.
//!
//! The rules are those of `Hash::parseAny` in Nix's `libutil/hash.cc`.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{BASE64, Encoding, HEXLOWER, HEXLOWER_PERMISSIVE, Specification};

use super::{Algo, Spelling, nix32};

/// Base 64 as Nix reads it: padding may be missing, left-over bits are not looked at.
static BASE64_READ: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    spec.check_trailing_bits = false;
    spec.encoding()
        .expect("64 symbols without padding are an encoding")
});

/// An algorithm and a digest of its length. [`fmt::Display`] writes it as SRI.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash {
    algo: Algo,
    digest: Vec<u8>,
}

impl Hash {
    /// `None` when `digest` is not as long as `algo` says.
    pub fn new(algo: Algo, digest: Vec<u8>) -> Option<Hash> {
        (digest.len() == algo.digest_len()).then_some(Hash { algo, digest })
    }

    /// For the hasher, whose digests have their length by construction.
    pub(super) fn from_digest(algo: Algo, digest: Vec<u8>) -> Hash {
        debug_assert_eq!(digest.len(), algo.digest_len());
        Hash { algo, digest }
    }

    pub fn algo(&self) -> Algo {
        self.algo
    }

    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    pub fn spell(&self, spelling: Spelling) -> String {
        let digest = &self.digest;
        match spelling {
            Spelling::Sri => format!("{}-{}", self.algo, BASE64.encode(digest)),
            Spelling::Base16 => HEXLOWER.encode(digest),
            Spelling::Nix32 => nix32::encode(digest),
            Spelling::Base64 => BASE64.encode(digest),
            Spelling::PrefixedBase16 => format!("{}:{}", self.algo, HEXLOWER.encode(digest)),
            Spelling::PrefixedNix32 => format!("{}:{}", self.algo, nix32::encode(digest)),
            Spelling::PrefixedBase64 => format!("{}:{}", self.algo, BASE64.encode(digest)),
        }
    }

    /// Whether this is nobody's digest but a stand-in for one: all zero bits, which is what
    /// `lib.fakeHash` (all `A`) and `lib.fakeSha256` (all `0`) decode to.
    pub fn is_placeholder(&self) -> bool {
        self.digest.iter().all(|byte| *byte == 0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spell(Spelling::Sri))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hash as it stands in a source: what it says and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashText {
    pub hash: Hash,
    pub spelling: Spelling,
}

/// Why a text is not a hash that Nix would take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// `hash = ""` is how people ask Nix for the hash: a placeholder without a spelling.
    #[error("the hash is empty")]
    Empty,
    #[error(
        "`{0}` does not say its algorithm; write it as SRI (`sha256-...`) or with a prefix (`sha256:...`)"
    )]
    NoAlgo(String),
    #[error("`{text}`: `{name}` is no hash algorithm of Nix's: md5, sha1, sha256 or sha512")]
    UnknownAlgo { text: String, name: String },
    #[error("`{text}` is a {named} hash where {implied} is wanted")]
    OtherAlgo {
        text: String,
        named: Algo,
        implied: Algo,
    },
    #[error(
        "`{text}` is not as long as a {algo} hash in any spelling: {} (base 16), {} (nix32) or {} (base 64) characters",
        .algo.digest_len() * 2, nix32::encoded_len(.algo.digest_len()), BASE64.encode_len(.algo.digest_len())
    )]
    Length { text: String, algo: Algo },
    #[error("`{text}` is as long as a {algo} hash in {encoding}, but does not decode as one")]
    Digits {
        text: String,
        algo: Algo,
        encoding: &'static str,
    },
}

impl HashText {
    /// Reads `text`. `algo` is what the place of the text implies: `sha256 = "..."` says SHA-256,
    /// `hash = "..."` says nothing. A text that names its own algorithm must agree with it.
    pub fn parse(text: &str, algo: Option<Algo>) -> Result<HashText, HashError> {
        if text.is_empty() {
            return Err(HashError::Empty);
        }
        // Neither `:` nor `-` occurs in any of the encodings.
        let (named, rest, sri) = match text.find([':', '-']) {
            Some(at) => {
                let (name, rest) = text.split_at(at);
                let named: Algo = name.parse().map_err(|_| HashError::UnknownAlgo {
                    text: text.to_owned(),
                    name: name.to_owned(),
                })?;
                (Some(named), &rest[1..], rest.starts_with('-'))
            }
            None => (None, text, false),
        };
        if let (Some(named), Some(implied)) = (named, algo)
            && named != implied
        {
            return Err(HashError::OtherAlgo {
                text: text.to_owned(),
                named,
                implied,
            });
        }
        let algo = named
            .or(algo)
            .ok_or_else(|| HashError::NoAlgo(text.to_owned()))?;
        let (digest, bare) = decode(text, rest, algo, sri)?;
        let spelling = match named {
            _ if sri => Spelling::Sri,
            Some(_) => bare.prefixed(),
            None => bare,
        };
        Ok(HashText {
            hash: Hash { algo, digest },
            spelling,
        })
    }
}

/// Tells the encoding of `rest` by its length, as Nix does. `text` is what errors quote.
fn decode(text: &str, rest: &str, algo: Algo, sri: bool) -> Result<(Vec<u8>, Spelling), HashError> {
    let len = algo.digest_len();
    let base64_len = BASE64.encode_len(len);
    let (digest, spelling, encoding) = if sri || rest.len() == base64_len {
        let digits = rest.trim_end_matches('=');
        if digits.len() != BASE64_READ.encode_len(len) || rest.len() > base64_len {
            return Err(HashError::Length {
                text: text.to_owned(),
                algo,
            });
        }
        let digest = BASE64_READ.decode(digits.as_bytes()).ok();
        (digest, Spelling::Base64, "base 64")
    } else if rest.len() == len * 2 {
        let digest = HEXLOWER_PERMISSIVE.decode(rest.as_bytes()).ok();
        (digest, Spelling::Base16, "base 16")
    } else if rest.len() == nix32::encoded_len(len) {
        (nix32::decode(rest), Spelling::Nix32, "nix32")
    } else {
        return Err(HashError::Length {
            text: text.to_owned(),
            algo,
        });
    };
    match digest {
        Some(digest) => Ok((digest, spelling)),
        None => Err(HashError::Digits {
            text: text.to_owned(),
            algo,
            encoding,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zero(algo: Algo) -> Hash {
        Hash::new(algo, vec![0; algo.digest_len()]).unwrap()
    }

    #[test]
    fn the_algorithm_comes_from_the_text_or_its_place() {
        let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let read = HashText::parse(sri, None).unwrap();
        assert_eq!(read.spelling, Spelling::Sri);
        assert_eq!(HashText::parse(sri, Some(Algo::Sha256)).unwrap(), read);
        assert!(matches!(
            HashText::parse(sri, Some(Algo::Sha512)),
            Err(HashError::OtherAlgo {
                named: Algo::Sha256,
                implied: Algo::Sha512,
                ..
            })
        ));
        let hex = read.hash.spell(Spelling::Base16);
        assert_eq!(HashText::parse(&hex, None), Err(HashError::NoAlgo(hex)));
    }

    #[test]
    fn reads_what_nix_reads() {
        let unpadded = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
        let upper = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        let hash = HashText::parse(unpadded, None).unwrap().hash;
        let read = HashText::parse(upper, Some(Algo::Sha256)).unwrap();
        assert_eq!((read.hash, read.spelling), (hash, Spelling::Base16));
    }

    #[test]
    fn says_what_is_wrong() {
        let parse = |text: &str| HashText::parse(text, Some(Algo::Sha256)).unwrap_err();
        assert_eq!(parse(""), HashError::Empty);
        assert!(
            matches!(parse("sha3-AAAA"), HashError::UnknownAlgo { name, .. } if name == "sha3")
        );
        assert!(matches!(parse("sha256-AAAA"), HashError::Length { .. }));
        assert!(matches!(parse("sha256:"), HashError::Length { .. }));
        assert!(matches!(parse("ä"), HashError::Length { .. }));
        assert!(matches!(
            parse(&"g".repeat(64)),
            HashError::Digits {
                encoding: "base 16",
                ..
            }
        ));
        assert!(matches!(
            parse(&"e".repeat(52)),
            HashError::Digits {
                encoding: "nix32",
                ..
            }
        ));
        assert!(matches!(
            parse(&format!("sha256-{}", "?".repeat(43))),
            HashError::Digits { .. }
        ));
        let padded = format!("sha256-{}==", "A".repeat(43));
        assert!(matches!(parse(&padded), HashError::Length { .. }));
        let message = parse("0000").to_string();
        assert!(
            message.contains("64 (base 16), 52 (nix32) or 44 (base 64)"),
            "{message}"
        );
    }

    #[test]
    fn placeholders_are_zero_in_any_spelling() {
        for spelling in Spelling::ALL {
            let text = zero(Algo::Sha256).spell(spelling);
            let read = HashText::parse(&text, Some(Algo::Sha256)).unwrap();
            assert!(read.hash.is_placeholder(), "{text}");
        }
        let fake = format!("sha256-{}=", "A".repeat(43));
        assert_eq!(zero(Algo::Sha256).to_string(), fake);
        let mut digest = vec![0; 20];
        digest[19] = 1;
        assert!(!Hash::new(Algo::Sha1, digest).unwrap().is_placeholder());
    }

    proptest! {
        #[test]
        fn every_spelling_round_trips(bytes in prop::collection::vec(any::<u8>(), 64)) {
            for algo in Algo::ALL {
                let hash = Hash::new(algo, bytes[..algo.digest_len()].to_vec()).unwrap();
                for spelling in Spelling::ALL {
                    let text = hash.spell(spelling);
                    let implied = (!spelling.names_algo()).then_some(algo);
                    let read = HashText::parse(&text, implied).unwrap();
                    prop_assert_eq!(&read.hash, &hash);
                    prop_assert_eq!(read.spelling, spelling);
                }
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}", algo in prop::sample::select(Algo::ALL.to_vec())) {
            if let Ok(read) = HashText::parse(&text, Some(algo)) {
                let again = HashText::parse(&read.hash.spell(read.spelling), Some(algo)).unwrap();
                prop_assert_eq!(again, read);
            }
        }
    }
}
