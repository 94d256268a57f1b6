//! C001: a file that has to be read and cannot be.
//!
//! What it finds comes up while the files are read: it has no check of its own.

use crate::check::{Asks, Doc, Finding, Place, Report, Rule, Severity};
use crate::problem::Problem;

pub static RULE: Rule = Rule {
    code: "C001",
    name: "unreadable",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A Nix, YAML or lock file that holds pins or images, and that cannot be read as what its name says.",
        why: "What stands in it is not checked, and no other command of cotter's changes it: a tree that was read past an \
              error would be edited in the wrong place.",
        bad: "src = builtins.fetchGit {\n  url = \"https://git.example.org/team/kingfisher\"\n  rev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";\n};",
        good: "src = builtins.fetchGit {\n  url = \"https://git.example.org/team/kingfisher\";\n  rev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";\n};",
        fix: "Put right what the message names. It is the first error of the file; there may be more behind it.",
    },
    checks: &[],
};

/// The findings for `problems`, if the rule is one of `rules`.
pub fn of(problems: &[Problem], rules: &[&'static Rule]) -> Vec<Finding> {
    if !rules.iter().any(|rule| rule.code == RULE.code) {
        return Vec::new();
    }
    let mut report = Report::new(&RULE);
    for problem in problems {
        let place = Place::at(&problem.file, problem.position);
        let added = report.add(place, &problem.message);
        if let Some(hint) = &problem.hint {
            added.help(hint);
        }
    }
    report.findings
}
