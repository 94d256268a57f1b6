//! NixBuild objects and the annotations that stand for them on pod templates: which flake at which revision is built,
//! and under which tag the image goes.
//!
//! Read from whole manifests, `kind: List`, strategic merge patches and kustomizations with inline patches.

use std::sync::Arc;

use super::patch::{Embedded, embedded};
use super::tree::{Node, Tree};
use super::{AttrPath, Located, ManifestError, parse};
use crate::source::SourceFile;

const GROUP: &str = "enbi.hrzn.ee/";
const ANNOTATION: &str = "enbi.hrzn.ee/nixbuild-";
/// As a JSON patch's path spells the annotation (RFC 6901).
const ESCAPED_ANNOTATION: &str = "/enbi.hrzn.ee~1nixbuild-";

/// Where an object may carry a pod's annotations: itself, a Deployment and its kin, a CronJob.
const POD_METADATA: [&[&str]; 3] = [
    &["metadata"],
    &["spec", "template", "metadata"],
    &["spec", "jobTemplate", "spec", "template", "metadata"],
];

/// What kind of place the values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    NixBuild,
    Annotations,
    /// Operations of a JSON patch.
    JsonPatch,
}

/// One build that a manifest asks for, whole or, in a patch, in part: at least one of the values is there.
#[derive(Clone, Debug)]
pub struct NixBuild {
    pub place: Place,
    pub flake_url: Option<Located>,
    pub image_tag: Option<Located>,
    pub package: Option<Located>,
    /// Only NixBuild objects say it.
    pub system: Option<Located>,
    /// The object's `kind` and `metadata.name`; empty where a patch leaves them out.
    pub kind: String,
    pub name: String,
    /// The document of the file, from 0.
    pub document: usize,
    /// The mapping that holds the values, or the list of operations.
    pub path: AttrPath,
}

/// Everything of a file that asks for a build, in the order of the file. A file that cannot hold any is not parsed.
pub fn find(file: &SourceFile) -> Result<Vec<NixBuild>, ManifestError> {
    if !["enbi.hrzn.ee", "flakeUrl"]
        .iter()
        .any(|word| file.text().contains(word))
    {
        return Ok(Vec::new());
    }
    let tree = parse(file)?;
    let mut found = Vec::new();
    for (document, root) in tree.documents.iter().enumerate() {
        let mut scope = Scope {
            file,
            tree: &tree,
            document,
            embedded: None,
            found: &mut found,
        };
        scope.object(root, &AttrPath::default());
    }
    Ok(found)
}

struct Scope<'a> {
    file: &'a SourceFile,
    tree: &'a Tree,
    document: usize,
    embedded: Option<Arc<Embedded>>,
    found: &'a mut Vec<NixBuild>,
}

