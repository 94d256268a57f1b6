//! `Cargo.lock`: what it locks, and whether a `Cargo.toml` still fits it.

mod fit;

use semver::Version;

pub use fit::Fit;

use super::tree::Node;
use super::{Format, ManifestError, parse_as};
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
