//! Which rules a file may be of interest to, told from its bytes in one reading: most files are never parsed.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{Check, Rule};
use crate::pin;

/// A set of things that a file may be wanted for, a bit each.
pub type Wanted = u128;

/// Pins may stand in it.
pub const PINS: Wanted = 1;
/// It may allow something.
pub const ALLOWANCES: Wanted = 1 << 1;
/// The first bit of a rule's checks.
const FIRST: usize = 2;

/// What an allowance begins with.
pub const ALLOW: &str = "cotter: allow";

/// A check of a rule, and the bit that it is wanted by.
#[derive(Clone, Copy)]
pub struct Numbered {
    pub rule: &'static Rule,
    pub check: &'static Check,
    pub bit: Wanted,
}

pub struct Words {
    pub checks: Vec<Numbered>,
    /// `None` only if the automaton cannot be built: then everything is wanted.
    automaton: Option<AhoCorasick>,
    bits: Vec<Wanted>,
    all: Wanted,
}

impl Words {
    pub fn of(rules: &[&'static Rule]) -> Words {
        let mut words: Vec<&'static str> = Vec::new();
        let mut bits: Vec<Wanted> = Vec::new();
        let mut add = |word: &'static str, bit: Wanted| match words.iter().position(|w| *w == word)
        {
            Some(at) => bits[at] |= bit,
            None => {
                words.push(word);
                bits.push(bit);
            }
        };
        for word in pin::words() {
            add(word, PINS);
        }
        add(ALLOW, ALLOWANCES);
        let mut checks = Vec::new();
        let mut all = PINS | ALLOWANCES;
        for rule in rules {
            for check in rule.checks {
                // More checks than bits share the last one: a file is then looked at once too often, never too rarely.
                let at = (FIRST + checks.len()).min(Wanted::BITS as usize - 1);
                let bit = 1 << at;
                all |= bit;
                let (Check::Nix { words, .. }
                | Check::Yaml { words, .. }
                | Check::Text { words, .. }) = check
                else {
                    checks.push(Numbered { rule, check, bit });
                    continue;
                };
                for word in *words {
                    add(word, bit);
                }
                checks.push(Numbered { rule, check, bit });
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .ok();
        Words {
            checks,
            automaton,
            bits,
            all,
        }
    }

    /// What a file with these bytes may be of interest to.
    pub fn wanted(&self, bytes: &[u8]) -> Wanted {
        let Some(automaton) = &self.automaton else {
            return self.all;
        };
        let mut wanted = 0;
        for found in automaton.find_overlapping_iter(bytes) {
            wanted |= self.bits[found.pattern().as_usize()];
        }
        wanted
    }
}
