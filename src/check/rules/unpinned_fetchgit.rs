//! C107: a repository that is fetched at whatever commit it is at.
//!
//! Not here: a revision that is there and is no full commit SHA (C101).

use crate::check::locality::{is_local, is_remote};
use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::manifest::flake_url;
use crate::pin::tag;
use crate::syntax::{Attrs, Call, Value, calls};

pub static RULE: Rule = Rule {
    code: "C107",
    name: "unpinned-fetchgit",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "`builtins.fetchGit`, `fetchMercurial`, `fetchTree` and `getFlake` of a repository elsewhere with no `rev`, \
               and `fetchgit` with neither `rev` nor `tag`.",
        why: "It takes what the branch is at when Nix evaluates: the same file gives other code next week, and after a \
              mirror sync that force-pushes it may give none. `fetchgit` takes HEAD, whose hash is wrong from the next \
              commit on.",
        bad: "src = builtins.fetchGit {\n  url = \"https://git.example.org/team/kingfisher.git\";\n  ref = \"main\";\n};",
        good: "src = builtins.fetchGit {\n  url = \"https://git.example.org/team/kingfisher.git\";\n  ref = \"main\";\n  rev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";\n};",
        fix: "Add `rev` with the full commit SHA, as `git ls-remote URL BRANCH` prints it. With `ref` beside it, \
              `cotter pin bump` moves it along that branch. A path of the workspace itself needs none.",
    },
    checks: &[Check::Nix {
        words: &[
            "fetchGit",
            "fetchTree",
            "fetchMercurial",
            "getFlake",
            "fetchgit",
        ],
        run,
    }],
};

const HELP: &str = "add the full commit SHA: as `rev`, or as `?rev=` of a flake reference";

const FUNCTIONS: [&str; 6] = [
    "fetchGit",
    "fetchMercurial",
    "fetchTree",
    "getFlake",
    "fetchgit",
    "fetchgitPrivate",
];

fn run(view: &NixView, report: &mut Report) {
    for call in calls(view.file, |name| FUNCTIONS.contains(&name)) {
        if call.is_of_our_own(view.library) {
            continue;
        }
        let function = call.function.as_str();
        let fault = match function {
            "fetchGit" | "fetchMercurial" => takes_a_branch(view, &call)
                .then(|| format!("`{function}` of a repository with no `rev`")),
            "fetchgit" | "fetchgitPrivate" => takes_head(view, &call)
                .then(|| format!("`{function}` with neither `rev` nor `tag` takes HEAD")),
            _ => of_flake_reference(view, &call),
        };
        if let Some(message) = fault {
            let place = view.place(call.function_range());
            report.add(place, message).help(HELP);
        }
    }
}

/// Whether nothing but what is written can be in `attrs`, and none of `names` is.
fn lacks(view: &NixView, attrs: &Attrs, names: &[&str]) -> bool {
    !attrs.may_hold_more() && !names.iter().any(|name| attrs.has(view.library, name))
}

/// `builtins.fetchGit`: a URL alone, or a set with no `rev`.
fn takes_a_branch(view: &NixView, call: &Call) -> bool {
    let attrs = match call.argument(view.library) {
        Value::Attrs(attrs) => attrs,
        Value::Path(_) => return false,
        _ => {
            let start = call.text_start(view.library);
            return start.is_some_and(|start| is_remote(&start));
        }
    };
    // `revision` is what Mercurial's was called once.
    if !lacks(view, &attrs, &["rev", "narHash", "revision"]) || is_local(view.library, &attrs) {
        return false;
    }
    if let Some(start) = attrs.text_start(view.library, "url") {
        return is_remote(&start);
    }
    // Where the URL is not known it may be a path; whoever names a branch of it does not want the work tree.
    let named = attrs.get(view.library, "ref").text();
    named.is_some_and(|name| !["HEAD", ""].contains(&name.value().as_str()))
}

/// nixpkgs' `fetchgit`.
fn takes_head(view: &NixView, call: &Call) -> bool {
    match call.argument(view.library) {
        Value::Attrs(attrs) => {
            lacks(view, &attrs, &["rev", "tag"]) && attrs.has(view.library, "url")
        }
        _ => false,
    }
}

/// `builtins.fetchTree` and `builtins.getFlake`.
fn of_flake_reference(view: &NixView, call: &Call) -> Option<String> {
    let function = &call.function;
    let text = match call.argument(view.library) {
        Value::Text(text) => text,
        Value::Attrs(attrs) => {
            if !lacks(view, &attrs, &["rev", "narHash"]) || is_local(view.library, &attrs) {
                return None;
            }
            let Some(kind) = attrs.get(view.library, "type").text() else {
                let has_type = attrs.has(view.library, "type");
                let url = attrs.get(view.library, "url").text()?;
                return (!has_type && is_unpinned(&url.value()))
                    .then(|| format!("`{function}` of a flake reference with no `rev`"));
            };
            let kind = kind.value();
            let is_repository = match kind.as_str() {
                "git" | "hg" => attrs
                    .text_start(view.library, "url")
                    .is_some_and(|start| is_remote(&start)),
                "github" | "gitlab" | "sourcehut" => true,
                _ => false,
            };
            return is_repository.then(|| format!("`{function}` of type `{kind}` with no `rev`"));
        }
        _ => return None,
    };
    let value = text.value();
    if function == "getFlake" && is_of_registry(&value) {
        return Some(format!("`{value}` is looked up in the registry of flakes"));
    }
    is_unpinned(&value).then(|| format!("`{function}` of a flake reference with no `rev`"))
}

/// Whether a flake reference is of a repository and says no revision at all.
fn is_unpinned(reference: &str) -> bool {
    let Some(url) = flake_url::read(reference) else {
        return false;
    };
    let looks_like_rev = |range| reference.get(range).is_some_and(tag::is_commit);
    url.repository
        .is_some_and(|repository| is_remote(&repository))
        && url.rev.is_none()
        && url.asked_rev.is_none()
        && !url.asked_ref.is_some_and(looks_like_rev)
        && !reference.contains("narHash=")
}

/// `nixpkgs`, `flake:nixpkgs/nixos-25.05`.
fn is_of_registry(reference: &str) -> bool {
    let name = reference.strip_prefix("flake:").unwrap_or(reference);
    let name = name.split(['/', '#', '?']).next().unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        // `nixpkgs/REV` is pinned.
        && !reference.split(['/', '=']).any(flake_url::is_full_rev)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reference_without_a_revision_is_unpinned() {
        let rev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
        for (reference, expected) in [
            ("github:o/r".to_owned(), true),
            ("github:o/r/main".to_owned(), true),
            ("git+https://h/r?ref=main".to_owned(), true),
            ("git+ssh://git@h/r".to_owned(), true),
            (format!("github:o/r/{rev}"), false),
            (format!("git+https://h/r?rev={rev}"), false),
            // These are abbreviated.
            ("github:o/r/1d37d29".to_owned(), false),
            ("git+https://h/r?rev=1d37d29".to_owned(), false),
            ("path:./x".to_owned(), false),
            ("git+file:.".to_owned(), false),
            ("https://h/x.tar.gz".to_owned(), false),
            ("nixpkgs".to_owned(), false),
        ] {
            assert_eq!(is_unpinned(&reference), expected, "{reference}");
        }
        assert!(is_of_registry("nixpkgs") && is_of_registry("flake:nixpkgs/nixos-25.05"));
        assert!(!is_of_registry(&format!("nixpkgs/{rev}")));
        assert!(!is_of_registry("/srv/x") && !is_of_registry("./x") && !is_of_registry("a:b"));
    }
}
