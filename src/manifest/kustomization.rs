//! The `images:` of a kustomization: which tag or digest an image is given.

use super::tree::{Node, Tree};
use super::{AttrPath, Located, ManifestError, parse};
use crate::source::{RelPath, SourceFile};

/// One entry of `images:`. At least its name is there.
#[derive(Clone, Debug)]
pub struct KustomizeImage {
    pub name: Located,
    pub new_name: Option<Located>,
    pub new_tag: Option<Located>,
    /// `sha256:…`; kustomize lets it win over `newTag`.
    pub digest: Option<Located>,
    pub path: AttrPath,
}

/// The names that kustomize looks for in a folder.
pub const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Keys that name what a kustomization is made of: other kustomizations' folders, and files.
const PARTS: [&str; 3] = ["resources", "bases", "components"];

/// Whether a file, which reads as `tree`, is a kustomization: by its name, or by what it says.
pub fn is_one(file: &SourceFile, tree: &Tree) -> bool {
    let says_so = |root: &Node| {
        let api = root.get("apiVersion").and_then(Node::as_str);
        api.is_some_and(|api| api.starts_with("kustomize.config.k8s.io/"))
    };
    FILES.contains(&file.path().file_name()) || tree.documents.iter().any(says_so)
}

/// The files and folders of the workspace that the kustomization `file` is made of; `tree` is what it reads as.
pub fn parts(file: &SourceFile, tree: &Tree) -> Vec<RelPath> {
    let folder = file.path().parent();
    let named = tree.documents.iter().flat_map(|root| {
        let lists = PARTS.iter().filter_map(|key| root.get(key));
        lists.flat_map(Node::items).filter_map(Node::as_str)
    });
    named.filter_map(|part| folder.join(part)).collect()
}

/// All entries of a file's `images:`, in the order of the file.
pub fn find(file: &SourceFile) -> Result<Vec<KustomizeImage>, ManifestError> {
    Ok(in_tree(&parse(file)?))
}

/// The same of a file that was read already, as `tree`.
pub fn in_tree(tree: &Tree) -> Vec<KustomizeImage> {
    let mut found = Vec::new();
    for root in &tree.documents {
        for (index, entry) in root
            .get("images")
            .map_or(&[][..], Node::items)
            .iter()
            .enumerate()
        {
            let path = AttrPath::default().key("images").index(index);
            let value = |key: &str| {
                let scalar = entry
                    .get(key)?
                    .as_scalar()
                    .filter(|scalar| !scalar.is_absent())?;
                Some(Located::new(scalar, tree.format, path.key(key)))
            };
            if let Some(name) = value("name") {
                found.push(KustomizeImage {
                    name,
                    new_name: value("newName"),
                    new_tag: value("newTag"),
                    digest: value("digest"),
                    path: path.clone(),
                });
            }
        }
    }
    found
}

/// The entries that stand for `image`, by the name they look for or the name they give.
pub fn find_image(file: &SourceFile, image: &str) -> Result<Vec<KustomizeImage>, ManifestError> {
    let mut found = find(file)?;
    found.retain(|entry| {
        entry.name.value == image
            || entry
                .new_name
                .as_ref()
                .is_some_and(|name| name.value == image)
    });
    Ok(found)
}
