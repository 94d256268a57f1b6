//! C402: a flake whose nixpkgs is not the branch that the policy names.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::pin::{Asked, Declared, FlakeInputs, FlakeKind, FlakeRef};

pub static RULE: Rule = Rule {
    code: "C402",
    name: "flake-input-policy",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A flake whose nixpkgs is another branch than `nixpkgs` in `[policy]` of cotter.toml, or none by name.",
        why: "All images are to be built from one release of nixpkgs: what one flake takes from elsewhere has other \
              libraries, gets its security fixes at another time, and shares no layer with the rest.",
        bad: "# cotter.toml has nixpkgs = \"nixos-25.05\"\ninputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-unstable\";",
        good: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-25.05\";",
        fix: "Write the branch of the policy and run `nix flake lock`; or change the policy, for all flakes at once. A second \
              input of another branch, for a few packages, is no fault where the first is right.",
    },
    checks: &[Check::Nix {
        words: &["outputs"],
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    let Some(policy) = &view.subject.config.policy.nixpkgs else {
        return;
    };
    if view.file.path().file_name() != "flake.nix" {
        return;
    }
    let Some(flake) = FlakeInputs::read(view.library, view.file) else {
        return;
    };
    let found: Vec<(&Declared, Option<String>)> = flake
        .inputs
        .iter()
        .filter_map(|input| Some((input, branch(input)?)))
        .collect();
    // Beside the right one, another may be there for a few packages.
    let is_right = |branch: &Option<String>| branch.as_deref() == Some(policy);
    let is_main = |input: &Declared| input.name == "nixpkgs";
    let has_right = found.iter().any(|(_, branch)| is_right(branch));
    // A template is copied to another workspace; and the branch of what `nixpkgs` follows is not always known here.
    let path = view.file.path().as_str();
    let is_template = path.split('/').any(|folder| folder == "templates");
    let follows = |input: &Declared| matches!(input.asked, Asked::Follows(_));
    let has_other = flake
        .inputs
        .iter()
        .any(|input| is_main(input) && follows(input));
    for (input, branch) in found {
        let is_beside = (has_right || has_other) && !is_main(input);
        if is_template || is_right(&branch) || is_beside {
            continue;
        }
        let what = match &branch {
            Some(branch) => format!("is `{branch}`"),
            None => "names no branch".to_owned(),
        };
        let place = input.attributes.get("ref").unwrap_or(&input.place);
        report
            .add(
                view.place(place.clone()),
                format!(
                    "the input `{}` {what}, but the policy is `{policy}`",
                    input.name
                ),
            )
            .help(format!(
                "write `github:NixOS/nixpkgs/{policy}`, and run `nix flake lock`"
            ));
    }
}

/// The branch of an input that is nixpkgs, `None` in it where it names none; nothing of what is another thing, or is
/// pinned by its revision.
fn branch(input: &Declared) -> Option<Option<String>> {
    let Asked::Ref(reference) = &input.asked else {
        return None;
    };
    if !is_nixpkgs(reference) || reference.get("rev").is_some() {
        return None;
    }
    Some(reference.get("ref").map(|name| {
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        name.to_owned()
    }))
}

fn is_nixpkgs(reference: &FlakeRef) -> bool {
    let says = |key: &str, value: &str| {
        let said = reference.get(key);
        said.is_some_and(|said| said.eq_ignore_ascii_case(value))
    };
    match reference.kind {
        FlakeKind::GitHub => says("owner", "NixOS") && says("repo", "nixpkgs"),
        FlakeKind::Indirect => says("id", "nixpkgs"),
        FlakeKind::Git => reference.get("url").is_some_and(|url| {
            let url = url.trim_end_matches('/').trim_end_matches(".git");
            url.to_ascii_lowercase().ends_with("/nixos/nixpkgs")
        }),
        _ => false,
    }
}
