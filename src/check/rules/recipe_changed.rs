//! C204: the recipe that Nix evaluates is not the one that a hash was verified for.

use crate::check::{Asks, Check, Doc, Place, Report, Rule, Severity, Subject};
use crate::fod::run::Comparison;

pub static RULE: Rule = Rule {
    code: "C204",
    name: "recipe-changed",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Nix,
    doc: Doc {
        what: "A fixed-output hash whose derivation, as Nix evaluates it now, is not the one that cotter.lock records: another \
               script, another variable, another source, or another toolchain under it.",
        why: "Nix takes a fixed output by its hash alone. Whatever else changes in the derivation, the old output stays, on \
              every machine that has it.",
        bad: "# verified with `bun install`; since then\nbuildPhase = \"bun install --production\";\noutputHash = \"sha256-VTFYb2EEG2aebwlJR6ajQkebfmcBi1xiqhjMeE/MHH0=\";",
        good: "buildPhase = \"bun install --production\";\n# computed for this recipe by `cotter fod-rehash`\noutputHash = \"sha256-Ybfz16y10UINVOzXVpiKCSBe5O2O3FYPO5lhFImZIys=\";",
        fix: "Run `cotter fod-rehash`: it builds what has changed, writes the hash, and records the recipe in cotter.lock.",
    },
    checks: &[Check::Workspace { run }],
};

fn run(subject: &Subject, report: &mut Report) {
    for (literal, recipe) in subject.recipes.unwrap_or_default() {
        let message = match recipe {
            Comparison::Changed { own: true, .. } => {
                "the recipe of this hash changed since it was verified".to_owned()
            }
            Comparison::Changed { .. } => {
                "the toolchain under the recipe of this hash changed since it was verified"
                    .to_owned()
            }
            Comparison::Unevaluated(said) => {
                let said = said.lines().next().unwrap_or_default();
                format!("Nix cannot evaluate what has this hash: {said}")
            }
            Comparison::Same | Comparison::NotRecorded | Comparison::Unreached => continue,
        };
        let Ok(file) = subject.workspace.read(literal.path()) else {
            continue;
        };
        let place = Place::of(&file, literal.spot.range());
        let added = report.add(place, message);
        if let Comparison::Changed { .. } = recipe {
            added.help(format!("run `cotter fod-rehash {}`", literal.name));
        }
    }
}
