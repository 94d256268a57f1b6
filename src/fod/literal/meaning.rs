//! What the place of a text says about it, and so whether the text is a hash literal.

use super::Kind;
use super::text;
use super::word::{Says, says};
use crate::hash::{Algo, HashText, Spelling};
use crate::syntax::is_system;

/// What is known of a value from the names around it. What takes a look around is asked for only where it matters.
pub struct Meaning<T, B> {
    own: Vec<Says>,
    taken_as: T,
    beside: B,
}

impl<T, B> Meaning<T, B>
where
    T: Fn() -> Vec<String>,
    B: Fn(&str) -> Option<String>,
{
    /// `names` are those that the value is bound to, innermost first; `taken_as` gives those that it is bound to by
    /// its own name, `beside` the text of an attribute beside it.
    pub fn of(names: &[String], taken_as: T, beside: B) -> Meaning<T, B> {
        let names = names.iter().filter(|name| !is_system(name));
        Meaning {
            own: names.map(|name| says(name)).collect(),
            taken_as,
            beside,
        }
    }

    fn taken(&self) -> Vec<Says> {
        (self.taken_as)().iter().map(|name| says(name)).collect()
    }

    /// Whether the names speak of something that may look like a hash.
    fn is_other(&self) -> bool {
        self.own.first() == Some(&Says::Other)
    }

    /// Whether the names speak of a hash.
    pub fn is_hash(&self) -> bool {
        (!self.is_other() && self.own.iter().any(speaks)) || self.taken().iter().any(speaks)
    }

    /// The algorithm that the names, or what is beside them, say.
    fn algo(&self) -> Option<Algo> {
        let named = |said: &Says| match said {
            Says::Hash(algo) => *algo,
            _ => None,
        };
        let by_name = || self.own.iter().find_map(named);
        let by_taker = || self.taken().iter().find_map(named);
        let beside = || {
            ["outputHashAlgo", "hashAlgo"]
                .iter()
                .find_map(|name| (self.beside)(name)?.parse().ok())
        };
        by_name().or_else(by_taker).or_else(beside)
    }

    /// What `value` is in this place, and its algorithm; `None` when it is no hash literal.
    pub fn of_text(&self, value: &str) -> Option<(Kind, Algo)> {
        let hash = |read: HashText| {
            let algo = read.hash.algo();
            (Kind::Hash(read), algo)
        };
        if let Ok(read) = HashText::parse(value, None) {
            // An image's digest is written in base 16; as SRI it is Nix's.
            let is_none = read.spelling != Spelling::Sri && self.is_other() && !self.is_hash();
            return (!is_none).then(|| hash(read));
        }
        let is_hash = self.is_hash();
        let algo = is_hash.then(|| self.algo()).flatten();
        match text::read(value, algo, is_hash) {
            Some(_) if self.is_other() && !is_hash => None,
            Some(read) => Some(hash(read)),
            None if is_hash && text::is_stub(value) => {
                let algo = text::stub_algo(value).or(algo);
                Some((Kind::Placeholder, algo.unwrap_or(Algo::Sha256)))
            }
            None => None,
        }
    }
}

/// Whether `value`, bound to `name`, may be a hash literal, whatever else is said around it: all that has the digits and
/// the length of one, or keeps the place of one.
pub fn may_be_literal(name: &str, value: &str) -> bool {
    let written = value.trim_matches(' ');
    let has_form = text::may_be_hash(written.as_bytes()) || text::is_stub(written);
    let meaning = Meaning::of(&[name.to_owned()], Vec::new, |_| None);
    has_form || meaning.of_text(value).is_some()
}

fn speaks(said: &Says) -> bool {
    matches!(said, Says::Hash(_) | Says::Hashes)
}
