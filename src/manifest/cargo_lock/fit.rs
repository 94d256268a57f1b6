//! Whether a `Cargo.toml` fits a `Cargo.lock`.
//!
//! Not a resolver: it compares each dependency that the manifest names with the locked packages. That finds what makes
//! `cargo build --locked` refuse, save for what only shows deeper in the graph (features, minimum versions).

use std::collections::BTreeMap;

use semver::VersionReq;

use super::{CargoLock, LockedPackage};
use crate::manifest::{Format, ManifestError, Node, parse_as};
use crate::source::SourceFile;

/// Whether a manifest fits a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    Fits,
    /// `cargo build --locked` would refuse, and why.
    DoesNotFit {
        dependency: String,
        reason: String,
    },
    /// It cannot be told from these two files.
    Unknown {
        dependency: String,
        reason: String,
    },
}

/// A dependency as a manifest names it.
struct Dependency {
    /// The name of the package, not of its rename.
    package: String,
    requirement: Option<String>,
    git: Option<(String, Option<(String, String)>)>,
}

impl CargoLock {
    /// Whether `manifest`, a `Cargo.toml`, still fits. For a member of a workspace give the root's manifest too.
    ///
    /// The first dependency that does not fit is named; else the first that cannot be told. What only stands in
    /// `[workspace.dependencies]` and no table here takes up is left alone: cargo does not lock it either.
    pub fn fit(
        &self,
        manifest: &SourceFile,
        workspace: Option<&SourceFile>,
    ) -> Result<Fit, ManifestError> {
        let tree = parse_as(manifest, Format::Toml)?;
        let root_tree = workspace
            .map(|file| parse_as(file, Format::Toml))
            .transpose()?;
        let Some(root) = tree.documents.first() else {
            return Ok(Fit::Fits);
        };
        let shared = root_tree
            .as_ref()
            .and_then(|tree| tree.documents.first())
            .unwrap_or(root)
            .at(&["workspace", "dependencies"]);
        let mut unknown = None;
        let mut named = Vec::new();
        for (name, entry) in dependency_tables(root).flat_map(Node::pairs) {
            let inherits = entry.get("workspace").and_then(Node::as_str) == Some("true");
            let entry = match (inherits, shared.and_then(|shared| shared.get(name))) {
                (false, _) => entry,
                (true, Some(entry)) => entry,
                (true, None) => {
                    unknown.get_or_insert(Fit::Unknown {
                        dependency: name.to_owned(),
                        reason: "it is taken from a workspace that was not given".to_owned(),
                    });
                    continue;
                }
            };
            let dependency = dependency(name, entry);
            match self.check(&dependency) {
                Fit::Fits => {}
                refused @ Fit::DoesNotFit { .. } => return Ok(refused),
                open @ Fit::Unknown { .. } => {
                    unknown.get_or_insert(open);
                }
            }
            named.push(dependency.package);
        }
        if let Some(unknown) = unknown {
            return Ok(unknown);
        }
        Ok(self.check_own_entry(root, &named))
    }

    fn check(&self, dependency: &Dependency) -> Fit {
        let refused = |reason: String| Fit::DoesNotFit {
            dependency: dependency.package.clone(),
            reason,
        };
        let mut candidates: Vec<&LockedPackage> = self
            .packages
            .iter()
            .filter(|package| package.name == dependency.package)
            .collect();
        if candidates.is_empty() {
            return refused("it is not in the lock".to_owned());
        }
        if let Some((url, reference)) = &dependency.git {
            candidates.retain(|package| {
                package.git().is_some_and(|git| {
                    same_repository(&git.url, url) && git.reference == *reference
                })
            });
            if candidates.is_empty() {
                return refused(format!("it is not locked from {url} at what is asked for"));
            }
        } else if candidates.iter().all(|package| package.git().is_some()) {
            // A [patch] may bring it from git; that is in another table.
            return Fit::Unknown {
                dependency: dependency.package.clone(),
                reason: "it is locked from git, which this table does not ask for".to_owned(),
            };
        }
        let Some(text) = &dependency.requirement else {
            return Fit::Fits;
        };
        let Ok(requirement) = VersionReq::parse(text) else {
            return Fit::Unknown {
                dependency: dependency.package.clone(),
                reason: format!("`{text}` is no version requirement"),
            };
        };
        if candidates
            .iter()
            .any(|package| requirement.matches(&package.version))
        {
            return Fit::Fits;
        }
        let locked: Vec<String> = candidates
            .iter()
            .map(|package| package.version.to_string())
            .collect();
        refused(format!(
            "`{text}` is asked for, {} is locked",
            locked.join(", ")
        ))
    }

