//! C503: an image that is deployed by the tag `latest`, or by none.

use crate::check::kustomized;
use crate::check::{Asks, Check, Doc, Report, Rule, Severity, Subject, YamlView};
use crate::manifest::nixbuild::{self, Place};
use crate::manifest::{Located, image_ref, kustomization, workload};
use crate::source::RelPath;
use crate::spot::Spot;

pub static RULE: Rule = Rule {
    code: "C503",
    name: "latest-deployed",
    severity: Severity::Warning,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "An image in a deployed manifest whose tag is `latest`, or that has neither tag nor digest: in a Pod and in \
               what makes Pods, in `newTag` of a kustomization, in `imageTag` of a NixBuild.",
        why: "`latest` is moved by every push, be it of a pre-release. What runs then depends on when a node pulled it: two \
              nodes run two programs, going back is not possible, and no change in this repository tells when it changed. \
              An image that is pinned down to its last dependency is deployed by a name that pins nothing.",
        bad: "containers:\n  - name: beacon\n    image: registry.example.org/team/beacon:latest",
        good: "containers:\n  - name: beacon\n    image: registry.example.org/team/beacon:v1.4.2",
        fix: "Name the tag that the build gave the image, or its digest. Where a kustomization says the tag, give it there \
              as `newTag`: what the manifest itself says does not count then.",
    },
    checks: &[Check::Yaml {
        words: &["image:", "\"image\":", "newTag", "imageTag"],
        run,
    }],
};

const HELP: &str = "name the tag that was built, or its digest";

/// Folders of manifests that show something or test something, and that nobody deploys as they are.
const NOT_DEPLOYED: [&str; 11] = [
    "example", "examples", "sample", "samples", "test", "tests", "testdata", "e2e", "fixtures",
    "docs", "hack",
];

/// Tools that put in the tag when they deploy, and the files that say of which images.
const TAGGING_TOOLS: [&str; 3] = ["skaffold.yaml", "skaffold.yml", "Tiltfile"];

fn run(view: &YamlView, report: &mut Report) {
    if !is_deployed(view.subject, view.file.path()) {
        return;
    }
    for pod in workload::find(view.file, view.tree) {
        for image in pod.images() {
            of_workload(view, image, report);
        }
    }
    of_kustomization(view, report);
    for build in nixbuild::in_tree(view.file, view.tree) {
        // What annotations say is the image of a container beside them.
        if let (Place::NixBuild, Some(tag)) = (build.place, &build.image_tag) {
            of_nixbuild(view, tag, report);
        }
    }
}

/// Not a Helm chart's, whose values may say something else, and nothing that is only shown.
fn is_deployed(subject: &Subject, file: &RelPath) -> bool {
    let mut folder = file.parent();
    while !folder.is_root() {
        let is_chart = folder
            .join("Chart.yaml")
            .is_some_and(|chart| subject.has_file(&chart));
        if is_chart || NOT_DEPLOYED.contains(&folder.file_name()) {
            return false;
        }
        folder = folder.parent();
    }
    true
}

fn of_workload(view: &YamlView, image: &Located, report: &mut Report) {
    let Some(open) = Open::read(image) else {
        return;
    };
    let (subject, file) = (view.subject, view.file.path());
    if kustomized::has_other_tag(subject, file, open.name) || is_tagged_later(subject, open.name) {
        return;
    }
    let name = open.name;
    match open.tag {
        Some(tag) => {
            let place = view.place(Spot::in_scalar(file, image, tag).range());
            report.add(place, format!("`{name}` is deployed by its tag `latest`"))
        }
        None => report.add(
            view.place(image.span.clone()),
            format!("`{name}` is deployed without a tag, which means `latest`"),
        ),
    }
    .help(HELP);
}

fn of_kustomization(view: &YamlView, report: &mut Report) {
    let file = view.file.path();
    if !kustomization::is_one(view.file, view.tree) {
        return;
    }
    for entry in kustomization::in_tree(view.tree) {
        let Some(tag) = &entry.new_tag else {
            continue;
        };
        if tag.value != "latest"
            || entry.digest.is_some()
            || kustomized::is_overlaid(view.subject, file, &entry)
        {
            continue;
        }
        let name = &entry.new_name.as_ref().unwrap_or(&entry.name).value;
        let place = view.place(Spot::whole_scalar(file, tag).range());
        report
            .add(place, format!("`{name}` is deployed by its tag `latest`"))
            .help(HELP);
    }
}

fn of_nixbuild(view: &YamlView, image: &Located, report: &mut Report) {
    // A word alone may be meant as the tag.
    let Some(open) = Open::read(image).filter(|open| open.name.contains('/')) else {
        return;
    };
    let name = open.name;
    match open.tag {
        Some(tag) => {
            let place = view.place(Spot::in_scalar(view.file.path(), image, tag).range());
            report.add(place, format!("`{name}` is built under the tag `latest`"))
        }
        None => report.add(
            view.place(image.span.clone()),
            format!("`{name}` is built without a tag, which means `latest`"),
        ),
    }
    .help("name the revision that is built in the tag, here and in the container's `image`");
}

/// A reference that says nothing of which image it means.
struct Open<'a> {
    name: &'a str,
    /// Where `latest` stands.
    tag: Option<std::ops::Range<usize>>,
}

impl Open<'_> {
    /// `None` where there is another tag, a digest, or a text that something else has to fill in.
    fn read(image: &Located) -> Option<Open<'_>> {
        let read = image_ref::read(&image.value);
        let name = read.name_in(&image.value);
        let is_open =
            read.digest.is_none() && matches!(read.tag_in(&image.value), None | Some("latest"));
        (is_open && is_image_name(name)).then_some(Open {
            name,
            tag: read.tag,
        })
    }
}

/// Whether `name` can be an image's: no variable, no placeholder in capitals, no `ko://` path.
fn is_image_name(name: &str) -> bool {
    let is_lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    // Istio and others fill in `auto`.
    !matches!(name, "" | "auto" | "image" | "placeholder")
        && !name.contains("//")
        && name
            .bytes()
            .all(|b| is_lower(b) || matches!(b, b'.' | b'_' | b'-' | b'/' | b':'))
}

fn is_tagged_later(subject: &Subject, image: &str) -> bool {
    let names_it = |bytes: &[u8]| memchr::memmem::find(bytes, image.as_bytes()).is_some();
    subject
        .files
        .iter()
        .filter(|file| TAGGING_TOOLS.contains(&file.file_name()))
        .any(|file| matches!(subject.workspace.read_if(file, names_it), Ok(Some(_))))
}
