//! C302: a container's version that is not the same everywhere it is written down.

mod form;
mod own;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::kinds::is_dockerfile;
use crate::check::kustomized::{self, is_kustomization};
use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity};
use crate::manifest::image_tag::without_build;
use crate::manifest::service_versions::{self, ServiceVersion};
use crate::manifest::{self, Tree, dockerfile, image_ref, kustomization, workload};
use crate::source::{RelPath, SourceFile};
use crate::spot::Spot;
use own::Own;

pub static RULE: Rule = Rule {
    code: "C302",
    name: "versions-disagree",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A container's version in its Nix file that is another in a copy of that file, in a Dockerfile's `ARG \
               CONTAINER_APP_VERSION`, in service-versions.yaml, or in a tag that is deployed.",
        why: "The Nix file is what is built. Where the others lag behind, an image is tagged with a version that it is not, \
              the list of what runs is wrong, and the new version is built but never deployed. Of a spork the version is \
              the short SHA of upstream's commit, not a release.",
        bad: "# containers/ntfy/default.nix\nversion = \"2.11.0\";\n# service-versions.yaml\n- name: ntfy\n  current-version: v2.10.0",
        good: "# containers/ntfy/default.nix\nversion = \"2.11.0\";\n# service-versions.yaml\n- name: ntfy\n  current-version: v2.11.0",
        fix: "Write the version of the Nix file in the place that is named. `cotter pin bump` moves them together.",
    },
    checks: &[Check::Container { run }],
};

/// Folders whose folders are containers, even where no image is built in the Nix file itself.
const CONTAINER_FOLDERS: [&str; 4] = ["containers", "container", "images", "oci"];
/// Folders that hold the same for another environment, which may have another version.
const ENVIRONMENTS: [&str; 8] = [
    "dev",
    "test",
    "staging",
    "stage",
    "prod",
    "production",
    "old",
    "archive",
];
/// Files that say what is fetched for the whole of a container, with its version.
const SOURCES: [&str; 3] = ["sources.nix", "source.nix", "version.nix"];
const SERVICE_FILES: [&str; 2] = ["service-versions.yaml", "service-versions.yml"];
const ARG: &str = "CONTAINER_APP_VERSION";

fn run(view: &ContainerView, report: &mut Report) {
    let folders = nix_folders(view);
    let Some((folder, own)) = main_folder(view, &folders) else {
        return;
    };
    let Some((version, place)) = own.version.clone() else {
        return;
    };
    let mut found = Found {
        view,
        version,
        place,
        report,
    };
    copies(&mut found, &folder, &folders);
    dockerfiles(&mut found, &folder);
    services(&mut found, &folder);
    manifests(&mut found, &own);
}

/// What is compared with, and where what is found goes.
struct Found<'a> {
    view: &'a ContainerView<'a>,
    version: String,
    place: Place,
    report: &'a mut Report,
}

impl Found<'_> {
    fn add(&mut self, place: Place, other: &str) {
        let (name, version, file) = (self.view.name, &self.version, &self.place.file);
        self.report
            .add(
                place,
                format!("`{name}` is `{other}` here, but `{version}` in {file}"),
            )
            .related(self.place.clone(), "what is built")
            .help("write the version that the Nix file has");
    }

    fn compare(&mut self, place: Place, other: &str) {
        if form::disagree(&self.version, other) {
            self.add(place, other);
        }
    }

    fn compare_tag(&mut self, place: Place, tag: &str) {
        if form::tag_disagrees(&self.version, tag) {
            self.add(place, tag);
        }
    }
}

/// The container's Nix files, by folder.
fn nix_folders(view: &ContainerView) -> BTreeMap<RelPath, Vec<RelPath>> {
    let configured = view.config.and_then(|config| config.nix_file());
    let mut folders: BTreeMap<RelPath, Vec<RelPath>> = BTreeMap::new();
    for file in view.files {
        if own::FILES.contains(&file.file_name()) || configured.as_ref() == Some(file) {
            folders.entry(file.parent()).or_default().push(file.clone());
        }
    }
    folders
}

/// The folder that the container is built in, and what its files say; `None` where that is not certain.
fn main_folder(
    view: &ContainerView,
    folders: &BTreeMap<RelPath, Vec<RelPath>>,
) -> Option<(RelPath, Own)> {
    let read = |folder: &RelPath| {
        let files = folders.get(folder).map_or(&[][..], Vec::as_slice);
        own::read(view.library, files, view.name)
    };
    if let Some(nix) = view.config.and_then(|config| config.nix_file()) {
        let folder = nix.parent();
        let own = own::read(view.library, &[nix], view.name);
        return match own.version {
            Some(_) => Some((folder, own)),
            None => Some((folder.clone(), read(&folder))),
        };
    }
    // A package or a module may be called as a container is.
    let is_listed = |folder: &RelPath| CONTAINER_FOLDERS.contains(&folder.parent().file_name());
    let mut found: Vec<(RelPath, Own)> = Vec::new();
    for folder in folders.keys() {
        let own = read(folder);
        if own.builds_image || is_listed(folder) {
            found.push((folder.clone(), own));
        }
    }
    found.sort_by_key(|(folder, _)| folder.as_str().len());
    let mut found = found.into_iter();
    let first = found.next()?;
    found
        .all(|(other, _)| is_copy(&first.0, &other))
        .then_some(first)
}

/// Whether `other` is `folder` at another place: `nix/containers/ntfy` of `containers/ntfy`.
fn is_copy(folder: &RelPath, other: &RelPath) -> bool {
    let ends = |long: &RelPath, short: &RelPath| {
        let before = long.as_str().strip_suffix(short.as_str());
        let before = before.and_then(|before| before.strip_suffix('/'));
        before.is_some_and(|before| !before.split('/').any(|name| ENVIRONMENTS.contains(&name)))
    };
    // A folder at the root is called as many are.
    let is_deep = |folder: &RelPath| folder.as_str().contains('/');
    is_deep(folder) && is_deep(other) && (ends(other, folder) || ends(folder, other))
}

