//! C501: a NixBuild, or the annotations that stand for one, that do not fit together or with the container.
//!
//! Not here: whether the pod beside annotations uses their image (`annotation_mismatch`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::kustomized;
use crate::check::{
    Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity, Subject, YamlView,
};
use crate::manifest::nixbuild::{self, NixBuild, Place as Kind};
use crate::manifest::{self, Located, flake_url, image_ref, workload};
use crate::pin::{Role, tag};
use crate::source::{RelPath, SourceFile};
use crate::spot::Spot;

pub static RULE: Rule = Rule {
    code: "C501",
    name: "nixbuild-mismatch",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A NixBuild, or annotations on a pod, whose `imageTag` names another revision than `flakeUrl`, another image \
               than `image` of cotter.toml, or another tag or revision than what is beside it for the same image.",
        why: "The operator builds what `flakeUrl` says and loads it under the name that `imageTag` says; nobody compares the \
              two. With a revision bumped in one of them only, the image called after the new revision holds the old \
              program, or the pods wait for a tag that is never built.",
        bad: "flakeUrl: git+https://git.example.org/team/chog?rev=f5d531177a7330e9b270c15cca5df0eb72b8684c\nimageTag: registry.example.org/team/chog:1d37d2983cd4a58c12663dd8df0e79dfe89a5d75",
        good: "flakeUrl: git+https://git.example.org/team/chog?rev=f5d531177a7330e9b270c15cca5df0eb72b8684c\nimageTag: registry.example.org/team/chog:f5d531177a7330e9b270c15cca5df0eb72b8684c",
        fix: "Write the same revision in both, and the same tag in every NixBuild, annotation and container of the image; \
              `cotter pin bump` moves them together.",
    },
    checks: &[
        Check::Yaml {
            words: &["enbi.hrzn.ee"],
            run: names,
        },
        Check::Container { run: builds },
    ],
};

/// The image that is built is the container's.
fn names(view: &YamlView, report: &mut Report) {
    let Some(config) = view.subject.containers.config(view.container) else {
        return;
    };
    let Some(image) = &config.image else {
        return;
    };
    let file = view.file.path();
    let builds = nixbuild::in_tree(view.file, view.tree);
    let tags = || builds.iter().filter_map(|b| b.image_tag.as_ref());
    let built: BTreeSet<&str> = tags().map(name_in).collect();
    let is_its_only = built.len() == 1 && config.manifest_files().any(|listed| listed == *file);
    for build in &builds {
        let Some(located) = &build.image_tag else {
            continue;
        };
        let read = image_ref::read(&located.value);
        let name = read.name_in(&located.value);
        // A word alone may be meant as the tag. A container may be deployed with helpers that are built as well.
        let is_meant = is_its_only || last(name) == last(image) || build.name == view.container;
        if name == image || !name.contains('/') || !is_meant || is_given_name(view, name, image) {
            continue;
        }
        let place = view.place(Spot::in_scalar(file, located, read.name).range());
        report
            .add(
                place,
                format!(
                    "the image is built as `{name}`, but that of {} is `{image}`",
                    view.container
                ),
            )
            .help("write the name that `image` in cotter.toml has, or change it there");
    }
}

fn is_given_name(view: &YamlView, name: &str, image: &str) -> bool {
    kustomized::is_renamed(view.subject, view.file.path(), name, image)
}

/// One build of a container.
struct Build {
    file: Arc<SourceFile>,
    build: NixBuild,
    tag: Spot,
    rev: Spot,
    repository: Option<String>,
}

impl Build {
    fn read(file: &Arc<SourceFile>, build: NixBuild) -> Option<Build> {
        let (url, image) = (build.flake_url.as_ref()?, build.image_tag.as_ref()?);
        let flake = flake_url::read(&url.value)?;
        let tag = image_ref::read(&image.value).tag?;
        Some(Build {
            tag: Spot::in_scalar(file.path(), image, tag),
            rev: Spot::in_scalar(file.path(), url, flake.rev?),
            repository: flake.repository,
            file: file.clone(),
            build,
        })
    }

    fn image(&self) -> &str {
        self.build.image_tag.as_ref().map_or("", name_in)
    }

    fn place(&self, spot: &Spot) -> Place {
        Place::of(&self.file, spot.range())
    }

    fn is_object(&self) -> bool {
        self.build.place == Kind::NixBuild
    }

    /// Whether both are of the same image for the same system, as far as they say.
    fn is_like(&self, other: &Build) -> bool {
        let value = |located: &Option<Located>| located.as_ref().map(|l| l.value.clone());
        let agree = |a: Option<String>, b: Option<String>| a.is_none() || b.is_none() || a == b;
        self.image() == other.image()
            && self.repository == other.repository
            && agree(value(&self.build.package), value(&other.build.package))
            && agree(value(&self.build.system), value(&other.build.system))
    }

    fn is_side_by_side(&self) -> bool {
        workload::runs_beside(&self.build.name)
    }
}

fn builds(view: &ContainerView, report: &mut Report) {
    let files: BTreeSet<&RelPath> = view
        .pins
        .iter()
        .filter(|pin| matches!(pin.role, Role::NixBuild { .. }))
        .map(|pin| &pin.file)
        .collect();
    let mut sound = Vec::new();
    for path in files {
        let Ok(file) = view.subject.workspace.read(path) else {
            continue;
        };
        let Ok(found) = nixbuild::find(&file) else {
            continue;
        };
        for build in found.into_iter().filter_map(|b| Build::read(&file, b)) {
            match of_itself(view, &build, report) {
                true => sound.push(build),
                // What it should say is not known: it is not compared with others.
                false => continue,
            }
        }
    }
    // A patch replaces what is beside it.
    let (patches, sound): (Vec<Build>, Vec<Build>) = sound
        .into_iter()
        .partition(|build| kustomized::is_kustomization(build.file.path()));
    for build in &patches {
        same_tag(&sound, build, report);
    }
    for (at, build) in sound.iter().enumerate() {
        let before = sound.get(..at).unwrap_or_default();
        if !same_tag(before, build, report) {
            same_image(&sound, before, build, report);
        }
        if build.is_object() {
            deployed(view.subject, &sound, build, report);
        }
    }
}

