//! Which files can hold a pin, told from their bytes: most files of a tree hold none and are never parsed.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use super::{fetcher, nixbuild, spork};

/// What nearly all names of fetchers begin with.
const FETCH: &str = "fetch";

/// Every word that marks a file which can hold a pin: one of them stands in each, but for a `flake.nix`.
pub fn words() -> impl Iterator<Item = &'static str> {
    in_nix().chain(nixbuild::NEEDLES.iter().copied())
}

fn in_nix() -> impl Iterator<Item = &'static str> {
    fetcher::functions().chain([spork::UPSTREAM])
}

/// Words of which a file with a pin holds at least one.
pub struct Needles {
    /// Looked for first, since looking for few words is many times as fast: [`FETCH`], and every word that does not
    /// begin with it.
    first: Vec<Finder<'static>>,
    /// All words; `None` when there are more than can be looked for at once.
    all: Option<AhoCorasick>,
    manifest: Vec<Finder<'static>>,
}

impl Needles {
    pub fn new() -> Needles {
        let first = in_nix().filter(|word| !word.starts_with(FETCH));
        Needles {
            first: first.chain([FETCH]).map(Finder::new).collect(),
            all: AhoCorasick::new(in_nix()).ok(),
            manifest: nixbuild::NEEDLES.iter().map(Finder::new).collect(),
        }
    }

    /// Whether a Nix file with these bytes is worth parsing.
    pub fn are_in_nix(&self, bytes: &[u8]) -> bool {
        self.first.iter().any(|word| word.find(bytes).is_some())
            && self.all.as_ref().is_none_or(|all| all.is_match(bytes))
    }

    /// Whether a YAML file with these bytes is.
    pub fn are_in_manifest(&self, bytes: &[u8]) -> bool {
        self.manifest.iter().any(|word| word.find(bytes).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_no_other() {
        let needles = Needles::new();
        for word in in_nix() {
            assert!(
                needles.are_in_nix(format!("a = pkgs.{word} b;").as_bytes()),
                "{word}"
            );
        }
        assert!(!needles.are_in_nix(b"this fetches upstream's image"));
        assert!(needles.are_in_manifest(b"  flakeUrl: x") && !needles.are_in_manifest(b"a: b"));
    }
}
