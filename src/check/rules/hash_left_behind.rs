//! C203: a revision or a lock file changed, and the hash that depends on it did not.
//!
//! Two questions: which hashes hang on a pin that moved (`moved`), which on a lock file that changed (`locked`). Both
//! compare with the content as it was, by name; what is new, or was not there, is compared with nothing.

mod locked;
mod moved;
mod sides;

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
pub use locked::{NAMES as NAMES_OVER_LOCKS, is_watched};
use sides::Sides;

pub static RULE: Rule = Rule {
    code: "C203",
    name: "hash-left-behind",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::History,
    doc: Doc {
        what: "A hash that is what it was, although the revision, version or lock file that it depends on is not: against \
               HEAD, or the commit that `--base` names.",
        why: "Nix never fetches again what it has under a hash. With the new version and the old hash, the old source is \
              built in silence on every machine that has it, and the build fails on one that has not: in CI, or for the \
              first user. Who changes a lock file without using Nix is told here, and needs neither Nix nor cotter.lock \
              for that.",
        bad: "src = fetchFromGitHub {\n  owner = \"binwiederhier\";\n  repo = \"ntfy\";\n  rev = \"v2.11.0\"; # was v2.10.0\n  \
              hash = \"sha256-Ns73kZ7XJKj93fhTDQ3L5hk4NZVEcKysJVEZk6jX7KE=\"; # as before\n};",
        good: "src = fetchFromGitHub {\n  owner = \"binwiederhier\";\n  repo = \"ntfy\";\n  rev = \"v2.11.0\";\n  \
               hash = \"sha256-KrVD8ekTVnvHqKSWxHFkFJ5Fg/hBkiuYlUuXUUAqyrE=\";\n};",
        fix: "Run `cotter fod-rehash NAME`. Where the hash turns out to be right as it is, as a `vendorHash` of the same \
              dependencies, cotter.lock then says that it was verified, and nothing is found any more.",
    },
    checks: &[Check::Nix {
        words: &[
            "hash", "Hash", "sha256", "Sha256", "sha512", "Sha512", "sha1", "md5",
        ],
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    let Some(sides) = Sides::of(view) else {
        return;
    };
    moved::check(&sides, report);
    locked::check(&sides, report);
}