/// Whether the tag may stand for the revision.
fn of_itself(view: &ContainerView, build: &Build, report: &mut Report) -> bool {
    let (tag, rev) = (&build.tag, &build.rev);
    // What is built there may be something else's revision: a spork's image is called after upstream's.
    let is_of_another = view.pins.iter().any(|pin| {
        let version = pin.version.as_ref().map(|version| &version.value);
        !matches!(pin.role, Role::NixBuild { .. })
            && (pin
                .rev
                .as_ref()
                .is_some_and(|rev| rev.starts_with(&tag.value))
                || version == Some(&tag.value))
    });
    if !tag::is_commit(&tag.value) || rev.value.starts_with(&tag.value) || is_of_another {
        return true;
    }
    report
        .add(
            build.place(tag),
            format!(
                "the image is tagged `{}`, but `{}` is what is built",
                tag.value, rev.value
            ),
        )
        .related(build.place(rev), "the revision that is built")
        .help("write the revision that is built in the tag, here and in the container's `image`");
    false
}

/// Whether something was found: one tag that is built from two revisions.
fn same_tag(before: &[Build], build: &Build, report: &mut Report) -> bool {
    let Some(other) = before.iter().find(|other| {
        other.image() == build.image()
            && other.tag.value == build.tag.value
            && other.repository == build.repository
            && other.rev.value != build.rev.value
    }) else {
        return false;
    };
    let (image, tag) = (build.image(), &build.tag.value);
    report
        .add(
            build.place(&build.rev),
            format!(
                "`{image}:{tag}` is built from `{}` here and from `{}` elsewhere",
                build.rev.value, other.rev.value
            ),
        )
        .related(other.place(&other.rev), "the other revision")
        .help("build one tag from one revision only");
    true
}

/// What stands in one folder for the same image has the same tag. Of a NixBuild and annotations, these are at fault.
fn same_image(all: &[Build], before: &[Build], build: &Build, report: &mut Report) {
    let folder = build.file.path().parent();
    let is_beside = |other: &Build| other.file.path().parent() == folder && other.is_like(build);
    let objects: Vec<&Build> = all
        .iter()
        .filter(|other| other.is_object() && is_beside(other))
        .collect();
    let others: Vec<&Build> = match build.is_object() || objects.is_empty() {
        true => before
            .iter()
            .filter(|other| other.is_object() == build.is_object() && is_beside(other))
            .collect(),
        false => objects,
    };
    let is_on_purpose = build.is_side_by_side() || others.iter().any(|o| o.is_side_by_side());
    let agrees = |other: &&Build| is_same_tag(&other.tag.value, &build.tag.value);
    let Some(other) = others.first() else {
        return;
    };
    if is_on_purpose || others.iter().any(agrees) {
        return;
    }
    let image = build.image();
    report
        .add(
            build.place(&build.tag),
            format!(
                "`{image}` is tagged `{}` here and `{}` beside it",
                build.tag.value, other.tag.value
            ),
        )
        .related(other.place(&other.tag), "the other tag")
        .help("write the same tag and the same revision in both");
}

/// The pods beside a NixBuild use what it builds, where they use that image at all.
fn deployed(subject: &Subject, all: &[Build], build: &Build, report: &mut Report) {
    let folder = build.file.path().parent();
    let image = build.image();
    let has_annotations = all.iter().any(|other| {
        !other.is_object() && other.file.path().parent() == folder && other.image() == image
    });
    if has_annotations || build.is_side_by_side() {
        return;
    }
    let names_it = |bytes: &[u8]| memchr::memmem::find(bytes, image.as_bytes()).is_some();
    let mut used: Option<(Place, String)> = None;
    for path in subject.files_in(&folder) {
        let is_yaml = [".yaml", ".yml"]
            .iter()
            .any(|end| path.as_str().ends_with(end));
        if !is_yaml || path.parent() != folder {
            continue;
        }
        let Ok(Some(file)) = subject.workspace.read_if(path, names_it) else {
            continue;
        };
        let Ok(tree) = manifest::parse(&file) else {
            continue;
        };
        for pod in workload::find(&file, &tree) {
            for located in pod.images().filter(|located| name_in(located) == image) {
                let read = image_ref::read(&located.value);
                let Some(tag) = read.tag.filter(|_| read.digest.is_none()) else {
                    return;
                };
                let spot = Spot::in_scalar(path, located, tag);
                if is_same_tag(&spot.value, &build.tag.value) {
                    return;
                }
                used = Some((Place::of(&file, spot.range()), spot.value));
            }
        }
    }
    let Some((place, tag)) = used else {
        return;
    };
    if kustomized::has_other_tag(subject, build.file.path(), image) {
        return;
    }
    report
        .add(
            build.place(&build.tag),
            format!(
                "`{image}` is built as `{}`, but deployed as `{tag}`",
                build.tag.value
            ),
        )
        .related(place, "the tag that is deployed")
        .help("write the same tag in both");
}

/// Equal, or a commit name and its beginning.
fn is_same_tag(a: &str, b: &str) -> bool {
    a == b || tag::is_commit(a) && tag::is_commit(b) && (a.starts_with(b) || b.starts_with(a))
}

fn name_in(located: &Located) -> &str {
    image_ref::read(&located.value).name_in(&located.value)
}

fn last(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}
