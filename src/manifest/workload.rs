//! The pods that a manifest asks for: their annotations, and the images of their containers.
//!
//! Read from Pods and from what makes pods (Deployment and its kin, Job, CronJob), alone, in several documents, in a
//! `kind: List`, and in strategic merge patches, be they files or the text of a kustomization. Objects of other kinds
//! deploy nothing as far as is known here. Not here: `images:` of kustomizations (`kustomization`).

use super::objects::{self, Object};
use super::tree::{Node, Tree};
use super::{AttrPath, Located};
use crate::source::SourceFile;

/// API groups of the kinds below; the core group has no name. Another group's `Job` is another thing.
const GROUPS: [&str; 4] = ["", "apps", "batch", "extensions"];

/// Kinds, and where the pod stands in them.
const KINDS: [(&str, &[&str]); 8] = [
    ("Pod", &[]),
    ("Deployment", TEMPLATE),
    ("StatefulSet", TEMPLATE),
    ("DaemonSet", TEMPLATE),
    ("ReplicaSet", TEMPLATE),
    ("ReplicationController", TEMPLATE),
    ("Job", TEMPLATE),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

const TEMPLATE: &[&str] = &["spec", "template"];

/// Words in the names of objects that run beside others of the same image, on purpose at another version.
const SIDE_BY_SIDE: [&str; 12] = [
    "canary", "preview", "staging", "stage", "beta", "next", "blue", "green", "dev", "test", "old",
    "new",
];

/// Where a pod's containers stand.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A pod, or the template of pods; in a patch, a part of it.
#[derive(Clone, Debug)]
pub struct Pod {
    /// The object's `kind`.
    pub kind: String,
    /// The object's `metadata.name`; may be empty.
    pub name: String,
    /// The object's `metadata.namespace`; may be empty.
    pub namespace: String,
    /// The document of the file, from 0.
    pub document: usize,
    /// The pod's own annotations, not those of the object around it.
    pub annotations: Vec<Annotation>,
    /// Those that are run first come first.
    pub containers: Vec<Container>,
    /// Whether it is all of the pod. A patch is not; nor is what lacks something that a whole object cannot lack.
    pub is_whole: bool,
}

/// An annotation that has a value.
#[derive(Clone, Debug)]
pub struct Annotation {
    pub key: String,
    pub value: Located,
}

/// A container of a pod.
#[derive(Clone, Debug)]
pub struct Container {
    /// May be empty.
    pub name: String,
    pub image: Option<Located>,
    /// `imagePullPolicy`.
    pub pull_policy: Option<Located>,
}

impl Pod {
    /// The value of the annotation `key`.
    pub fn annotation(&self, key: &str) -> Option<&Located> {
        let mut annotations = self.annotations.iter();
        let found = annotations.find(|annotation| annotation.key == key)?;
        Some(&found.value)
    }

    /// The images of its containers.
    pub fn images(&self) -> impl Iterator<Item = &Located> {
        self.containers.iter().filter_map(|c| c.image.as_ref())
    }
}

/// Whether the object `name` is one that runs beside others of the same image, on purpose at another version.
pub fn runs_beside(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| SIDE_BY_SIDE.contains(&word))
}

/// All pods of `file`, which reads as `tree`, in the order of the file.
pub fn find(file: &SourceFile, tree: &Tree) -> Vec<Pod> {
    let mut found = Vec::new();
    objects::each(file, tree, &mut |object| {
        found.extend(of_object(object));
    });
    found
}

/// The images that JSON patches (RFC 6902) give the containers of pods.
pub fn patched_images(file: &SourceFile, tree: &Tree) -> Vec<Located> {
    let mut found = Vec::new();
    objects::each(file, tree, &mut |object| {
        for (index, operation) in object.node.items().iter().enumerate() {
            let text = |key: &str| operation.get(key).and_then(Node::as_str);
            let is_image = text("path").is_some_and(|path| {
                path.ends_with("/image")
                    && CONTAINERS
                        .iter()
                        .any(|list| path.contains(&format!("/{list}/")))
            });
            let value = operation.get("value").filter(|_| is_image);
            let path = object.path.index(index).key("value");
            found.extend(value.and_then(|value| object.located(value, path)));
        }
    });
    found
}

fn of_object(object: &Object) -> Option<Pod> {
    let kind = object.text(&["kind"]);
    let (_, keys) = KINDS.iter().find(|(name, _)| *name == kind)?;
    let group = match object.text(&["apiVersion"]).split_once('/') {
        Some((group, _)) => group,
        None => "",
    };
    if !GROUPS.contains(&group) {
        return None;
    }
    let pod = object.node.at(keys)?;
    let path = object.path.keys(keys);
    let annotations = annotations(object, pod, &path);
    let containers = containers(object, pod, &path);
    let is_whole = !object.is_inline_patch()
        && has_what_it_needs(object, kind, pod)
        && !containers.is_empty()
        && containers.iter().all(|container| container.image.is_some());
    Some(Pod {
        kind: kind.to_owned(),
        name: object.name().to_owned(),
        namespace: object.text(&["metadata", "namespace"]).to_owned(),
        document: object.document,
        annotations,
        containers,
        is_whole,
    })
}

