//! C106: a download that no hash holds.
//!
//! Not here: a placeholder where the hash belongs (C201), and git repositories by their revision (C107).

use crate::check::locality::is_local;
use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::pin;
use crate::syntax::{Attrs, Call, Value, calls};

pub static RULE: Rule = Rule {
    code: "C106",
    name: "unhashed-fetch",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "`builtins.fetchTarball`, `builtins.fetchurl` and `fetchTree` of a file or an archive without a hash, also \
               `import (fetchTarball \"...\")`, and a fetcher of nixpkgs without one.",
        why: "Whatever the server sends is what is built, today one thing and tomorrow another, and nobody is told. Nix \
              itself refuses it in a flake, and asks again every hour elsewhere. A fetcher of nixpkgs fails without a \
              hash.",
        bad: "pkgs = import (fetchTarball \"https://github.com/NixOS/nixpkgs/archive/nixos-25.05.tar.gz\") { };",
        good: "pkgs = import (fetchTarball {\n  url = \"https://github.com/NixOS/nixpkgs/archive/11cb3517b3af6af300dd6c055aeda73c9bf52c48.tar.gz\";\n  sha256 = \"1915r28xc4znrh2vf4rrjnxldw2imysz819gzhk9qlrkqanmfsxd\";\n}) { };",
        fix: "Name an archive that does not change and give its hash: `sha256` for the functions of Nix itself, `hash` for \
              those of nixpkgs. With a placeholder as the hash, `cotter fod-rehash` computes it of what nixpkgs fetches; \
              `nix-prefetch-url --unpack URL` prints it for `fetchTarball`.",
    },
    checks: &[Check::Nix {
        words: &[
            "fetchTarball",
            "fetchTree",
            "fetchurl",
            "fetchzip",
            "fetchpatch",
            "fetchgit",
            "fetchFrom",
            "fetchCrate",
            "fetchPypi",
        ],
        run,
    }],
};

/// Fetchers that need no hash of their own: a revision or an image's digest holds what they fetch.
const BY_OTHER: [&str; 5] = [
    "fetchGit",
    "getFlake",
    "pullImage",
    "pullImageFromManifest",
    "sporkSource",
];
/// Those that take a URL alone.
const TAKE_URL: [&str; 2] = ["fetchTarball", "fetchurl"];

fn run(view: &NixView, report: &mut Report) {
    let wanted = |name: &str| pin::is_fetcher(name) && !BY_OTHER.contains(&name);
    for call in calls(view.file, wanted) {
        let function = call.function.as_str();
        let is_unhashed = match function {
            "fetchTree" => is_unhashed_tree(view, &call),
            _ => is_unhashed(view, &call),
        };
        if !is_unhashed || call.is_of_our_own(view.library) {
            continue;
        }
        let is_nix_own = function == "fetchTarball" || is_text(view, &call);
        let help = match (function, is_nix_own) {
            ("fetchTree", _) => "add `narHash`",
            (_, true) => "give it a set with `url` and `sha256`",
            (_, false) => "add `hash`",
        };
        report
            .add(
                view.place(call.function_range()),
                format!("`{function}` with no hash"),
            )
            .help(help);
    }
}

fn is_text(view: &NixView, call: &Call) -> bool {
    call.text_start(view.library).is_some()
}

fn is_unhashed(view: &NixView, call: &Call) -> bool {
    match call.argument(view.library) {
        Value::Attrs(attrs) => lacks_hash(view, &attrs),
        Value::Path(_) => false,
        _ if TAKE_URL.contains(&call.function.as_str()) => call
            .text_start(view.library)
            .is_some_and(|start| is_url(&start)),
        _ => false,
    }
}

/// Whether nothing but what is written can be in `attrs`, and no hash is.
fn lacks_hash(view: &NixView, attrs: &Attrs) -> bool {
    !attrs.may_hold_more()
        && !attrs.names().is_empty()
        && !pin::hash_names().any(|name| attrs.has(view.library, name))
        && !is_local(view.library, attrs)
}

/// Of `fetchTree`, what is no repository: that has a revision instead.
fn is_unhashed_tree(view: &NixView, call: &Call) -> bool {
    match call.argument(view.library) {
        Value::Attrs(attrs) => {
            let kind = attrs.get(view.library, "type").text();
            let is_file =
                kind.is_some_and(|kind| ["tarball", "file"].contains(&kind.value().as_str()));
            is_file && lacks_hash(view, &attrs) && !attrs.has(view.library, "rev")
        }
        Value::Text(text) => is_plain_file(&text.value()),
        _ => false,
    }
}

/// A URL of Nix's own fetchers: with a scheme, or a channel.
fn is_url(start: &str) -> bool {
    start.contains("://") || start.starts_with("channel:")
}

/// Whether a flake reference is of a file or an archive, and holds no hash.
fn is_plain_file(reference: &str) -> bool {
    let base = reference.split(['?', '#']).next().unwrap_or_default();
    let schemes = ["http:", "https:", "tarball+", "file+"];
    schemes.iter().any(|scheme| base.starts_with(scheme))
        && !base.ends_with(".git")
        && !reference.contains("narHash=")
        && !reference.contains("rev=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_by_its_url_is_no_repository() {
        for (reference, expected) in [
            ("https://h/x.tar.gz", true),
            ("tarball+https://h/x", true),
            ("file+https://h/x?dir=a", true),
            ("https://h/x.tar.gz?narHash=sha256-x", false),
            ("https://h/x.git", false),
            ("git+https://h/x", false),
            ("github:o/r", false),
            ("path:./x", false),
        ] {
            assert_eq!(is_plain_file(reference), expected, "{reference}");
        }
        assert!(is_url("channel:nixos-25.05") && is_url("https://h/") && !is_url("./x.tar.gz"));
    }
}