fn copies(found: &mut Found, folder: &RelPath, folders: &BTreeMap<RelPath, Vec<RelPath>>) {
    let library = found.view.library;
    let beside = SOURCES.iter().filter_map(|name| folder.join(name));
    for file in beside.filter(|file| found.view.subject.has_file(file)) {
        if let Some((version, place)) = own::of_sources(library, &file) {
            found.compare(place, &version);
        }
    }
    for (other, files) in folders {
        if other != folder && is_copy(folder, other) {
            let own = own::read(library, files, found.view.name);
            if let Some((version, place)) = own.version {
                found.compare(place, &version);
            }
        }
    }
}

fn dockerfiles(found: &mut Found, folder: &RelPath) {
    let view = found.view;
    let beside = view.subject.files_in(folder);
    let beside = beside.filter(|file| file.parent() == *folder);
    let mut files: Vec<&RelPath> = view.files.iter().chain(beside).collect();
    files.retain(|file| is_dockerfile(file));
    files.sort_unstable();
    files.dedup();
    for path in files {
        let Some(file) = read(view, path, ARG) else {
            continue;
        };
        for one in dockerfile::defaults(file.text(), ARG) {
            found.compare(Place::of(&file, one.range), &one.value);
        }
    }
}

fn services(found: &mut Found, folder: &RelPath) {
    let view = found.view;
    let configured = view.config.and_then(|config| config.service.as_ref());
    let (files, name) = match configured {
        Some(service) => {
            let file = RelPath::new(service.file.get_ref());
            (file.into_iter().collect::<Vec<_>>(), service.name.as_str())
        }
        None => {
            let folders = [RelPath::root(), folder.clone()];
            let files = folders
                .iter()
                .flat_map(|folder| SERVICE_FILES.iter().filter_map(|name| folder.join(name)));
            (files.collect(), view.name)
        }
    };
    for path in files.iter().filter(|path| view.subject.has_file(path)) {
        let Some(file) = read(view, path, name) else {
            continue;
        };
        if let Ok(ServiceVersion::Found(version)) = service_versions::find(&file, name) {
            let place = Place::of(&file, Spot::whole_scalar(path, &version).range());
            // It may be written as it is deployed.
            match without_build(&version.value) == version.value {
                true => found.compare(place, &version.value),
                false => found.compare_tag(place, &version.value),
            }
        }
    }
}

fn manifests(found: &mut Found, own: &Own) {
    let view = found.view;
    for path in view.files.iter().filter(|file| is_yaml(file)) {
        let Some(file) = read(view, path, "image") else {
            continue;
        };
        let Ok(tree) = manifest::parse(&file) else {
            continue;
        };
        if is_kustomization(path) {
            in_kustomization(found, own, &file, &tree);
        }
        for pod in workload::find(&file, &tree) {
            for image in pod.images() {
                let read = image_ref::read(&image.value);
                let name = read.name_in(&image.value);
                let (Some(tag), None) = (read.tag.clone(), &read.digest) else {
                    continue;
                };
                let spot = Spot::in_scalar(path, image, tag);
                if is_own(view, own, name)
                    && form::tag_disagrees(&found.version, &spot.value)
                    && !kustomized::has_other_tag(view.subject, path, name)
                {
                    found.add(Place::of(&file, spot.range()), &spot.value);
                }
            }
        }
    }
}

fn in_kustomization(found: &mut Found, own: &Own, file: &Arc<SourceFile>, tree: &Tree) {
    for entry in kustomization::in_tree(tree) {
        let name = entry.new_name.as_ref().unwrap_or(&entry.name);
        let Some(tag) = entry.new_tag.as_ref().filter(|_| entry.digest.is_none()) else {
            continue;
        };
        if is_own(found.view, own, &name.value) {
            let place = Place::of(file, Spot::whole_scalar(file.path(), tag).range());
            found.compare_tag(place, &tag.value);
        }
    }
}

/// Whether `image` is the container's. An upstream image may be called the same as the one that is built here.
fn is_own(view: &ContainerView, own: &Own, image: &str) -> bool {
    if let Some(configured) = view.config.and_then(|config| config.image.as_ref()) {
        return image == configured;
    }
    // Built as `team/ntfy` and deployed from a registry.
    let is_at = |built: &str| {
        let before = image.strip_suffix(built);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    match own.images.is_empty() {
        // No image is built there, or its name is not known.
        true => is_at(view.name) && is_from_own_registry(image),
        false => own.images.iter().any(|built| match built.contains('/') {
            true => is_at(built),
            false => built == view.name && is_at(built) && is_from_own_registry(image),
        }),
    }
}

/// Whether `image` names a registry, and not the one that images come from of which nothing else is said: `ntfy` and
/// `someone/ntfy` are upstream's.
fn is_from_own_registry(image: &str) -> bool {
    image.split_once('/').is_some_and(|(host, _)| {
        host.contains(['.', ':']) && host != "docker.io" && host != "registry-1.docker.io"
    })
}

fn is_yaml(file: &RelPath) -> bool {
    [".yaml", ".yml"]
        .iter()
        .any(|end| file.as_str().ends_with(end))
        || is_kustomization(file)
}

/// The file, if `word` stands in it.
fn read(view: &ContainerView, path: &RelPath, word: &str) -> Option<Arc<SourceFile>> {
    let has_word = |bytes: &[u8]| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    view.subject.workspace.read_if(path, has_word).ok()?
}
