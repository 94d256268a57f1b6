//! The objects of a manifest, wherever they stand: in one of several documents, in a `kind: List`, as the text of a
//! kustomization's patch.

use std::sync::Arc;

use super::patch::{Embedded, embedded};
use super::tree::{Node, Tree};
use super::{AttrPath, Located};
use crate::source::SourceFile;

/// One object, or a part of one in a patch, or the operations of a JSON patch.
pub(super) struct Object<'a> {
    pub node: &'a Node,
    pub path: &'a AttrPath,
    /// The document of the file, from 0.
    pub document: usize,
    /// The entry of a kustomization's `patches` whose text this stands in.
    patch: Option<(&'a Node, &'a Arc<Embedded>)>,
    tree: &'a Tree,
}

/// Shows `visit` every object, in the order of the file.
pub(super) fn each(file: &SourceFile, tree: &Tree, visit: &mut dyn FnMut(&Object)) {
    for (document, node) in tree.documents.iter().enumerate() {
        let object = Object {
            node,
            path: &AttrPath::default(),
            document,
            patch: None,
            tree,
        };
        object.visit(file, visit);
    }
}

impl Object<'_> {
    fn visit(&self, file: &SourceFile, visit: &mut dyn FnMut(&Object)) {
        if self.text(&["kind"]).ends_with("List") {
            // A list in a list is no Kubernetes object, but it is bounded by the parser's depth.
            for (index, node) in items(self.node, "items").iter().enumerate() {
                let path = &self.path.key("items").index(index);
                Object {
                    node,
                    path,
                    ..*self
                }
                .visit(file, visit);
            }
        }
        visit(self);
        if self.patch.is_none() {
            self.inline_patches(file, visit);
        }
    }

    /// The patches that stand as text in a kustomization.
    fn inline_patches(&self, file: &SourceFile, visit: &mut dyn FnMut(&Object)) {
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            for (index, item) in items(self.node, key).iter().enumerate() {
                let path = self.path.key(key).index(index);
                let (node, path) = match item.get("patch") {
                    Some(patch) => (patch, path.key("patch")),
                    None => (item, path),
                };
                let inner = node
                    .as_scalar()
                    .and_then(|scalar| embedded(file.text(), scalar));
                let Some((tree, embedded)) = inner else {
                    continue;
                };
                for node in &tree.documents {
                    let object = Object {
                        node,
                        path: &path,
                        document: self.document,
                        patch: Some((item, &embedded)),
                        tree: &tree,
                    };
                    object.visit(file, visit);
                }
            }
        }
    }

    /// Whether it stands in a patch, and may be a part of an object only.
    pub fn is_inline_patch(&self) -> bool {
        self.patch.is_some()
    }

    /// What stands at `keys`; empty where that is no scalar.
    pub fn text(&self, keys: &[&str]) -> &str {
        self.node.at(keys).and_then(Node::as_str).unwrap_or("")
    }

    /// The object's `kind`; of a JSON patch, which names its object beside itself, the target's. May be empty.
    pub fn kind(&self) -> &str {
        self.or_target(&["kind"], "kind")
    }

    /// `metadata.name`, or the target's. May be empty.
    pub fn name(&self) -> &str {
        self.or_target(&["metadata", "name"], "name")
    }

    fn or_target(&self, keys: &[&str], key: &str) -> &str {
        let target = || {
            let (item, _) = self.patch.filter(|_| self.text(&["kind"]).is_empty())?;
            item.at(&["target", key])?.as_str()
        };
        target().unwrap_or_else(|| self.text(keys))
    }

    /// The scalar `node`, at its place in the file; `None` where nothing stands there.
    pub fn located(&self, node: &Node, path: AttrPath) -> Option<Located> {
        let scalar = node.as_scalar().filter(|scalar| !scalar.is_absent())?;
        let mut located = Located::new(scalar, self.tree.format, path);
        if let Some((_, embedded)) = self.patch {
            located.span = embedded.in_file(&located.span)?;
            located.embedded = Some(embedded.clone());
        }
        Some(located)
    }
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map_or(&[], Node::items)
}
