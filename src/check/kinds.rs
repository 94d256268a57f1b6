//! What a file is by its name, beside Nix and YAML.

use crate::source::RelPath;

/// `Dockerfile`, `Dockerfile.dev`, `web.Dockerfile`, `Containerfile`.
pub fn is_dockerfile(file: &RelPath) -> bool {
    let name = file.file_name();
    ["Dockerfile", "Containerfile"].iter().any(|kind| {
        let before = name.strip_suffix(kind);
        let behind = name.strip_prefix(kind);
        before.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            || behind.is_some_and(|rest| {
                rest.starts_with('.') && !rest.ends_with(".nix") && !rest.ends_with(".md")
            })
    })
}
