//! What names say about the values that are bound to them: whether these are hashes, and which.

use crate::hash::Algo;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It is a hash, of this algorithm where that is part of the name.
    Hash(Option<Algo>),
    /// It holds hashes by other names.
    Hashes,
    /// It is something else that may look like one: a revision, an image's digest.
    Other,
    Nothing,
}

/// Last words of names of things that may look like hashes and are none of a fixed-output derivation.
const OTHER: [&str; 13] = [
    "rev", "revs", "ref", "tag", "commit", "branch", "revision", "version", "digest", "digests",
    "id", "uuid", "url",
];

/// Words of names that speak of hashes without holding one.
const ABOUT: [&str; 19] = [
    "commit",
    "algo",
    "algorithm",
    "mode",
    "type",
    "format",
    "kind",
    "password",
    "passwd",
    "secret",
    "func",
    "function",
    "length",
    "len",
    "file",
    "path",
    "name",
    "command",
    "cmd",
];

const ALGOS: [(&str, Algo); 4] = [
    ("md5", Algo::Md5),
    ("sha1", Algo::Sha1),
    ("sha256", Algo::Sha256),
    ("sha512", Algo::Sha512),
];

/// What `name` says: `depsSha256`, `hash-linux`, `outputHashes`.
pub fn says(name: &str) -> Says {
    let words = words(name);
    let Some(last) = words.last() else {
        return Says::Nothing;
    };
    if OTHER.contains(&last.as_str()) {
        return Says::Other;
    }
    if words.iter().any(|word| ABOUT.contains(&word.as_str())) {
        return Says::Nothing;
    }
    let algo = words.iter().find_map(|word| {
        let rest = |name| word.strip_prefix(name).or_else(|| word.strip_suffix(name));
        ALGOS
            .iter()
            .find(|(name, _)| {
                rest(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            })
            .map(|(_, algo)| *algo)
    });
    let is_plural = |word: &str| {
        word.ends_with("hashes")
            || ALGOS
                .iter()
                .any(|(name, _)| word.strip_suffix('s') == Some(name))
    };
    if is_plural(last) {
        return Says::Hashes;
    }
    let is_hash =
        |word: &String| word.ends_with("hash") || ["sri", "checksum"].contains(&word.as_str());
    match algo.is_some() || words.iter().any(is_hash) {
        true => Says::Hash(algo),
        false => Says::Nothing,
    }
}

/// The words of a name in lower case: `vendor`, `sha256` for `vendorSha256` and `vendor-sha256`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_of_hashes() {
        use Says::*;
        for (name, expected) in [
            ("hash", Hash(None)),
            ("outputHash", Hash(None)),
            ("npmDepsHash", Hash(None)),
            ("srchash", Hash(None)),
            ("narHash", Hash(None)),
            ("hash-aarch64", Hash(None)),
            ("sha256", Hash(Some(Algo::Sha256))),
            ("vendorSha256", Hash(Some(Algo::Sha256))),
            ("depsSHA512", Hash(Some(Algo::Sha512))),
            ("sha256sum", Hash(Some(Algo::Sha256))),
            ("srcSha1", Hash(Some(Algo::Sha1))),
            ("md5", Hash(Some(Algo::Md5))),
            ("outputHashes", Hashes),
            ("sha256s", Hashes),
            ("outputHashAlgo", Nothing),
            ("outputHashMode", Nothing),
            ("hashedPassword", Nothing),
            ("passwordHash", Nothing),
            ("hashicorp", Nothing),
            ("publicKey", Nothing),
            ("commitHash", Nothing),
            ("", Nothing),
            ("→", Nothing),
            ("upstreamRev", Other),
            ("imageDigest", Other),
            ("rev", Other),
        ] {
            assert_eq!(says(name), expected, "{name}");
        }
    }
}
