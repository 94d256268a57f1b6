//! C002: an allowance that says no reason, or names no rule.
//!
//! What it finds comes up where allowances are applied: it has no check of its own.

use crate::check::{Asks, Doc, Rule, Severity};

pub static RULE: Rule = Rule {
    code: "C002",
    name: "allowance-without-reason",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A comment `cotter: allow` that gives no reason, or that names something else than a rule.",
        why: "Whoever meets it later cannot tell whether it still holds. Without a reason it allows nothing.",
        bad: "newTag: latest # cotter: allow C503",
        good: "newTag: latest # cotter: allow C503 the mirror keeps no other tag",
        fix: "Write the reason behind the code: what makes the finding acceptable here.",
    },
    checks: &[],
};
