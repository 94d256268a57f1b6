//! C504: a deployed tag that was built from a commit which is not on the main branch.

use crate::check::{Asks, Check, Doc, Place, Report, Rule, Severity, YamlView};
use crate::git::OnMain;
use crate::manifest::{Located, image_ref, kustomization, nixbuild, workload};
use crate::naming::Containers;
use crate::spot::Spot;

pub static RULE: Rule = Rule {
    code: "C504",
    name: "tag-off-main",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::History,
    doc: Doc {
        what: "A deployed tag such as `v1.2.3-1d37d29-nix` whose commit of this repository is not on its main branch.",
        why: "The image was built from a branch, and the branch was merged by squashing: main has another commit with the \
              same change, and the one that the tag names is held by nothing. What runs can then be traced to no source, nor \
              be built again.",
        bad: "images:\n  - name: registry.example.org/team/kingfisher\n    newTag: v0.4.1-677c7a5-nix # of a branch",
        good: "images:\n  - name: registry.example.org/team/kingfisher\n    newTag: v0.4.1-1d37d29-nix # of main",
        fix: "Build the image from main once the change is merged, and deploy that tag.",
    },
    checks: &[Check::Yaml {
        words: &["-nix"],
        run,
    }],
};

fn run(view: &YamlView, report: &mut Report) {
    if view.subject.before.is_none() {
        return;
    }
    let file = view.file.path();
    for entry in kustomization::in_tree(view.tree) {
        if let Some(tag) = &entry.new_tag {
            let name = entry.new_name.as_ref().unwrap_or(&entry.name);
            let place = view.place(Spot::whole_scalar(file, tag).range());
            of_tag(view, &name.value, &tag.value, place, report);
        }
    }
    let pods = workload::find(view.file, view.tree);
    for image in pods.iter().flat_map(|pod| pod.images()) {
        of_image(view, image, report);
    }
    for build in nixbuild::in_tree(view.file, view.tree) {
        if let Some(image) = &build.image_tag {
            of_image(view, image, report);
        }
    }
}

fn of_image(view: &YamlView, image: &Located, report: &mut Report) {
    let read = image_ref::read(&image.value);
    let name = read.name_in(&image.value);
    if let Some(range) = read.tag.clone()
        && let Some(tag) = read.tag_in(&image.value)
    {
        let spot = Spot::in_scalar(view.file.path(), image, range);
        of_tag(view, name, tag, view.place(spot.range()), report);
    }
}

fn of_tag(view: &YamlView, image: &str, tag: &str, place: Place, report: &mut Report) {
    let (Some(abbreviated), Some(before)) = (commit_in(tag), view.subject.before) else {
        return;
    };
    let message = match before.base().repo().main_branch_holds(abbreviated) {
        Ok(OnMain::NotHeld { commit }) => {
            format!(
                "the image was built from {}, which is not on the main branch",
                commit.short(12)
            )
        }
        Ok(OnMain::NoSuchCommit) if is_built_here(view, image) => {
            format!("the image was built from {abbreviated}, which this repository does not have")
        }
        _ => return,
    };
    report
        .add(place, message)
        .help("build it from the main branch, and deploy that tag");
}

/// The commit that a tag ends in: `1d37d29` of `v1.2.3-1d37d29-nix`.
fn commit_in(tag: &str) -> Option<&str> {
    let (_, commit) = tag.strip_suffix("-nix")?.rsplit_once('-')?;
    let is_commit = (7..=40).contains(&commit.len())
        && commit
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_commit.then_some(commit)
}

/// Whether an image of that name is one of this workspace's containers.
fn is_built_here(view: &YamlView, image: &str) -> bool {
    let subject = view.subject;
    let configured = subject.config.container.values();
    if configured
        .filter_map(|container| container.image.as_deref())
        .any(|own| own == image)
    {
        return true;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    let is_container = |file: &crate::source::RelPath, containers: &Containers| {
        matches!(file.file_name(), "default.nix" | "flake.nix") && containers.name_of(file) == last
    };
    let mut files = subject.files.iter();
    files.any(|file| is_container(file, subject.containers))
}

#[cfg(test)]
mod tests {
    use super::commit_in;

    #[test]
    fn only_such_tags_name_a_commit() {
        for (tag, commit) in [
            ("v1.2.3-1d37d29-nix", Some("1d37d29")),
            ("v1.2.3-rc.1-1d37d29-nix", Some("1d37d29")),
            ("v1.2.3-1d37d29", None),
            ("v1.2.3-release-nix", None),
            ("1d37d29-nix", None),
            ("v1.2.3-1d37-nix", None),
            ("-nix", None),
        ] {
            assert_eq!(commit_in(tag), commit, "{tag}");
        }
    }
}
