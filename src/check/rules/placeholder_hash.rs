//! C201: what only keeps a hash's place is still there.
//!
//! Which texts are hashes, and which of them say none, is told by `fod`.

use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity};
use crate::fod::{self, Kind, Literal};
use crate::syntax::{Role, is_fallback};

pub static RULE: Rule = Rule {
    code: "C201",
    name: "placeholder-hash",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "`lib.fakeHash`, `lib.fakeSha256`, `lib.fakeSha512`, an empty string or a digest of nothing but zeros (in SRI: \
               of A) where the hash of a fixed-output derivation belongs.",
        why: "It is written there to make Nix print the real hash. Left there, the build fails for everyone, with a \
              mismatch that looks like a changed download.",
        bad: "outputHashMode = \"recursive\";\noutputHash = pkgs.lib.fakeHash;",
        good: "outputHashMode = \"recursive\";\noutputHash = \"sha256-admUjzG9krTB6nNkOypU/fduQv0A5i5lwx28cx1znK4=\";",
        fix: "Run `cotter fod-rehash`, which puts the real hash there. As the default of an argument, or where an `if` \
              found that no hash was given, a placeholder may stay.",
    },
    checks: &[Check::Nix {
        words: &[
            "fakeHash",
            "fakeSha",
            "= \"\"",
            "=\"\"",
            "then \"\"",
            "else \"\"",
            "= ''''",
            // Digests of zeros and of A, whole or cut off, with and without their algorithm.
            "\"0000",
            "''0000",
            "0:0000",
            "1:0000",
            "2:0000",
            "5:0000",
            "\"AAAA",
            "-AAAA",
            ":AAAA",
            "\"sha256-\"",
            "\"sha512-\"",
            "\"sha1-\"",
            "\"sha256:\"",
            "\"sha512:\"",
        ],
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    for literal in fod::in_file(view.library, view.container, view.file) {
        let may_stay = !literal.is_placeholder()
            || !literal.is_to_be_found()
            || !literal.is_sure()
            || is_variable(&literal)
            || is_one_of_several(&literal)
            || is_fallback(view.file, literal.spot.offset(), &["hash", "sha"]);
        if may_stay {
            continue;
        }
        let place = Place::of_value(view.source(), literal.spot.range());
        report.add(place, message(&literal)).help(format!(
            "`cotter fod-rehash '{}'` puts the real hash there",
            literal.name
        ));
    }
}

fn message(literal: &Literal) -> String {
    let written = &literal.spot.value;
    match (&literal.kind, written.is_empty()) {
        (Kind::Placeholder, true) => "an empty string stands where a hash belongs".to_owned(),
        _ => format!("`{written}` is a placeholder and no hash"),
    }
}

/// Whether it is a variable of the environment that is empty: `GIT_HASH = ""`.
fn is_variable(literal: &Literal) -> bool {
    let name = literal.name.attrpath.rsplit('.').next().unwrap_or_default();
    literal.spot.value.is_empty() && !name.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether it is an element of a list or the like: what hashes are compared with, and the hash of nothing.
fn is_one_of_several(literal: &Literal) -> bool {
    literal.role == Role::Other && !literal.is_named_like_hash
}
