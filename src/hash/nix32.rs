//! Nix's own base 32: without `e`, `o`, `t` and `u`, the least significant digit last.
//!
//! Read backwards it is plain base 32 that takes the low bits of the first byte first.
//! Source: `printHash32` and `parse` in Nix's `libutil/hash.cc`.

use std::sync::LazyLock;

use data_encoding::{BitOrder, Encoding, Specification};

static BACKWARDS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdfghijklmnpqrsvwxyz");
    spec.bit_order = BitOrder::LeastSignificantFirst;
    spec.encoding()
        .expect("32 symbols without padding are an encoding")
});

/// How many characters `bytes` bytes take.
pub fn encoded_len(bytes: usize) -> usize {
    BACKWARDS.encode_len(bytes)
}

pub fn encode(bytes: &[u8]) -> String {
    BACKWARDS.encode(bytes).chars().rev().collect()
}

/// `None` when a character is none of the alphabet, or the length or the left-over bits fit no bytes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let backwards: Vec<u8> = text.bytes().rev().collect();
    BACKWARDS.decode(&backwards).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_nix_prints_it() {
        // nix-hash --type sha256 --to-base32 of the digest of no bytes.
        let empty = data_encoding::HEXLOWER
            .decode(b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            .unwrap();
        let text = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        assert_eq!(encode(&empty), text);
        assert_eq!(decode(text), Some(empty));
        assert_eq!(encoded_len(32), 52);
    }

    #[test]
    fn refuses_what_is_no_digest() {
        // The first character holds one bit of a 32-byte digest: `z` would be five.
        assert_eq!(decode(&format!("z{}", "0".repeat(51))), None);
        for letter in ["e", "o", "t", "u", "A", "-", "ä"] {
            assert_eq!(decode(&letter.repeat(52)), None, "{letter}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }
}
