//! Paths as cotter names them: below the workspace root, with `/`, in UTF-8.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A normalised path relative to the workspace root: no `.`, no `..`, no leading `/`.
///
/// The root itself is the empty path. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Arc<str>);

impl RelPath {
    /// Normalises `path`, resolving `.` and `..` by name only.
    ///
    /// `None` when it leads above the root, is absolute, or is not UTF-8.
    pub fn new(path: impl AsRef<Path>) -> Option<RelPath> {
        let mut parts: Vec<&str> = Vec::new();
        for component in path.as_ref().components() {
            match component {
                Component::Normal(name) => parts.push(name.to_str()?),
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop()?;
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        Some(RelPath(parts.join("/").into()))
    }

    /// The workspace root itself.
    pub fn root() -> RelPath {
        RelPath("".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; `""` for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The last component without its last `.ending`.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(dot) if dot > 0 => &name[..dot],
            _ => name,
        }
    }

    /// The folder that holds this path; the root's parent is the root.
    pub fn parent(&self) -> RelPath {
        match self.0.rfind('/') {
            Some(slash) => RelPath(self.0[..slash].into()),
            None => RelPath("".into()),
        }
    }

    /// `other`, which may hold `..`, seen from this folder. `None` when it leads out of the workspace.
    pub fn join(&self, other: impl AsRef<Path>) -> Option<RelPath> {
        RelPath::new(Path::new(self.as_str()).join(other))
    }

    /// Whether this is `folder` or lies anywhere below it.
    pub fn is_within(&self, folder: &RelPath) -> bool {
        folder.is_root()
            || self
                .0
                .strip_prefix(&*folder.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub fn to_path(&self, root: &Path) -> PathBuf {
        root.join(self.as_str())
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl serde::Serialize for RelPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::RelPath;

    fn rel(text: &str) -> RelPath {
        RelPath::new(text).expect(text)
    }

    #[test]
    fn normalises_by_name() {
        assert_eq!(rel("./a//b/../c").as_str(), "a/c");
        assert!(rel(".").is_root());
        assert_eq!(RelPath::new("a/../../b"), None);
        assert_eq!(RelPath::new("/a"), None);
    }

    #[test]
    fn knows_its_parts() {
        assert_eq!(
            rel("containers/ntfy/default.nix").file_name(),
            "default.nix"
        );
        assert_eq!(rel("containers/ntfy/default.nix").stem(), "default");
        assert_eq!(rel(".gitignore").stem(), ".gitignore");
        assert_eq!(rel("a/b").parent(), rel("a"));
        assert!(rel("a").parent().is_root());
        assert!(rel("a/b").is_within(&rel("a")));
        assert!(!rel("ab").is_within(&rel("a")));
        assert_eq!(rel("a/b").join("../c.nix"), Some(rel("a/c.nix")));
    }
}
