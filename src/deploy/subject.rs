//! The container: the manifests that deploy it, and the names of its image.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::DeployError;
use super::names::Names;
use crate::config::{Config, Container};
use crate::manifest::kustomization::{self, KustomizeImage};
use crate::manifest::nixbuild::{self, NixBuild};
use crate::manifest::workload::{self, Pod};
use crate::manifest::{self, Located, image_ref};
use crate::naming::Containers;
use crate::problem::Problem;
use crate::source::{RelPath, SourceError, SourceFile, Workspace};

/// A manifest, and what of it names images.
pub struct Manifest {
    pub file: Arc<SourceFile>,
    pub entries: Vec<KustomizeImage>,
    pub pods: Vec<Pod>,
    /// Images that JSON patches name.
    pub patched: Vec<Located>,
    pub builds: Vec<NixBuild>,
}

/// A container and its manifests.
pub struct Subject<'c> {
    pub name: String,
    pub config: Option<&'c Container>,
    pub names: Names,
    pub manifests: Vec<Manifest>,
    /// Whether any file of the workspace belongs to a container of this name.
    is_known: bool,
    /// The workspace's containers that have manifests, for a hint.
    others: BTreeSet<String>,
}

impl<'c> Subject<'c> {
    /// Reads the manifests of the container `name`: those that cotter.toml lists, and those in a folder of that name.
    pub fn read(
        workspace: &Workspace,
        config: &'c Config,
        files: &[RelPath],
        name: &str,
    ) -> Result<Subject<'c>, DeployError> {
        let containers = Containers::new(config, files);
        let container = containers.config(name);
        let mut others = BTreeSet::new();
        let mut is_known = container.is_some();
        let mut paths = BTreeSet::new();
        for file in files {
            let owner = containers.name_of(file);
            if owner == name {
                is_known = true;
                if is_manifest(file) {
                    paths.insert(file.clone());
                }
            } else if kustomization::FILES.contains(&file.file_name()) {
                others.insert(owner);
            }
        }
        others.extend(config.container.keys().filter(|key| *key != name).cloned());
        let mut subject = Subject {
            name: name.to_owned(),
            config: container,
            names: Names::new(name, container.and_then(|c| c.image.as_deref())),
            manifests: Vec::new(),
            is_known,
            others,
        };
        let mut problems = Vec::new();
        let mut listed = BTreeSet::new();
        for manifest in container.iter().flat_map(|c| &c.manifests) {
            let Some(path) = RelPath::new(manifest.get_ref()) else {
                continue;
            };
            if !workspace.has_file(&path) {
                let message = format!("`{path}` is not there");
                return Err(config.error(manifest.span(), message).into());
            }
            listed.insert(path);
        }
        paths.extend(listed.iter().cloned());
        // What another container lists is that one's alone.
        for (other, container) in &config.container {
            if other != name {
                let theirs: BTreeSet<RelPath> = container.manifest_files().collect();
                paths.retain(|path| listed.contains(path) || !theirs.contains(path));
            }
        }
        for path in paths {
            match read(workspace, &path, listed.contains(&path)) {
                Ok(Some(manifest)) => subject.manifests.push(manifest),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(DeployError::Source(problems));
        }
        subject.learn_names();
        let rivals = subject.names.rivals();
        if rivals.len() > 1 {
            let message = format!(
                "nothing says which of these is the image of `{name}`: {}",
                rivals.join(", ")
            );
            let hint = format!("set `image` of `[container.{name}]` in cotter.toml");
            return Err(DeployError::NoMatch {
                message,
                hint: Some(hint),
            });
        }
        Ok(subject)
    }

    fn learn_names(&mut self) {
        for entry in self.manifests.iter().flat_map(|m| &m.entries) {
            self.names.take(entry);
        }
        for manifest in &self.manifests {
            for entry in &manifest.entries {
                let name = entry.new_name.as_ref().unwrap_or(&entry.name);
                self.names.meet(&name.value);
            }
            for image in manifest.references() {
                let name = image_ref::read(&image.value)
                    .name_in(&image.value)
                    .to_owned();
                self.names.meet(&name);
            }
        }
    }

    /// The kustomization's entry that decides on the tag of the image `name`, or is to.
    pub fn entry_for(&self, name: &str) -> Option<&KustomizeImage> {
        let mut entries = self.manifests.iter().flat_map(|m| &m.entries);
        entries.find(|entry| {
            entry.name.value == name
                && (entry.new_tag.is_some()
                    || entry.digest.is_some()
                    || !self.is_tagged_by_pods(name))
        })
    }

    /// Whether a manifest gives the image `name` a tag or a digest itself.
    pub fn is_tagged_by_pods(&self, name: &str) -> bool {
        let mut references = self.manifests.iter().flat_map(Manifest::references);
        references.any(|image| {
            let read = image_ref::read(&image.value);
            read.name_in(&image.value) == name && (read.tag.is_some() || read.digest.is_some())
        })
    }

    /// Every tag that the image has now.
    pub fn tags(&self) -> BTreeSet<String> {
        let mut tags = BTreeSet::new();
        for manifest in &self.manifests {
            for entry in manifest.entries.iter().filter(|e| self.is_ours(e)) {
                tags.extend(entry.new_tag.iter().map(|tag| tag.value.clone()));
            }
            for image in manifest.references() {
                let read = image_ref::read(&image.value);
                let name = read.name_in(&image.value);
                if self.names.has(name) && self.entry_for(name).is_none() {
                    tags.extend(read.tag_in(&image.value).map(str::to_owned));
                }
            }
        }
        tags
    }

