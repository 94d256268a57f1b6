//! What the place of a text says about it, and so whether the text is a hash literal.

use super::Kind;
use super::text;
use super::word::{Says, says};
use crate::hash::{Algo, Spelling};
use crate::syntax::is_system;

/// What is known of a value from the names around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The names speak of a hash.
    pub is_hash: bool,
    /// They speak of something that may look like one.
    pub is_other: bool,
    pub algo: Option<Algo>,
}

impl Meaning {
    /// `names` are those that the value is bound to, innermost first, `taken_as` those that it is bound to by its own
    /// name; `beside` gives the text of an attribute beside it.
    pub fn of(
        names: &[String],
        taken_as: &[String],
        beside: impl Fn(&str) -> Option<String>,
    ) -> Meaning {
        let own: Vec<Says> = names
            .iter()
            .filter(|name| !is_system(name))
            .map(|name| says(name))
            .collect();
        let taken: Vec<Says> = taken_as.iter().map(|name| says(name)).collect();
        let speaks = |said: &Says| matches!(said, Says::Hash(_) | Says::Hashes);
        let is_taken = taken.iter().any(speaks);
        let is_other = own.first() == Some(&Says::Other) && !is_taken;
        let is_hash = is_taken || (!is_other && own.iter().any(speaks));
        let named = own.iter().chain(&taken).find_map(|said| match said {
            Says::Hash(algo) => *algo,
            _ => None,
        });
        let algo = match is_hash {
            true => named.or_else(|| {
                ["outputHashAlgo", "hashAlgo"]
                    .iter()
                    .find_map(|name| beside(name)?.parse().ok())
            }),
            false => named,
        };
        Meaning {
            is_hash,
            is_other,
            algo,
        }
    }

    /// What `value` is in this place, and its algorithm; `None` when it is no hash literal.
    pub fn of_text(&self, value: &str) -> Option<(Kind, Algo)> {
        match text::read(value, self.algo, self.is_hash) {
            // An image's digest is written in base 16; as SRI it is Nix's.
            Some(read) if self.is_other && read.spelling != Spelling::Sri => None,
            Some(read) => {
                let algo = read.hash.algo();
                Some((Kind::Hash(read), algo))
            }
            None if self.is_hash && text::is_stub(value) => {
                let algo = text::stub_algo(value).or(self.algo);
                Some((Kind::Placeholder, algo.unwrap_or(Algo::Sha256)))
            }
            None => None,
        }
    }
}