impl Scope<'_> {
    fn object(&mut self, object: &Node, path: &AttrPath) {
        if object
            .at(&["kind"])
            .and_then(Node::as_str)
            .is_some_and(|kind| kind.ends_with("List"))
        {
            for (index, item) in object
                .get("items")
                .map_or(&[][..], Node::items)
                .iter()
                .enumerate()
            {
                // A list in a list is no Kubernetes object, but it is bounded by the parser's depth.
                self.object(item, &path.key("items").index(index));
            }
        }
        let text_at = |keys: &[&str]| object.at(keys).and_then(Node::as_str).unwrap_or("");
        let is_nixbuild =
            text_at(&["apiVersion"]).starts_with(GROUP) && text_at(&["kind"]) == "NixBuild";
        if is_nixbuild && let Some(spec) = object.get("spec") {
            self.values(Place::NixBuild, object, spec, path.key("spec"), "");
        }
        for keys in POD_METADATA {
            if let Some(annotations) = object
                .at(keys)
                .and_then(|metadata| metadata.get("annotations"))
            {
                let path = path.keys(keys).key("annotations");
                self.values(Place::Annotations, object, annotations, path, ANNOTATION);
            }
        }
        self.json_patch(object, path);
        self.inline_patches(object, path);
    }

    fn values(
        &mut self,
        place: Place,
        object: &Node,
        mapping: &Node,
        path: AttrPath,
        prefix: &str,
    ) {
        let value = |key: &str| {
            let key = format!("{prefix}{key}");
            mapping
                .get(&key)
                .and_then(|node| self.located(node, path.key(&key)))
        };
        let build = NixBuild {
            place,
            flake_url: value("flakeUrl"),
            image_tag: value("imageTag"),
            package: value("packageName"),
            system: value("system"),
            kind: text(object, &["kind"]),
            name: text(object, &["metadata", "name"]),
            document: self.document,
            path,
        };
        self.keep(build);
    }

    /// A sequence of `{op, path, value}`: RFC 6902 in YAML or JSON.
    fn json_patch(&mut self, operations: &Node, path: &AttrPath) {
        let mut build = NixBuild {
            place: Place::JsonPatch,
            flake_url: None,
            image_tag: None,
            package: None,
            system: None,
            kind: String::new(),
            name: String::new(),
            document: self.document,
            path: path.clone(),
        };
        let of_nixbuild = |pointer: &str| pointer == "/spec/flakeUrl";
        let pointers = || {
            operations
                .items()
                .iter()
                .filter_map(|op| op.get("path")?.as_str())
        };
        let is_nixbuild = pointers().any(of_nixbuild);
        for (index, operation) in operations.items().iter().enumerate() {
            let (Some(pointer), Some(value)) = (
                operation.get("path").and_then(Node::as_str),
                operation.get("value"),
            ) else {
                continue;
            };
            let field = match pointer.rsplit_once(ESCAPED_ANNOTATION) {
                Some((_, field)) => field,
                None if is_nixbuild => pointer.strip_prefix("/spec/").unwrap_or(""),
                None => continue,
            };
            let located = self.located(value, path.index(index).key("value"));
            match field {
                "flakeUrl" => build.flake_url = located,
                "imageTag" => build.image_tag = located,
                "packageName" => build.package = located,
                "system" => build.system = located,
                _ => {}
            }
        }
        self.keep(build);
    }

    /// The patches that stand as text in a kustomization.
    fn inline_patches(&mut self, object: &Node, path: &AttrPath) {
        if self.embedded.is_some() {
            return;
        }
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            for (index, item) in object
                .get(key)
                .map_or(&[][..], Node::items)
                .iter()
                .enumerate()
            {
                let path = path.key(key).index(index);
                let (node, path) = match item.get("patch") {
                    Some(patch) => (patch, path.key("patch")),
                    None => (item, path),
                };
                let inner = node
                    .as_scalar()
                    .and_then(|scalar| embedded(self.file.text(), scalar));
                let Some((tree, embedded)) = inner else {
                    continue;
                };
                let before = self.found.len();
                let mut scope = Scope {
                    file: self.file,
                    tree: &tree,
                    document: self.document,
                    embedded: Some(embedded),
                    found: self.found,
                };
                for root in &tree.documents {
                    scope.object(root, &path);
                }
                // A JSON patch names its object beside itself.
                for build in self
                    .found
                    .iter_mut()
                    .skip(before)
                    .filter(|b| b.kind.is_empty())
                {
                    build.kind = text(item, &["target", "kind"]);
                    build.name = text(item, &["target", "name"]);
                }
            }
        }
    }

    fn located(&self, node: &Node, path: AttrPath) -> Option<Located> {
        let scalar = node.as_scalar().filter(|scalar| !scalar.is_absent())?;
        let mut located = Located::new(scalar, self.tree.format, path);
        if let Some(embedded) = &self.embedded {
            located.span = embedded.in_file(&located.span)?;
            located.embedded = Some(embedded.clone());
        }
        Some(located)
    }

    fn keep(&mut self, build: NixBuild) {
        if build.flake_url.is_some() || build.image_tag.is_some() || build.package.is_some() {
            self.found.push(build);
        }
    }
}

fn text(object: &Node, keys: &[&str]) -> String {
    object
        .at(keys)
        .and_then(Node::as_str)
        .unwrap_or("")
        .to_owned()
}
