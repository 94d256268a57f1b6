//! C103: a feature of a spork that does not stand on the pinned upstream.

use crate::check::clones::commit_of;
use crate::check::{Asks, Check, ContainerView, Doc, Report, Rule, Severity};
use crate::pin::held::{Base, base};
use crate::pin::{Pin, Role};

pub static RULE: Rule = Rule {
    code: "C103",
    name: "feature-base",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Clone,
    doc: Doc {
        what: "A feature of a spork whose commit does not have the pinned upstream commit in its past, or is part of it.",
        why: "The patch of a feature is what differs between upstream and the feature. Where upstream was bumped and the \
              feature not rebased, the patch takes back what upstream has gained, and conflicts or does worse.",
        bad: "upstreamRev = \"a3c9e6ff81b83af4be5189dc25afa662cd789a33\"; # the new main\nfeatures = [ { name = \"clone-url-base\"; rev = \"677c7a5d5fc42b655d38fbf95dc8b814d89ceabb\"; } ]; # made for the old",
        good: "upstreamRev = \"a3c9e6ff81b83af4be5189dc25afa662cd789a33\";\nfeatures = [ { name = \"clone-url-base\"; rev = \"9f31c0e7f0a4d1b2c3d4e5f60718293a4b5c6d7e\"; } ]; # rebased onto it",
        fix: "Rebase the feature's branch onto upstream, as a mirror sync does, and bump the whole spork. A feature that is \
              part of upstream is removed.",
    },
    checks: &[Check::Container { run }],
};

fn run(view: &ContainerView, report: &mut Report) {
    let Some(clones) = view.subject.clones else {
        return;
    };
    let upstreams: Vec<&Pin> = view.pins.iter().copied().filter(is_upstream).collect();
    for (upstream, repo) in upstreams.iter().zip(clones.of(view, &upstreams)) {
        if let (Some(repo), Some(commit)) = (repo, commit_of(upstream)) {
            for feature in features_of(view, upstream) {
                let Some(tip) = commit_of(feature) else {
                    continue;
                };
                let message = match base(&repo.repo, commit, tip) {
                    Ok(Base::Other) => "does not descend from upstream",
                    Ok(Base::Merged) => "is part of upstream already, at",
                    _ => continue,
                };
                let name = feature.name.attrpath.rsplit('.').next().unwrap_or_default();
                let (Some(place), Some(of_upstream)) =
                    (view.place_of(feature), view.place_of(upstream))
                else {
                    continue;
                };
                let message = format!("the feature `{name}` {message} {}", commit.short(12));
                report
                    .add(place, message)
                    .help("rebase its branch onto upstream, and bump the spork as a whole")
                    .related(of_upstream, "the upstream commit");
            }
        }
    }
}

fn is_upstream(pin: &&Pin) -> bool {
    matches!(&pin.role, Role::Spork(role) if role.feature.is_none())
}

fn features_of<'a>(view: &ContainerView<'a>, upstream: &Pin) -> impl Iterator<Item = &'a Pin> {
    let spork = match &upstream.role {
        Role::Spork(role) => Some(role.spork.clone()),
        _ => None,
    };
    view.pins
        .iter()
        .copied()
        .filter(move |pin| match &pin.role {
            Role::Spork(role) => role.feature.is_some() && Some(&role.spork) == spork.as_ref(),
            _ => false,
        })
}
