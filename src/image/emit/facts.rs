//! What the files of a source say that its expression needs: names, versions, lock files. They are read when the
//! expression is emitted; what changes with them is read by Nix itself, so that it stays in step.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::image::spec::Manager;
use crate::manifest::go_mod;

/// No file that is read here is longer.
const MOST_BYTES: u64 = 64 << 20;

/// Something that a source lacks, or that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {message}", path.display())]
    Invalid { path: PathBuf, message: String },
    #[error("{}: {message}", path.display())]
    Missing { path: PathBuf, message: String },
}

/// The folder of a source.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    pub dir: &'a Path,
}

/// A package of `Cargo.lock`.
#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    source: Option<String>,
}

impl Folder<'_> {
    /// The text of a file, where there is one.
    pub fn text(&self, name: &str) -> Result<Option<String>, SourceError> {
        let path = self.dir.join(name);
        let error = |source| SourceError::Io {
            path: path.clone(),
            source,
        };
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(error(source)),
        };
        let mut text = String::new();
        file.take(MOST_BYTES)
            .read_to_string(&mut text)
            .map_err(error)?;
        Ok(Some(text))
    }

    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// An error about a file that has to be there.
    pub fn missing(&self, name: &str, message: impl Into<String>) -> SourceError {
        SourceError::Missing {
            path: self.dir.join(name),
            message: message.into(),
        }
    }

    fn invalid(&self, name: &str, message: impl Into<String>) -> SourceError {
        SourceError::Invalid {
            path: self.dir.join(name),
            message: message.into(),
        }
    }

    /// The name of the package of `Cargo.toml`.
    pub fn cargo_name(&self) -> Result<String, SourceError> {
        let text = self.text("Cargo.toml")?.unwrap_or_default();
        let manifest: toml::Table =
            toml::from_str(&text).map_err(|e| self.invalid("Cargo.toml", e.message()))?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name")?.as_str());
        name.map(str::to_owned).ok_or_else(|| {
            self.missing(
                "Cargo.toml",
                "it names no package: say `program` in `[image.source]`",
            )
        })
    }

    /// Whether `Cargo.toml` itself says the name and the version of one package.
    pub fn cargo_says_name_and_version(&self) -> Result<bool, SourceError> {
        #[derive(Deserialize)]
        struct Manifest {
            package: Option<toml::Table>,
        }
        let Some(text) = self.text("Cargo.toml")? else {
            return Ok(false);
        };
        let manifest: Manifest =
            toml::from_str(&text).map_err(|e| self.invalid("Cargo.toml", e.message()))?;
        let Some(package) = manifest.package else {
            return Ok(false);
        };
        let says = |key: &str| package.get(key).is_some_and(toml::Value::is_str);
        Ok(says("name") && says("version"))
    }

    /// Whether `Cargo.lock` has a package of this name that is fetched from nowhere: a member of the workspace.
    pub fn cargo_locks_member(&self, name: &str) -> Result<bool, SourceError> {
        let text = self.text("Cargo.lock")?.unwrap_or_default();
        let packages = self.cargo_lock(&text)?;
        Ok(packages
            .iter()
            .any(|package| package.name == name && package.source.is_none()))
    }

    /// The packages that `Cargo.lock` takes from git, as `outputHashes` names them.
    pub fn cargo_git_packages(&self) -> Result<Vec<String>, SourceError> {
        let text = self.text("Cargo.lock")?.unwrap_or_default();
        self.cargo_git_packages_of(&text)
    }

    /// The same of a lock file with this text.
    pub fn cargo_git_packages_of(&self, text: &str) -> Result<Vec<String>, SourceError> {
        // Of one checkout one package is enough: Nix fetches it once.
        let mut checkouts = std::collections::BTreeMap::new();
        for package in self.cargo_lock(text)? {
            if let Some(source) = package.source.filter(|source| source.starts_with("git+")) {
                let name = format!("{}-{}", package.name, package.version);
                checkouts.entry(source).or_insert(name);
            }
        }
        let mut names: Vec<String> = checkouts.into_values().collect();
        names.sort();
        Ok(names)
    }

    fn cargo_lock(&self, text: &str) -> Result<Vec<LockedPackage>, SourceError> {
        #[derive(Deserialize)]
        struct Lock {
            #[serde(default)]
            package: Vec<LockedPackage>,
        }
        let lock: Lock =
            toml::from_str(text).map_err(|e| self.invalid("Cargo.lock", e.message()))?;
        Ok(lock.package)
    }

    /// The last part of the name of the Go module.
    pub fn go_module(&self) -> Result<Option<String>, SourceError> {
        let Some(text) = self.text("go.mod")? else {
            return Ok(None);
        };
        Ok(go_mod::program_name(&text))
    }

    /// Whether a Go module is built without fetching anything.
    pub fn go_needs_nothing(&self) -> bool {
        // A sum file of no dependency is empty.
        let sums = self.text("go.sum");
        let has_sums = sums.map_or(true, |text| {
            text.is_some_and(|text| !text.trim().is_empty())
        });
        self.has("vendor/modules.txt") || !has_sums
    }

    /// Whether `package.json` says a version.
    pub fn package_json_says_version(&self) -> Result<bool, SourceError> {
        let Some(text) = self.text("package.json")? else {
            return Err(self.missing(
                "package.json",
                "there is none: a project of npm, pnpm, yarn or bun is expected here",
            ));
        };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| self.invalid("package.json", e.to_string()))?;
        Ok(value
            .get("version")
            .is_some_and(serde_json::Value::is_string))
    }

    /// Whether `package.json` names anything to install.
    pub fn package_json_has_dependencies(&self) -> Result<bool, SourceError> {
        const KEYS: [&str; 4] = [
            "dependencies",
            "devDependencies",
            "optionalDependencies",
            "workspaces",
        ];
        let text = self.text("package.json")?.unwrap_or_default();
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| self.invalid("package.json", e.to_string()))?;
        let is_empty = |value: &serde_json::Value| match value {
            serde_json::Value::Object(map) => map.is_empty(),
            serde_json::Value::Array(list) => list.is_empty(),
            _ => true,
        };
        Ok(KEYS
            .iter()
            .filter_map(|key| value.get(key))
            .any(|value| !is_empty(value)))
    }

    /// Whether a lock file of npm takes nothing from elsewhere.
    pub fn npm_lock_is_empty(&self, name: &str) -> Result<bool, SourceError> {
        Ok(!self
            .text(name)?
            .unwrap_or_default()
            .contains("\"resolved\": \"http"))
    }

    /// The package manager whose lock file is here.
    pub fn manager(&self) -> Option<Manager> {
        [Manager::Npm, Manager::Pnpm, Manager::Yarn, Manager::Bun]
            .into_iter()
            .find(|manager| lock_file(*manager).iter().any(|name| self.has(name)))
    }
}

/// The names of a package manager's lock file.
pub fn lock_file(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
        Manager::Pnpm => &["pnpm-lock.yaml"],
        Manager::Yarn => &["yarn.lock"],
        Manager::Bun => &["bun.lock", "bun.lockb"],
    }
}
