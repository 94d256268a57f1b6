//! NixBuild objects and the annotations that stand for them on pod templates: which flake at which revision is built,
//! and under which tag the image goes.
//!
//! Read from whole manifests, `kind: List`, strategic merge patches and kustomizations with inline patches.

use super::objects::{self, Object};
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
    Ok(in_tree(file, &parse(file)?))
}

/// The same of a file that was read already, as `tree`.
pub fn in_tree(file: &SourceFile, tree: &Tree) -> Vec<NixBuild> {
    let mut found = Vec::new();
    objects::each(file, tree, &mut |object| {
        found.extend(of_object(object));
    });
    found
}

fn of_object(object: &Object) -> Vec<NixBuild> {
    let mut found = Vec::new();
    let is_nixbuild =
        object.text(&["apiVersion"]).starts_with(GROUP) && object.text(&["kind"]) == "NixBuild";
    if is_nixbuild && let Some(spec) = object.node.get("spec") {
        let path = object.path.key("spec");
        found.extend(values(Place::NixBuild, object, spec, path, ""));
    }
    for keys in POD_METADATA {
        let metadata = object.node.at(keys);
        if let Some(annotations) = metadata.and_then(|metadata| metadata.get("annotations")) {
            let path = object.path.keys(keys).key("annotations");
            let build = values(Place::Annotations, object, annotations, path, ANNOTATION);
            found.extend(build);
        }
    }
    found.extend(json_patch(object));
    found
}

fn values(
    place: Place,
    object: &Object,
    mapping: &Node,
    path: AttrPath,
    prefix: &str,
) -> Option<NixBuild> {
    let value = |key: &str| {
        let key = format!("{prefix}{key}");
        let node = mapping.get(&key)?;
        object.located(node, path.key(&key))
    };
    let build = NixBuild {
        flake_url: value("flakeUrl"),
        image_tag: value("imageTag"),
        package: value("packageName"),
        system: value("system"),
        ..NixBuild::empty(place, object, path)
    };
    build.says_something().then_some(build)
}

/// A sequence of `{op, path, value}`: RFC 6902 in YAML or JSON.
fn json_patch(object: &Object) -> Option<NixBuild> {
    let mut build = NixBuild::empty(Place::JsonPatch, object, object.path.clone());
    let operations = object.node.items();
    let of_nixbuild = |pointer: &str| pointer == "/spec/flakeUrl";
    let is_nixbuild = operations
        .iter()
        .filter_map(|op| op.get("path")?.as_str())
        .any(of_nixbuild);
    for (index, operation) in operations.iter().enumerate() {
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
        let located = object.located(value, object.path.index(index).key("value"));
        match field {
            "flakeUrl" => build.flake_url = located,
            "imageTag" => build.image_tag = located,
            "packageName" => build.package = located,
            "system" => build.system = located,
            _ => {}
        }
    }
    build.says_something().then_some(build)
}

impl NixBuild {
    fn empty(place: Place, object: &Object, path: AttrPath) -> NixBuild {
        NixBuild {
            place,
            flake_url: None,
            image_tag: None,
            package: None,
            system: None,
            kind: object.kind().to_owned(),
            name: object.name().to_owned(),
            document: object.document,
            path,
        }
    }

    fn says_something(&self) -> bool {
        self.flake_url.is_some() || self.image_tag.is_some() || self.package.is_some()
    }
}
