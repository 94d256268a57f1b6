//! What the word that names an image means: a file, a folder, or an image of a registry.

use std::path::{Path, PathBuf};

use crate::image::registry::{Reference, ReferenceError};

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or folder, and the name or tag of one image in it.
    Path(PathBuf, Option<String>),
    Registry(Reference),
}

/// Why a word names no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("there is no file or folder `{0}`")]
    Missing(String),
    #[error("`{0}` is no file, no folder and no image of a registry")]
    Neither(String),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

impl SourceError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SourceError::Missing(_) => None,
            SourceError::Neither(_) => Some(
                "of a registry, write all of it: REGISTRY/NAME:TAG, or docker://REGISTRY/NAME:TAG",
            ),
            SourceError::Reference(error) => error.hint(),
        }
    }
}

/// Prefixes of files and folders, as skopeo has them.
const PREFIXES: [&str; 3] = ["docker-archive:", "oci-archive:", "oci:"];

impl Source {
    /// What `word` means, with relative paths from `folder`. A file of that name comes first.
    pub fn of(word: &str, folder: &Path) -> Result<Source, SourceError> {
        let path = folder.join(word);
        if path.exists() {
            return Ok(Source::Path(path, None));
        }
        if word.starts_with("docker://") {
            return Ok(Source::Registry(Reference::parse(word)?));
        }
        if let Some(rest) = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix)) {
            // `PATH:NAME`, where both may hold colons.
            let ends = rest.match_indices(':').map(|(at, _)| at);
            let ends: Vec<usize> = ends.chain([rest.len()]).collect();
            return ends
                .into_iter()
                .rev()
                .find_map(|end| {
                    let path = folder.join(rest.get(..end)?);
                    let name = rest.get(end + 1..).filter(|name| !name.is_empty());
                    let exists = end > 0 && path.exists();
                    exists.then(|| Source::Path(path, name.map(str::to_owned)))
                })
                .ok_or_else(|| SourceError::Missing(rest.to_owned()));
        }
        // A bare word is rather a file that is not there than an image of some registry that was not named.
        let first = word.split('/').next().unwrap_or_default();
        let has_registry = word.contains('/')
            && (first.contains('.') || first.contains(':') || first == "localhost")
            && !matches!(first, "." | "..");
        match has_registry {
            true => Ok(Source::Registry(Reference::parse(word)?)),
            false if word.contains('/') => Err(SourceError::Missing(word.to_owned())),
            false => Err(SourceError::Neither(word.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_before_registries() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir_all(folder.join("registry.example.org")).unwrap();
        std::fs::write(folder.join("registry.example.org/hello:1"), "").unwrap();
        std::fs::write(folder.join("a.tar"), "").unwrap();
        let path = |path: &str, name: Option<&str>| {
            Ok(Source::Path(folder.join(path), name.map(str::to_owned)))
        };
        let of = |word: &str| Source::of(word, folder);
        assert_eq!(of("a.tar"), path("a.tar", None));
        let both = "registry.example.org/hello:1";
        assert_eq!(of(both), path(both, None));
        assert_eq!(of("oci:a.tar"), path("a.tar", None));
        assert_eq!(
            of("docker-archive:a.tar:x/y:1"),
            path("a.tar", Some("x/y:1"))
        );
        assert!(matches!(
            of("registry.example.org/hello:2"),
            Ok(Source::Registry(_))
        ));
        assert!(matches!(of("docker://hello"), Ok(Source::Registry(_))));
        assert_eq!(of("oci:b"), Err(SourceError::Missing("b".into())));
        assert_eq!(of("./b.tar"), Err(SourceError::Missing("./b.tar".into())));
        assert_eq!(of("b.tar"), Err(SourceError::Neither("b.tar".into())));
        assert_eq!(of("result"), Err(SourceError::Neither("result".into())));
    }
}