    /// Whether the object `object` runs the image beside others, at a tag that they do not have: on purpose, then.
    pub fn runs_beside(&self, object: &str, image: &str) -> bool {
        if !workload::runs_beside(object) || workload::runs_beside(&self.name) {
            return false;
        }
        let tag = |image: &str| image_ref::read(image).tag_in(image).map(str::to_owned);
        let others = self.manifests.iter().flat_map(|manifest| {
            let pods = manifest
                .pods
                .iter()
                .map(|pod| (&pod.name, pod.images().collect()));
            let builds = manifest.builds.iter();
            let builds = builds.map(|build| (&build.name, build.image_tag.iter().collect()));
            pods.chain(builds)
                .collect::<Vec<(&String, Vec<&Located>)>>()
        });
        let others = others.filter(|(name, _)| !workload::runs_beside(name));
        let mut others = others.flat_map(|(_, images)| images).filter(|other| {
            let read = image_ref::read(&other.value);
            self.names.has(read.name_in(&other.value))
        });
        let mut is_alone = true;
        let has_same = others.any(|other| {
            is_alone = false;
            tag(&other.value) == tag(image)
        });
        !is_alone && !has_same
    }

    pub fn is_ours(&self, entry: &KustomizeImage) -> bool {
        self.names.has(&entry.name.value)
            || entry
                .new_name
                .as_ref()
                .is_some_and(|new| self.names.has(&new.value))
    }

    /// Nothing deploys the image: what was looked for, and what there is.
    pub fn no_match(&self) -> DeployError {
        let name = &self.name;
        if !self.is_known {
            let others: Vec<&str> = self.others.iter().map(String::as_str).collect();
            let nearest = similar_to(name, &others);
            return DeployError::NoMatch {
                message: format!(
                    "no container is named `{name}`: cotter.toml has no `[container.{name}]`, and no folder of that \
                     name holds manifests"
                ),
                hint: nearest.map(|nearest| format!("did you mean `{nearest}`?")),
            };
        }
        let found: BTreeSet<String> = self
            .manifests
            .iter()
            .flat_map(Manifest::references)
            .map(|image| {
                image_ref::read(&image.value)
                    .name_in(&image.value)
                    .to_owned()
            })
            .collect();
        let message = match (
            self.config.and_then(|c| c.image.as_deref()),
            self.manifests.len(),
        ) {
            (_, 0) => format!("no manifest of `{name}` was found"),
            (Some(image), _) => format!("no manifest of `{name}` deploys `{image}`"),
            (None, _) => format!("no manifest of `{name}` deploys an image of that name"),
        };
        let hint = match found.is_empty() {
            true => format!("list its files as `manifests` of `[container.{name}]` in cotter.toml"),
            false => {
                let found: Vec<&str> = found.iter().map(String::as_str).collect();
                format!(
                    "set `image` of `[container.{name}]` in cotter.toml; its manifests deploy {}",
                    found.join(", ")
                )
            }
        };
        DeployError::NoMatch {
            message,
            hint: Some(hint),
        }
    }
}

impl Manifest {
    /// All references to images.
    pub fn references(&self) -> impl Iterator<Item = &Located> {
        let pods = self.pods.iter().flat_map(Pod::images);
        let builds = self
            .builds
            .iter()
            .filter_map(|build| build.image_tag.as_ref());
        pods.chain(&self.patched).chain(builds)
    }
}

fn is_manifest(file: &RelPath) -> bool {
    let name = file.file_name();
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| name.ends_with(end))
        || kustomization::FILES.contains(&name)
}

/// Words of which a manifest that names an image has one.
const WORDS: [&[u8]; 4] = [b"image", b"newTag", b"newName", b"enbi.hrzn.ee"];

/// `None`: nothing in it names an image. What is not YAML at all, as templates are, counts where it was asked for.
fn read(
    workspace: &Workspace,
    path: &RelPath,
    is_listed: bool,
) -> Result<Option<Manifest>, Problem> {
    let is_wanted = |bytes: &[u8]| {
        let mut words = WORDS.iter();
        words.any(|word| memchr::memmem::find(bytes, word).is_some())
    };
    let file = match workspace.read_if(path, is_wanted) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(None),
        Err(SourceError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound && !is_listed =>
        {
            return Ok(None);
        }
        Err(error) => return Err(Problem::unreadable(path, &error)),
    };
    let tree = match manifest::parse(&file) {
        Ok(tree) => tree,
        Err(_) if !is_listed && file.text().contains("{{") => return Ok(None),
        Err(error) => return Err(Problem::of_manifest(path, &error)),
    };
    let entries = match kustomization::is_one(&file, &tree) {
        true => kustomization::in_tree(&tree),
        false => Vec::new(),
    };
    Ok(Some(Manifest {
        entries,
        pods: workload::find(&file, &tree),
        patched: workload::patched_images(&file, &tree),
        builds: nixbuild::in_tree(&file, &tree),
        file,
    }))
}

fn similar_to<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let ratio = |name: &str| similar::TextDiff::from_chars(word, name).ratio();
    let near = names.iter().map(|name| (ratio(name), *name));
    let near = near.filter(|(ratio, _)| *ratio > 0.6);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
