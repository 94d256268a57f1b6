//! C502: annotations that ask for a build of which the pod beside them makes no use.

use crate::check::{Asks, Check, Doc, Report, Rule, Severity, YamlView, kustomized};
use crate::manifest::workload::{self, Pod};
use crate::manifest::{Located, image_ref};

pub static RULE: Rule = Rule {
    code: "C502",
    name: "annotation-mismatch",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "Annotations `enbi.hrzn.ee/nixbuild-...` on a pod whose `imageTag` is the image of none of its containers, of \
               which one is missing, or whose image a container always wants to pull.",
        why: "The operator builds the image when a pod fails to start for want of it, and only if the image that is missing \
              is, letter by letter, the one that the annotation names. With another tag nothing is ever built and the pod \
              waits for good. What was built exists in the containerd of a node and in no registry: `imagePullPolicy: \
              Always` looks in the registry.",
        bad: "annotations:\n  enbi.hrzn.ee/nixbuild-imageTag: registry.example.org/team/chog:f5d5311\n...\ncontainers:\n  - image: registry.example.org/team/chog:1d37d29",
        good: "annotations:\n  enbi.hrzn.ee/nixbuild-imageTag: registry.example.org/team/chog:f5d5311\n...\ncontainers:\n  - image: registry.example.org/team/chog:f5d5311",
        fix: "Write the same reference in the annotation and in the container, all three annotations, and `imagePullPolicy: \
              IfNotPresent`.",
    },
    checks: &[Check::Yaml {
        words: &[PREFIX],
        run,
    }],
};

const PREFIX: &str = "enbi.hrzn.ee/nixbuild-";
const FLAKE_URL: &str = "enbi.hrzn.ee/nixbuild-flakeUrl";
const IMAGE_TAG: &str = "enbi.hrzn.ee/nixbuild-imageTag";
const PACKAGE: &str = "enbi.hrzn.ee/nixbuild-packageName";

fn run(view: &YamlView, report: &mut Report) {
    for pod in workload::find(view.file, view.tree) {
        incomplete(view, &pod, report);
        if let Some(tag) = pod.annotation(IMAGE_TAG).filter(|tag| is_known(tag)) {
            unused(view, &pod, tag, report);
            always_pulled(view, &pod, tag, report);
        }
    }
}

fn incomplete(view: &YamlView, pod: &Pod, report: &mut Report) {
    let all = [FLAKE_URL, IMAGE_TAG, PACKAGE];
    let missing = all.iter().find(|key| pod.annotation(key).is_none());
    let ours = |key: &str| key.starts_with(PREFIX);
    let mut annotations = pod.annotations.iter();
    let (Some(missing), Some(first)) = (missing, annotations.find(|a| ours(&a.key))) else {
        return;
    };
    // A kustomization's patch may bring it.
    if !pod.is_whole || kustomized::is_mentioned(view.subject, missing) {
        return;
    }
    report
        .add(
            view.place(first.value.span.clone()),
            format!("the build that these annotations ask for has no `{missing}`"),
        )
        .help("a build needs all of flakeUrl, imageTag and packageName: the operator ignores less");
}

fn unused(view: &YamlView, pod: &Pod, tag: &Located, report: &mut Report) {
    let images: Vec<&Located> = pod.images().collect();
    let is_used = images
        .iter()
        .any(|image| image.value == tag.value || !is_known(image));
    if is_used || !pod.is_whole {
        return;
    }
    let (subject, file, wanted) = (view.subject, view.file.path(), name_in(tag));
    let is_changed = images.iter().any(|image| {
        let name = name_in(image);
        name == wanted && kustomized::has_other_tag(subject, file, name)
            || kustomized::is_renamed(subject, file, name, wanted)
    });
    if is_changed {
        return;
    }
    let same = |image: &&&Located| name_in(image) == name_in(tag);
    let nearest = images.iter().find(same).or(images.first());
    let message = format!("no container of this pod has the image `{}`", tag.value);
    let added = report
        .add(view.place(tag.span.clone()), message)
        .help("write the same reference here and as the container's `image`: they are compared as they stand");
    if let Some(image) = nearest {
        added.related(view.place(image.span.clone()), "the image of a container");
    }
}

fn always_pulled(view: &YamlView, pod: &Pod, tag: &Located, report: &mut Report) {
    for container in &pod.containers {
        let (Some(image), Some(policy)) = (&container.image, &container.pull_policy) else {
            continue;
        };
        if image.value == tag.value && policy.value == "Always" {
            report
                .add(
                    view.place(policy.span.clone()),
                    format!(
                        "`{}` is built on the node, and no registry has it to pull",
                        image.value
                    ),
                )
                .related(
                    view.place(tag.span.clone()),
                    "the annotation that has it built",
                )
                .help("write `imagePullPolicy: IfNotPresent`, or `Never`");
        }
    }
}

/// Whether nothing has to be filled in.
fn is_known(image: &Located) -> bool {
    !image.value.contains(['$', '{', '<', '%'])
}

fn name_in(located: &Located) -> &str {
    image_ref::read(&located.value).name_in(&located.value)
}