    /// Compares what the lock says of the package itself: cargo writes there which packages it depends on.
    fn check_own_entry(&self, root: &Node, named: &[String]) -> Fit {
        let Some(name) = root.at(&["package", "name"]).and_then(Node::as_str) else {
            return Fit::Fits;
        };
        let refused = |dependency: &str, reason: &str| Fit::DoesNotFit {
            dependency: dependency.to_owned(),
            reason: reason.to_owned(),
        };
        let Some(own) = self
            .packages
            .iter()
            .find(|package| package.name == name && package.source.is_none())
        else {
            return refused(
                name,
                "the lock is of another workspace: it does not hold this package",
            );
        };
        if let Some(missing) = named
            .iter()
            .find(|dependency| !own.dependencies.contains(dependency))
        {
            return refused(
                missing,
                "it is locked for other packages, but not for this one",
            );
        }
        // Cargo overlooks a package left over from a path, not one from elsewhere.
        let is_fetched = |name: &&String| {
            self.packages
                .iter()
                .any(|p| p.name == **name && p.source.is_some())
        };
        match own
            .dependencies
            .iter()
            .filter(is_fetched)
            .find(|dependency| !named.contains(dependency))
        {
            Some(left) => refused(
                left,
                "it is locked for this package, which no longer asks for it",
            ),
            None => Fit::Fits,
        }
    }
}

/// The tables whose dependencies are locked for this package.
fn dependency_tables(root: &Node) -> impl Iterator<Item = &Node> {
    let targets = root
        .get("target")
        .into_iter()
        .flat_map(Node::pairs)
        .map(|(_, target)| target);
    std::iter::once(root).chain(targets).flat_map(|scope| {
        // The last two are older spellings.
        [
            "dependencies",
            "dev-dependencies",
            "build-dependencies",
            "dev_dependencies",
            "build_dependencies",
        ]
        .into_iter()
        .filter_map(|key| scope.get(key))
    })
}

fn dependency(name: &str, entry: &Node) -> Dependency {
    let fields: BTreeMap<&str, &str> = entry
        .pairs()
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .collect();
    let owned = |key: &str| fields.get(key).map(|value| (*value).to_owned());
    let reference = ["branch", "tag", "rev"]
        .into_iter()
        .find_map(|key| Some((key.to_owned(), owned(key)?)));
    Dependency {
        package: owned("package").unwrap_or_else(|| name.to_owned()),
        requirement: entry
            .as_str()
            .map(str::to_owned)
            .or_else(|| owned("version")),
        git: owned("git").map(|url| (url, reference)),
    }
}

/// Cargo takes these spellings for one repository.
fn same_repository(a: &str, b: &str) -> bool {
    let plain = |url: &str| {
        let url = url.trim_end_matches('/');
        url.strip_suffix(".git").unwrap_or(url).to_ascii_lowercase()
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::source::RelPath;

    const LOCK: &str = "version = 4\n
[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"serde\", \"rand 0.8.5\", \"tool\"]\n
[[package]]\nname = \"serde\"\nversion = \"1.0.200\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n
[[package]]\nname = \"rand\"\nversion = \"0.7.3\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n
[[package]]\nname = \"rand\"\nversion = \"0.8.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n
[[package]]\nname = \"tool\"\nversion = \"2.0.0\"\nsource = \"git+https://h/tool.git?tag=v2#1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\"\n
[[package]]\nname = \"odd\"\nversion = \"no version\"\n";

    fn file(name: &str, text: String) -> SourceFile {
        SourceFile::from_text(RelPath::new(name).unwrap(), text)
    }

    fn fit(dependencies: &str) -> Fit {
        let lock = read(&file("Cargo.lock", LOCK.to_owned())).unwrap();
        let manifest = format!("[package]\nname = \"app\"\n[dependencies]\n{dependencies}");
        lock.fit(&file("Cargo.toml", manifest), None).unwrap()
    }

    #[test]
    fn versions_and_git_references_must_be_locked() {
        let tool = "tool = { git = \"https://h/tool\", tag = \"v2\" }\n";
        let fits =
            format!("serde = \"1\"\nr = {{ package = \"rand\", version = \"0.8.1\" }}\n{tool}");
        assert_eq!(fit(&fits), Fit::Fits);
        for (dependencies, name, words) in [
            (
                fits.replace("\"1\"", "\"1.0.201\""),
                "serde",
                "`1.0.201` is asked for, 1.0.200 is locked",
            ),
            (
                fits.replace("0.8.1", "0.9"),
                "rand",
                "`0.9` is asked for, 0.7.3, 0.8.5 is locked",
            ),
            (
                fits.replace("v2", "v3"),
                "tool",
                "it is not locked from https://h/tool at what is asked for",
            ),
            (
                fits.replace("//h/tool", "//g/tool"),
                "tool",
                "it is not locked from https://g/tool at what is asked for",
            ),
            (
                format!("{fits}new = \"1\"\n"),
                "new",
                "it is not in the lock",
            ),
            (
                fits.replace(tool, ""),
                "tool",
                "it is locked for this package, which no longer asks for it",
            ),
        ] {
            let expected = Fit::DoesNotFit {
                dependency: name.to_owned(),
                reason: words.to_owned(),
            };
            assert_eq!(fit(&dependencies), expected);
        }
    }

    #[test]
    fn what_two_files_cannot_tell_is_unknown() {
        for dependencies in [
            "tool = \"2\"\n",
            "serde = \"one\"\n",
            "serde.workspace = true\n",
        ] {
            assert!(
                matches!(fit(dependencies), Fit::Unknown { .. }),
                "{dependencies}"
            );
        }
    }
}
