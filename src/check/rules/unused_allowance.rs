//! C003: an allowance that allows nothing any more.
//!
//! What it finds comes up where allowances are applied: it has no check of its own.

use crate::check::{Asks, Doc, Rule, Severity};

pub static RULE: Rule = Rule {
    code: "C003",
    name: "unused-allowance",
    severity: Severity::Warning,
    fixable: true,
    asks: Asks::Files,
    doc: Doc {
        what: "A comment `cotter: allow` on a line where the rule that it names finds nothing.",
        why: "It would allow the fault silently if that came back. Rules that need more than the files, such as a clone or \
              Nix, are left out: what they find may differ from place to place.",
        bad: "newTag: v1.2.3 # cotter: allow C503 the mirror keeps no other tag",
        good: "newTag: v1.2.3",
        fix: "Remove the comment; `cotter check --fix` does.",
    },
    checks: &[],
};
