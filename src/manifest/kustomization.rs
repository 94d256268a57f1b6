//! The `images:` of a kustomization: which tag or digest an image is given.

use super::tree::Node;
use super::{AttrPath, Located, ManifestError, parse};
use crate::source::SourceFile;

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

/// All entries of a file's `images:`, in the order of the file.
pub fn find(file: &SourceFile) -> Result<Vec<KustomizeImage>, ManifestError> {
    let tree = parse(file)?;
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
    Ok(found)
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
