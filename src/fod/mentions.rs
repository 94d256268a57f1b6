//! Mentions of store paths in the texts of a derivation, and what stands for them in its recipe.
//!
//! As Nix does it, a path is known by its hash part: 32 characters that occur by no accident. Not here: which
//! paths those are and what they mean (`recipe`).

use std::collections::HashMap;

use memchr::memmem;

/// The length of a store path's hash part.
const HASH_PART: usize = 32;

/// No text of a derivation holds it, so nothing that a user writes looks like a stand-in.
const MARK: u8 = 0;

/// 32 bytes of SHA-256.
pub(super) type Digest = [u8; 32];

/// What stands for a path.
pub(super) struct StandIn {
    /// In the workspace's part of the recipe.
    pub own: Vec<u8>,
    /// In the toolchain's part, in the order of the mentions.
    pub toolchain: Option<Digest>,
}

/// The paths that the texts of one derivation may mention.
pub(super) struct Mentions<'a> {
    store_dir: &'a str,
    known: HashMap<[u8; HASH_PART], Known>,
}

struct Known {
    /// What follows the hash part in the whole path: `-NAME`.
    tail: Vec<u8>,
    /// Whether the path lies in the store, or right at `/`, as the placeholders do.
    in_store: bool,
    stand_in: StandIn,
}

impl<'a> Mentions<'a> {
    pub fn new(store_dir: &'a str) -> Mentions<'a> {
        Mentions {
            store_dir,
            known: HashMap::new(),
        }
    }

    /// `path` is a store path, or a placeholder for one: `/` and 52 characters.
    pub fn add(&mut self, path: &str, stand_in: StandIn) {
        let base = path.rsplit('/').next().unwrap_or(path).as_bytes();
        let Some((hash, tail)) = base.split_first_chunk::<HASH_PART>() else {
            return;
        };
        let known = Known {
            tail: tail.to_owned(),
            in_store: path.len() > base.len() + 1,
            stand_in,
        };
        self.known.insert(*hash, known);
    }

    /// `text` with all mentions replaced and without the folder of the store. What the toolchain's mentions
    /// stand for is added to `toolchain`.
    pub fn replace(&self, text: &[u8], toolchain: &mut Vec<Digest>) -> Vec<u8> {
        let mut replaced = Vec::with_capacity(text.len());
        let mut rest = text;
        let mut at = 0;
        while let Some(window) = rest
            .get(at..)
            .and_then(|rest| rest.first_chunk::<HASH_PART>())
        {
            if let Some(other) = window.iter().rposition(|byte| !is_digit(*byte)) {
                at += other + 1;
                continue;
            }
            let Some(known) = self.known.get(window) else {
                at += 1;
                continue;
            };
            let (before, from) = rest.split_at(at);
            let after = from.get(HASH_PART..).unwrap_or_default();
            let lead = self.without_folder(before, known.in_store);
            let tail = after.strip_prefix(known.tail.as_slice());
            self.push_plain(lead.unwrap_or(before), &mut replaced);
            // The whole path, its last component, or part of that.
            let form = match (lead.is_some(), tail.is_some()) {
                (true, true) => b'p',
                (true, false) => b'd',
                (false, true) => b'n',
                (false, false) => b'h',
            };
            replaced.extend([MARK, form]);
            replaced.extend_from_slice(&known.stand_in.own);
            replaced.push(MARK);
            toolchain.extend(known.stand_in.toolchain);
            rest = tail.unwrap_or(after);
            at = 0;
        }
        self.push_plain(rest, &mut replaced);
        replaced
    }

    fn without_folder<'t>(&self, before: &'t [u8], in_store: bool) -> Option<&'t [u8]> {
        let before = before.strip_suffix(b"/")?;
        match in_store {
            true => before.strip_suffix(self.store_dir.as_bytes()),
            false => Some(before),
        }
    }

    fn push_plain(&self, mut text: &[u8], to: &mut Vec<u8>) {
        let store_dir = self.store_dir.as_bytes();
        if !store_dir.is_empty() {
            while let Some(at) = memmem::find(text, store_dir) {
                let (before, from) = text.split_at(at);
                to.extend_from_slice(before);
                to.extend([MARK, b's', MARK]);
                text = from.get(store_dir.len()..).unwrap_or_default();
            }
        }
        to.extend_from_slice(text);
    }
}

/// Whether `byte` is a digit of nix32.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'd' | b'f'..=b'n' | b'p'..=b's' | b'v'..=b'z')
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn replace(text: &str) -> (String, usize) {
        let mut mentions = Mentions::new("/nix/store");
        let stand_in = StandIn {
            own: b"A".to_vec(),
            toolchain: Some([1; 32]),
        };
        mentions.add(&format!("/nix/store/{A}-a-1"), stand_in);
        let stand_in = StandIn {
            own: b"P".to_vec(),
            toolchain: None,
        };
        mentions.add(&format!("/{}", "1".repeat(52)), stand_in);
        let mut toolchain = Vec::new();
        let replaced = mentions.replace(text.as_bytes(), &mut toolchain);
        (
            String::from_utf8(replaced).unwrap().replace('\0', "|"),
            toolchain.len(),
        )
    }

    #[test]
    fn every_form_of_a_path_is_known() {
        let path = format!("/nix/store/{A}-a-1");
        assert_eq!(
            replace(&format!("x={path}/bin:{path}")),
            ("x=|pA|/bin:|pA|".into(), 2)
        );
        assert_eq!(replace(&format!("{A}-a-1")), ("|nA|".into(), 1));
        assert_eq!(replace(&format!("zz{A}!")), ("zz|hA|!".into(), 1));
        assert_eq!(replace(&format!("/nix/store/{A}")), ("|dA|".into(), 1));
        assert_eq!(
            replace(&format!("/{}/x", "1".repeat(52))),
            ("|pP|/x".into(), 0)
        );
    }

    #[test]
    fn what_is_unknown_stays_but_for_the_folder() {
        let other = "1".repeat(31);
        assert_eq!(replace(&other), (other.clone(), 0));
        assert_eq!(
            replace(&format!("/nix/store/{other}0-b /nix/store")),
            (format!("|s|/{other}0-b |s|"), 0)
        );
        assert_eq!(replace(""), (String::new(), 0));
    }
}
