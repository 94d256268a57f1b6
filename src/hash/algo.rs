//! The digests that Nix takes, and taking them.

use std::fmt;
use std::io;
use std::str::FromStr;

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::Hash;

/// A digest that every supported Nix knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algo {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algo {
    pub const ALL: [Algo; 4] = [Algo::Md5, Algo::Sha1, Algo::Sha256, Algo::Sha512];

    /// The name that Nix uses: in `outputHashAlgo`, before the `-` of an SRI and the `:` of a prefix.
    pub fn name(self) -> &'static str {
        match self {
            Algo::Md5 => "md5",
            Algo::Sha1 => "sha1",
            Algo::Sha256 => "sha256",
            Algo::Sha512 => "sha512",
        }
    }

    /// How many bytes the digest has.
    pub fn digest_len(self) -> usize {
        match self {
            Algo::Md5 => 16,
            Algo::Sha1 => 20,
            Algo::Sha256 => 32,
            Algo::Sha512 => 64,
        }
    }
}

impl fmt::Display for Algo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algo {
    type Err = UnknownAlgo;

    fn from_str(name: &str) -> Result<Algo, UnknownAlgo> {
        Algo::ALL
            .into_iter()
            .find(|algo| algo.name() == name)
            .ok_or_else(|| UnknownAlgo(name.to_owned()))
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no hash algorithm of Nix's: md5, sha1, sha256 or sha512")]
pub struct UnknownAlgo(String);

/// Takes the digest of the bytes written to it.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    pub fn new(algo: Algo) -> Hasher {
        Hasher(match algo {
            Algo::Md5 => State::Md5(Md5::new()),
            Algo::Sha1 => State::Sha1(Sha1::new()),
            Algo::Sha256 => State::Sha256(Sha256::new()),
            Algo::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    pub fn finish(self) -> Hash {
        let (algo, bytes) = match self.0 {
            State::Md5(state) => (Algo::Md5, state.finalize().to_vec()),
            State::Sha1(state) => (Algo::Sha1, state.finalize().to_vec()),
            State::Sha256(state) => (Algo::Sha256, state.finalize().to_vec()),
            State::Sha512(state) => (Algo::Sha512, state.finalize().to_vec()),
        };
        Hash::from_digest(algo, bytes)
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::hash::Spelling;

    #[test]
    fn digests_of_the_standards() {
        // RFC 1321 A.5 and the examples of FIPS 180, each for "abc".
        for (algo, expected) in [
            (Algo::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algo::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                Algo::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algo::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let mut hasher = Hasher::new(algo);
            hasher.write_all(b"ab").unwrap();
            hasher.write_all(b"c").unwrap();
            let hash = hasher.finish();
            assert_eq!(hash.spell(Spelling::Base16), expected);
            assert_eq!(hash.digest().len(), algo.digest_len());
            assert_eq!(algo.name().parse(), Ok(algo));
        }
        assert!("sha3".parse::<Algo>().is_err());
    }
}