fn annotations(object: &Object, pod: &Node, path: &AttrPath) -> Vec<Annotation> {
    let Some(annotations) = pod.at(&["metadata", "annotations"]) else {
        return Vec::new();
    };
    let path = path.keys(&["metadata", "annotations"]);
    annotations
        .pairs()
        .filter_map(|(key, value)| {
            Some(Annotation {
                key: key.to_owned(),
                value: object.located(value, path.key(key))?,
            })
        })
        .collect()
}

fn containers(object: &Object, pod: &Node, path: &AttrPath) -> Vec<Container> {
    let mut found = Vec::new();
    for list in CONTAINERS {
        let items = pod.at(&["spec", list]).map_or(&[][..], Node::items);
        for (index, item) in items.iter().enumerate() {
            let path = path.keys(&["spec", list]).index(index);
            let value = |key: &str| object.located(item.get(key)?, path.key(key));
            found.push(Container {
                name: item.get("name").and_then(Node::as_str).unwrap_or("").into(),
                image: value("image"),
                pull_policy: value("imagePullPolicy"),
            });
        }
    }
    found
}

/// Whether the object has what the API refuses it without, and a patch has no reason to repeat.
fn has_what_it_needs(object: &Object, kind: &str, pod: &Node) -> bool {
    let has = |keys: &[&str]| object.node.at(keys).is_some();
    match kind {
        "Pod" => has(&["apiVersion"]) && has(&["metadata"]),
        // A ReplicationController selects by the labels of its pods if nothing else is said.
        "ReplicationController" => pod.at(&["metadata", "labels"]).is_some(),
        "Job" | "CronJob" => pod.at(&["spec", "restartPolicy"]).is_some(),
        _ => has(&["spec", "selector"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use crate::source::RelPath;

    fn pods(text: &str) -> (SourceFile, Vec<Pod>) {
        let path = RelPath::new("x.yaml").unwrap();
        let file = SourceFile::from_text(path, text.to_owned());
        let tree = parse(&file).unwrap();
        let pods = find(&file, &tree);
        (file, pods)
    }

    /// Kind, images as they stand in the file, whether it is whole.
    fn shown(text: &str) -> Vec<String> {
        let (file, pods) = pods(text);
        pods.iter()
            .map(|pod| {
                let images: Vec<&str> = pod
                    .images()
                    .map(|image| &file.text()[image.span.clone()])
                    .collect();
                let part = if pod.is_whole { "" } else { " (part)" };
                format!("{}/{}: {}{part}", pod.kind, pod.name, images.join(" "))
            })
            .collect()
    }

    #[test]
    fn every_kind_of_workload_is_read() {
        let text = "\
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers: [{ name: x, image: r/x:1 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: b }
spec:
  selector: { matchLabels: { app: b } }
  template:
    spec:
      containers:
        - image: \"r/y:1\"
      initContainers:
        - image: r/init:1
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: c }
spec:
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{ name: x, image: r/z:1 }]
---
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: StatefulSet
    metadata: { name: d }
    spec:
      selector: {}
      template: { spec: { containers: [{ image: r/l:1 }] } }
";
        assert_eq!(
            shown(text),
            [
                "Pod/a: r/x:1",
                "Deployment/b: r/init:1 \"r/y:1\"",
                "CronJob/c: r/z:1",
                "StatefulSet/d: r/l:1"
            ]
        );
    }

    #[test]
    fn patches_are_parts_and_have_their_places_in_the_file() {
        let text = "\
kind: Kustomization
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: b
      spec:
        selector: {}
        template:
          spec:
            containers:
              - name: y
                image: r/y:1
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: c }
spec:
  template:
    spec:
      containers: [{ name: y, imagePullPolicy: Always }]
";
        assert_eq!(
            shown(text),
            ["Deployment/b: r/y:1 (part)", "Deployment/c:  (part)"]
        );
    }

    #[test]
    fn other_things_of_these_names_are_none() {
        for text in [
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: { template: { spec: { containers: [{ image: x }] } } }\n",
            "kind: Cluster\nnodes: [{ image: kindest/node }]\n",
            "services: { a: { image: x } }\n",
            "kind: Deployment\nspec: {}\n",
            "- kind: Deployment\n",
            "",
        ] {
            assert_eq!(shown(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn annotations_are_those_of_the_pod() {
        let (_, pods) = pods(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: { annotations: { a: outer } }\n\
             spec: { template: { metadata: { annotations: { a: inner, b: } } } }\n",
        );
        let values: Vec<(&str, &str)> = pods[0]
            .annotations
            .iter()
            .map(|a| (a.key.as_str(), a.value.value.as_str()))
            .collect();
        assert_eq!(values, [("a", "inner")]);
        assert_eq!(pods[0].annotation("a").unwrap().value, "inner");
    }
}
