//! `service-versions.yaml`: which version of a service is deployed. There is no one shape of it; those that are read:
//! `kingfisher: V`, `kingfisher: { version: V }`, `services: [ { name: kingfisher, version: V } ]` and
//! `services: { kingfisher: … }`.

use super::tree::Node;
use super::{AttrPath, Format, Located, ManifestError, parse};
use crate::source::{Position, SourceFile};

/// Keys that may hold the services.
const GROUPS: [&str; 6] = [
    "services",
    "versions",
    "containers",
    "apps",
    "applications",
    "images",
];
/// Keys that may hold a service's name.
const NAMES: [&str; 3] = ["name", "service", "id"];
/// Keys that may hold its version. The first group of which a service has any decides.
const VERSIONS: [&[&str]; 3] = [
    &[
        "version",
        "current-version",
        "current_version",
        "currentVersion",
    ],
    &[
        "tag",
        "imageTag",
        "image-tag",
        "image_tag",
        "rev",
        "sha",
        "revision",
        "commit",
    ],
    &["upstream-version", "upstream_version", "upstreamVersion"],
];

/// The answer for one service.
#[derive(Clone, Debug)]
pub enum ServiceVersion {
    Found(Located),
    /// The file does not name the service.
    NoService,
    /// It names the service, there, but no version of it.
    NoVersion(Position),
    /// It names several versions, and nothing says which one counts.
    Ambiguous(Vec<(Position, Located)>),
}

/// Looks up `service` in a file of versions.
pub fn find(file: &SourceFile, service: &str) -> Result<ServiceVersion, ManifestError> {
    let tree = parse(file)?;
    let mut entries = Vec::new();
    for root in &tree.documents {
        let path = AttrPath::default();
        entries_in(root, service, &path, &mut entries);
        for group in GROUPS {
            if let Some(node) = root.get(group) {
                entries_in(node, service, &path.key(group), &mut entries);
            }
        }
    }
    let Some((first, _)) = entries.first() else {
        return Ok(ServiceVersion::NoService);
    };
    let first = file.position(first.span.start);
    let mut versions: Vec<Located> = entries
        .iter()
        .flat_map(|(entry, path)| versions_of(entry, path, tree.format))
        .collect();
    Ok(match (versions.len(), versions.pop()) {
        (1, Some(version)) => ServiceVersion::Found(version),
        (_, None) => ServiceVersion::NoVersion(first),
        (_, Some(last)) => {
            versions.push(last);
            ServiceVersion::Ambiguous(
                versions
                    .into_iter()
                    .map(|version| (file.position(version.span.start), version))
                    .collect(),
            )
        }
    })
}

/// What `node`, a mapping by name or a list of things with names, says of the service.
fn entries_in<'a>(
    node: &'a Node,
    service: &str,
    path: &AttrPath,
    entries: &mut Vec<(&'a Node, AttrPath)>,
) {
    if let Some(entry) = node.get(service) {
        entries.push((entry, path.key(service)));
    }
    for (index, item) in node.items().iter().enumerate() {
        if NAMES
            .iter()
            .any(|key| item.get(key).and_then(Node::as_str) == Some(service))
        {
            entries.push((item, path.index(index)));
        } else if let Some(entry) = item.get(service) {
            entries.push((entry, path.index(index).key(service)));
        }
    }
}

fn versions_of(entry: &Node, path: &AttrPath, format: Format) -> Vec<Located> {
    let located = |node: &Node, path: AttrPath| {
        let scalar = node.as_scalar().filter(|scalar| !scalar.is_absent())?;
        Some(Located::new(scalar, format, path))
    };
    if entry.as_scalar().is_some() {
        return located(entry, path.clone()).into_iter().collect();
    }
    VERSIONS
        .iter()
        .map(|keys| {
            keys.iter()
                .filter_map(|key| located(entry.get(key)?, path.key(key)))
                .collect::<Vec<_>>()
        })
        .find(|versions| !versions.is_empty())
        .unwrap_or_default()
}
