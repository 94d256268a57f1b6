//! C101: something else than a full commit SHA where one belongs.
//!
//! Not here: a fetcher or flake reference in Nix with no revision at all (C107).

use crate::check::revision::Written;
use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity, YamlView};
use crate::manifest::{flake_url, nixbuild};
use crate::pin::{self, Pin, Role};
use crate::process::redact;
use crate::spot::Spot;
use crate::syntax::{Attrs, Call, NixFile, Text, Value, calls, is_fallback};

pub static RULE: Rule = Rule {
    code: "C101",
    name: "abbreviated-rev",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A short SHA, a branch, HEAD or a placeholder where a full commit SHA belongs: `rev` of a fetcher, \
               `upstreamRev` and the features' `rev` of a spork, `?rev=` of a flake input, the flakeUrl of a NixBuild.",
        why: "A branch names other code next week, and after a force-push the commit of today may be gone. A short SHA \
              may come to stand for two commits; `builtins.fetchGit`, flakes and NixBuilds do not take it at all. \
              With a fetcher that has a hash, a release tag is fine as `rev`: the hash holds what it was.",
        bad: "upstreamRev = \"1d37d29\";\nupstream = builtins.fetchGit {\n  url = \"https://git.example.org/mirrors/kingfisher.git\";\n  rev = \"main\";\n};",
        good: "upstreamRev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\";\nupstream = builtins.fetchGit {\n  url = \"https://git.example.org/mirrors/kingfisher.git\";\n  rev = upstreamRev;\n};",
        fix: "Write all 40 digits, as `git rev-parse NAME` prints them. A branch to follow goes behind the value as a \
              comment (`# main`); `cotter pin bump` then moves the commit along with its hash.",
    },
    checks: &[
        Check::Nix {
            words: &[
                "upstreamRev",
                "fetchGit",
                "fetchTree",
                "fetchMercurial",
                "getFlake",
                "fetchgit",
                "fetchFrom",
                // In the inputs of a flake.
                "rev = \"",
                "rev=",
            ],
            run: in_nix,
        },
        Check::Yaml {
            words: &["flakeUrl"],
            run: in_yaml,
        },
    ],
};

const HELP: &str = "write the full commit SHA, as `git rev-parse` prints it";

/// Fetchers without a hash: the revision alone says what is fetched. They take nothing but a commit.
const BY_REV: [&str; 3] = ["fetchGit", "fetchTree", "fetchMercurial"];

fn in_nix(view: &NixView, report: &mut Report) {
    for pin in view.pins {
        spork_rev(view, pin, report);
    }
    let wanted = |name: &str| pin::is_fetcher(name) || BY_REV.contains(&name);
    for call in calls(view.file, wanted) {
        if call.is_of_our_own(view.library) {
            continue;
        }
        match call.argument(view.library) {
            Value::Attrs(attrs) => of_call(view, &call, &attrs, report),
            Value::Text(text) if ["fetchTree", "getFlake"].contains(&call.function.as_str()) => {
                flake_reference(view, &text, true, report);
            }
            _ => {}
        }
    }
    if view.file.path().file_name() == "flake.nix" {
        flake_inputs(view, report);
    }
}

fn spork_rev(view: &NixView, pin: &Pin, report: &mut Report) {
    let (Role::Spork(_), Some(spot)) = (&pin.role, &pin.spot) else {
        return;
    };
    let written = Written::of(&spot.value, |name| is_branch(view, name));
    let Some(file) = view.library.get(&spot.file) else {
        return;
    };
    if may_be_given_anew(written, &file, spot.offset()) {
        return;
    }
    if let Some(message) = written.fault(&spot.value) {
        let place = Place::of_value(file.source(), spot.range());
        report.add(place, message).help(HELP);
    }
}

/// Whether the value at byte `at` is a default that callers are to give another value for: nobody writes a commit's
/// beginning as one.
fn may_be_given_anew(written: Written, file: &NixFile, at: usize) -> bool {
    written != Written::Abbreviated && is_fallback(file, at, &["rev"])
}

/// Whether the container's own section says that `name` is a branch; `deploy` is one unless it says otherwise.
fn is_branch(view: &NixView, name: &str) -> bool {
    match view.subject.containers.config(view.container) {
        Some(container) => container.is_unstable(name) || container.main_branch() == name,
        None => name == "deploy",
    }
}

fn of_call(view: &NixView, call: &Call, attrs: &Attrs, report: &mut Report) {
    if call.function == "fetchTree"
        && let Some(text) = attrs.get(view.library, "url").text()
        && !attrs.has(view.library, "type")
    {
        flake_reference(view, &text, true, report);
    }
    let by_rev = BY_REV.contains(&call.function.as_str());
    judge(view, attrs, by_rev, report);
}

