//! The hash that Nix was told and the one that it got, out of the text of an error.
//!
//! For the texts of Nix's own errors: a builder may print anything, so its log is never read here. The formats are
//! those of the recorded outputs under `fixtures/nix-output`, each folder of which says where its format comes from.

use crate::hash::{Hash, HashText};

/// A FOD, or something fetched during evaluation, whose hash is not the one given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The FOD's store path. `None` during evaluation, and from Nix before 2.4.
    pub drv: Option<String>,
    /// Where the output with the right hash is: from Nix before 2.4, and from Lix since 2.94.
    pub output_path: Option<String>,
    /// What was fetched, as far as Nix says it.
    pub url: Option<String>,
    pub specified: Hash,
    pub got: Hash,
    /// Whether it is sure which of the two is which: of inputs, Nix 2.34 says it the wrong way round.
    /// [`Mismatch::got_for`] heeds it.
    pub is_order_sure: bool,
}

const DERIVATION: &str = "hash mismatch in fixed-output derivation '";
const DOWNLOAD: &str = "hash mismatch in file downloaded from '";
const INPUT: &str = "hash mismatch in input '";

impl Mismatch {
    /// The hash that Nix got where it was told `told`; `None` when this is about another.
    pub fn got_for(&self, told: &Hash) -> Option<&Hash> {
        if self.specified == *told {
            return Some(&self.got);
        }
        (!self.is_order_sure && self.got == *told).then_some(&self.specified)
    }

    /// All that the text of one error tells, in its order. Colours must be gone.
    pub fn parse_all(text: &str) -> Vec<Mismatch> {
        let mut found = Vec::new();
        let mut block: Option<Block> = None;
        for line in text.lines() {
            // What a builder printed, quoted below the error.
            if line.trim_start().starts_with('>') {
                continue;
            }
            if let Some(next) = Block::open(line) {
                found.extend(block.take().and_then(Block::close));
                block = Some(next);
            } else if let Some(block) = &mut block {
                block.take(line.trim());
            }
        }
        found.extend(block.and_then(Block::close));
        found
    }
}

/// The line that says so, and what the lines below it add.
#[derive(Default)]
struct Block {
    drv: Option<String>,
    output_path: Option<String>,
    url: Option<String>,
    specified: Option<Hash>,
    got: Option<Hash>,
    is_input: bool,
}

impl Block {
    fn open(line: &str) -> Option<Block> {
        if let Some(path) = quoted_after(line, DERIVATION) {
            let is_drv = path.ends_with(".drv");
            return Some(Block {
                drv: is_drv.then(|| path.to_owned()),
                output_path: (!is_drv).then(|| path.to_owned()),
                ..Block::default()
            });
        }
        if let Some(url) = quoted_after(line, DOWNLOAD) {
            return Some(Block {
                url: Some(url.to_owned()),
                ..Block::default()
            });
        }
        let url = quoted_after(line, INPUT)?;
        // All on this line: `…, expected 'HASH' but got 'HASH'`, `… (PATH), expected 'HASH', got 'HASH'`.
        let mut hashes = line.split('\'').filter_map(hash);
        Some(Block {
            url: Some(url.to_owned()),
            specified: hashes.next(),
            got: hashes.next(),
            is_input: true,
            ..Block::default()
        })
    }

    /// A later line wins: what is quoted of the derivation, the URL, comes first and could look like the others.
    fn take(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(": ") else {
            return;
        };
        let value = value.trim();
        match key {
            "specified" | "wanted" => self.specified = hash(value).or(self.specified.take()),
            "got" => self.got = hash(value).or(self.got.take()),
            // Lix says this of a derivation that names none.
            "likely URL" if value != "(unknown)" => self.url = Some(value.to_owned()),
            "got path" => self.output_path = Some(value.to_owned()),
            _ => {}
        }
    }

    fn close(self) -> Option<Mismatch> {
        Some(Mismatch {
            drv: self.drv,
            output_path: self.output_path,
            url: self.url,
            specified: self.specified?,
            got: self.got?,
            is_order_sure: !self.is_input,
        })
    }
}

fn hash(text: &str) -> Option<Hash> {
    HashText::parse(text, None).ok().map(|text| text.hash)
}

/// What stands between `before`, which ends in a quote, and the next quote.
fn quoted_after<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAKE: &str = "sha256-AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const REAL: &str = "sha256-knb9U7Sdy/YWj4gjrvFIevLuTiMEt+5kEtunmYK5CoY=";

    fn sri(text: &str) -> Hash {
        HashText::parse(text, None).unwrap().hash
    }

    #[test]
    fn several_in_one_text_are_told_apart() {
        let text = format!(
            "while evaluating 'x':\nerror: hash mismatch in fixed-output derivation '/nix/store/a-x.drv':\n  \
             specified: {FAKE}\n     got:    {REAL}\nerror: hash mismatch in file downloaded from 'https://h/x':\n  \
             specified: {REAL}\n  got: {FAKE}\n… while calling"
        );
        let found = Mismatch::parse_all(&text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].drv.as_deref(), Some("/nix/store/a-x.drv"));
        assert_eq!(
            (&found[0].specified, &found[0].got),
            (&sri(FAKE), &sri(REAL))
        );
        assert_eq!(found[0].got_for(&sri(FAKE)), Some(&sri(REAL)));
        assert_eq!(found[0].got_for(&sri(REAL)), None);
        assert_eq!(found[1].url.as_deref(), Some("https://h/x"));
        assert_eq!(
            (&found[1].specified, &found[1].got),
            (&sri(REAL), &sri(FAKE))
        );
    }

    #[test]
    fn a_builders_words_are_not_taken_for_nixs() {
        let quoted = format!(
            "builder for '/nix/store/a-x.drv' failed with exit code 1;\n last 3 log lines:\n \
             > hash mismatch in fixed-output derivation '/nix/store/a-x.drv':\n > specified: {FAKE}\n > got: {REAL}"
        );
        assert!(Mismatch::parse_all(&quoted).is_empty());
        let in_url = format!(
            "hash mismatch in fixed-output derivation '/nix/store/a-x.drv':\n    likely URL: x\n got: {FAKE}\n     \
             specified: {FAKE}\n           got: {REAL}\n expected path: /nix/store/c-x\n      got path: /nix/store/d-x"
        );
        assert_eq!(Mismatch::parse_all(&in_url)[0].got, sri(REAL));
    }

    #[test]
    fn half_a_message_is_none() {
        for text in [
            "",
            "hash mismatch in fixed-output derivation '",
            "hash mismatch in fixed-output derivation '/nix/store/a-x.drv':",
            "hash mismatch in fixed-output derivation '/nix/store/a-x.drv':\n specified: sha256-x\n got: sha256-y",
            "hash mismatch in input 'path:/x', expected 'x' but got 'y'",
        ] {
            assert!(Mismatch::parse_all(text).is_empty(), "{text}");
        }
    }
}
