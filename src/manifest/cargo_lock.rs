//! `Cargo.lock`: what it locks, and whether a `Cargo.toml` still fits it.
//!
//! Not a resolver: it compares each dependency that the manifest names with the locked packages. That finds what makes
//! `cargo build --locked` refuse, save for what only shows deeper in the graph (features, minimum versions).

use std::collections::BTreeMap;

use semver::{Version, VersionReq};

use super::tree::Node;
use super::{ManifestError, parse_as};
use crate::manifest::Format;
use crate::source::SourceFile;

/// A locked package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedPackage {
    pub name: String,
    pub version: Version,
    /// `registry+URL`, `git+URL?…#REV`; none for a package of the workspace itself or a path.
    pub source: Option<String>,
    /// The names it depends on, renames undone.
    pub dependencies: Vec<String>,
}

/// A source of the form `git+URL?branch=…#REV`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    pub url: String,
    /// `branch`, `tag` or `rev` and its value, as the manifest asked; none for the default branch.
    pub reference: Option<(String, String)>,
    /// The commit that is locked.
    pub rev: String,
}

#[derive(Clone, Debug)]
pub struct CargoLock {
    pub packages: Vec<LockedPackage>,
}

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

impl LockedPackage {
    /// Its git source, where it has one.
    pub fn git(&self) -> Option<GitSource> {
        let (address, rev) = self
            .source
            .as_deref()?
            .strip_prefix("git+")?
            .split_once('#')?;
        let (url, query) = address.split_once('?').unwrap_or((address, ""));
        let reference = query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            matches!(key, "branch" | "tag" | "rev")
                .then(|| (key.to_owned(), value.replace("%2F", "/")))
        });
        Some(GitSource {
            url: url.to_owned(),
            reference,
            rev: rev.to_owned(),
        })
    }
}

/// Reads a `Cargo.lock`. Entries without a name or a version that is one are left out.
pub fn read(file: &SourceFile) -> Result<CargoLock, ManifestError> {
    let tree = parse_as(file, Format::Toml)?;
    let packages = tree
        .documents
        .iter()
        .filter_map(|root| root.get("package"))
        .flat_map(Node::items)
        .filter_map(|package| {
            let text = |key: &str| package.get(key).and_then(Node::as_str);
            let names = package.get("dependencies").map_or(&[][..], Node::items);
            Some(LockedPackage {
                name: text("name")?.to_owned(),
                version: Version::parse(text("version")?).ok()?,
                source: text("source").map(str::to_owned),
                // `name`, `name version` or `name version (source)`.
                dependencies: names
                    .iter()
                    .filter_map(|line| Some(line.as_str()?.split(' ').next()?.to_owned()))
                    .collect(),
            })
        })
        .collect();
    Ok(CargoLock { packages })
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
        match own
            .dependencies
            .iter()
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