/// The `rev` of a call or of a flake's input. `by_rev`: nothing but a commit will do.
fn judge(view: &NixView, attrs: &Attrs, by_rev: bool, report: &mut Report) {
    let Some(text) = attrs.get(view.library, "rev").text() else {
        return;
    };
    let value = text.value();
    let refs = ["ref", "branchName"].map(|name| attrs.get(view.library, name).text());
    let is_ref = |name: &str| {
        let mut refs = refs.iter().flatten();
        refs.any(|text| text.value() == name)
    };
    let written = Written::of(&value, |name| is_ref(name) || is_branch(view, name));
    if written == Written::Other && !by_rev {
        return;
    }
    let is_default = text.parts.first().is_some_and(|part| {
        let file = view.library.get(&part.file);
        file.is_some_and(|file| may_be_given_anew(written, &file, part.offset(0)))
    });
    if is_default {
        return;
    }
    let place = Place::of_text(view.library, attrs, "rev", &text);
    if let (Some(message), Some(place)) = (written.fault(&value), place) {
        report.add(place, message).help(HELP);
    }
}

/// A flake reference. `forge`: what follows the repository of `github:o/r/…` is a commit too, where it looks like one.
fn flake_reference(view: &NixView, text: &Text, forge: bool, report: &mut Report) {
    let value = text.value();
    let Some(url) = flake_url::read(&value) else {
        return;
    };
    let asked = match (&url.asked_rev, &url.asked_ref) {
        (Some(rev), _) => rev.clone(),
        (None, Some(name)) if forge => name.clone(),
        _ => return,
    };
    let said = value.get(asked.clone()).unwrap_or_default();
    let written = Written::of(said, |_| false);
    if url.asked_rev.is_none() && written != Written::Abbreviated {
        return;
    }
    let place = text.part_at(&asked).and_then(|(part, within)| {
        let file = view.library.source(&part.file)?;
        Some(Place::of_value(&file, part.span(&within)))
    });
    if let (Some(message), Some(place)) = (written.fault(said), place) {
        report.add(place, message).help(HELP);
    }
}

/// What `flake.lock` pins may be a branch here; what says `rev` must be one.
fn flake_inputs(view: &NixView, report: &mut Report) {
    let Value::Attrs(flake) = view.library.value(view.file) else {
        return;
    };
    let inputs = flake.get(view.library, "inputs").attrs();
    for (inputs, name) in inputs
        .iter()
        .flat_map(|all| all.names().into_iter().map(move |name| (all, name)))
    {
        let Value::Attrs(input) = inputs.get(view.library, &name) else {
            continue;
        };
        if let Some(url) = input.get(view.library, "url").text() {
            flake_reference(view, &url, false, report);
        }
        judge(view, &input, true, report);
    }
}

fn in_yaml(view: &YamlView, report: &mut Report) {
    // What is wrong with the file itself is told where its pins are looked for.
    let Ok(builds) = nixbuild::find(view.file) else {
        return;
    };
    for located in builds.iter().filter_map(|build| build.flake_url.as_ref()) {
        let Some(url) = flake_url::read(&located.value) else {
            continue;
        };
        let place = |range: std::ops::Range<usize>| {
            let range = match range.is_empty() {
                true => located.span.clone(),
                false => Spot::in_scalar(view.file.path(), located, range).range(),
            };
            view.place(range)
        };
        let asked = url.asked_rev.or(url.rev).or_else(|| {
            // Without a repository there is no commit to name.
            url.repository.as_ref().and(url.asked_ref.clone())
        });
        let Some(asked) = asked else {
            if url.repository.is_some() && !is_filled_in(&located.value) {
                let message = format!("`{}` names no commit", redact(&located.value));
                report
                    .add(place(0..located.value.len()), message)
                    .help("add `?rev=` and the full commit SHA");
            }
            continue;
        };
        let said = located.value.get(asked.clone()).unwrap_or_default();
        if is_filled_in(&located.value) {
            continue;
        }
        if let Some(message) = Written::of(said, |_| false).fault(said) {
            report.add(place(asked), message).help(HELP);
        }
    }
}

/// Whether something is put in before the manifest is used: `${REV}`, `{{ .rev }}`, `$(rev)`, `@REV@`.
fn is_filled_in(url: &str) -> bool {
    let in_at = url.split('@').nth(1).is_some_and(|word| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    });
    in_at || url.contains(['$', '{', '<'])
}
