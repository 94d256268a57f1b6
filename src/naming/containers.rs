//! Which container a file belongs to.

use std::collections::{BTreeSet, HashMap};

use crate::config::{Config, Container};
use crate::source::RelPath;

/// The containers of a workspace: those that `cotter.toml` names, and every folder with a Nix file.
pub struct Containers<'c> {
    config: &'c Config,
    /// Configured Nix files and manifests.
    by_file: HashMap<RelPath, &'c str>,
    /// Folders of configured Nix files.
    by_folder: HashMap<RelPath, &'c str>,
    /// Folders that hold a `default.nix`.
    folders: BTreeSet<RelPath>,
}

impl<'c> Containers<'c> {
    /// `files` are the files of the workspace.
    pub fn new(config: &'c Config, files: &[RelPath]) -> Containers<'c> {
        let mut by_file = HashMap::new();
        let mut by_folder = HashMap::new();
        for (name, container) in &config.container {
            for manifest in container.manifest_files() {
                by_file.insert(manifest, name.as_str());
            }
            if let Some(nix) = container.nix_file() {
                by_folder.insert(nix.parent(), name.as_str());
                by_file.insert(nix, name.as_str());
            }
        }
        let folders = files
            .iter()
            .filter(|f| f.file_name() == "default.nix")
            .map(RelPath::parent)
            .collect();
        Containers {
            config,
            by_file,
            by_folder,
            folders,
        }
    }

    /// The container's name: what `cotter.toml` says; else the folder's name for `default.nix`, `package.nix`,
    /// `flake.nix` and what stands beside a `default.nix`; else the file's name without its ending, as for all files
    /// at the root.
    pub fn name_of(&self, file: &RelPath) -> String {
        let folder = file.parent();
        if let Some(name) = self
            .by_file
            .get(file)
            .or_else(|| self.by_folder.get(&folder))
        {
            return (*name).to_owned();
        }
        let of_folder = matches!(
            file.file_name(),
            "default.nix" | "package.nix" | "flake.nix" | "flake.lock"
        ) || !file.file_name().ends_with(".nix")
            || self.folders.contains(&folder);
        match folder.is_root() || !of_folder {
            true => file.stem().to_owned(),
            false => folder.file_name().to_owned(),
        }
    }

    /// What `cotter.toml` says about the container.
    pub fn config(&self, name: &str) -> Option<&'c Container> {
        self.config.container.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_folders_and_files() {
        let rel = |path: &str| RelPath::new(path).unwrap();
        let files = [
            "c/ntfy/default.nix",
            "c/ntfy/sources.nix",
            "pkgs/tool.nix",
            "flake.nix",
        ]
        .map(rel);
        let config = Config::default();
        let containers = Containers::new(&config, &files);
        for (file, name) in [
            ("c/ntfy/default.nix", "ntfy"),
            ("c/ntfy/sources.nix", "ntfy"),
            ("pkgs/tool.nix", "tool"),
            ("flake.nix", "flake"),
            ("flake.lock", "flake"),
            ("default.nix", "default"),
            ("argocd/chog/deployment.yaml", "chog"),
        ] {
            assert_eq!(containers.name_of(&rel(file)), name, "{file}");
        }
    }
}
