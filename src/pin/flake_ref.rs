//! Flake references as Nix compares them: by what they say, however they are spelled.
//!
//! Not here: where a reference stands in a file (`flake_inputs`), and changing one (`manifest::flake_url`).
//! Source: `src/libfetchers/*.cc` and `src/libflake/flakeref.cc` of Nix 2.8 and 2.34.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::manifest::flake_url::percent_decoded;
use crate::nix::Source;

/// A flake reference. Two that Nix takes for the same are equal; where versions of Nix differ in what they take for
/// the same, so are those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlakeRef {
    pub kind: Kind,
    /// By the names that Nix has for them: `owner`, `url`, `ref`, `rev`, `dir`, …
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    GitHub,
    GitLab,
    Sourcehut,
    Git,
    Mercurial,
    /// A file of the network, unpacked or not: versions of Nix differ in what they take for which.
    Download,
    /// A folder of this machine.
    Path,
    /// A name that the registry of the machine explains.
    Indirect,
}

/// What is on or off; off is as if it was not there.
const FLAGS: [&str; 6] = [
    "shallow",
    "submodules",
    "lfs",
    "allRefs",
    "exportIgnore",
    "verifyCommit",
];
/// Parameters of a URL that are attributes of the reference, and no part of the URL.
const OF_GIT: [&str; 6] = ["ref", "rev", "dir", "keytype", "publicKey", "publicKeys"];
const OF_DOWNLOADS: [&str; 5] = ["rev", "dir", "narHash", "revCount", "lastModified"];
const OF_FORGES: [&str; 5] = ["ref", "rev", "host", "dir", "narHash"];
/// What is known of what was fetched, and not what is asked for.
const OF_CONTENT: [&str; 4] = ["narHash", "revCount", "lastModified", "__final"];

impl FlakeRef {
    /// Reads a reference in its URL-like form. `None` where cotter does not know what Nix makes of it.
    pub fn of_url(text: &str) -> Option<FlakeRef> {
        if text.is_empty() || text.contains('#') || text.contains("${") {
            return None;
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let Some((scheme, rest)) = base.split_once(':').filter(|(name, _)| is_scheme(name)) else {
            return match text.contains(['?', ':']) {
                false if is_id(text.split('/').next().unwrap_or(text)) => indirect(text),
                _ => Some(path(base)),
            };
        };
        let parameters = query.split('&').filter(|one| !one.is_empty());
        let mut attributes = BTreeMap::from([("type".to_owned(), scheme.to_owned())]);
        match scheme {
            "path" => return Some(path(rest)),
            "flake" => return query.is_empty().then(|| indirect(rest)).flatten(),
            "github" | "gitlab" | "sourcehut" => {
                let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
                let [owner, repo, behind @ ..] = parts.as_slice() else {
                    return None;
                };
                attributes.insert("owner".into(), percent_decoded(owner));
                attributes.insert("repo".into(), percent_decoded(repo));
                if !behind.is_empty() {
                    let name = percent_decoded(&behind.join("/"));
                    let key = if is_rev(&name) { "rev" } else { "ref" };
                    attributes.insert(key.into(), name);
                }
                for parameter in parameters {
                    let (key, value) = parameter.split_once('=')?;
                    if !OF_FORGES.contains(&key) {
                        return None;
                    }
                    attributes.insert(key.into(), percent_decoded(value));
                }
            }
            _ => {
                let kind = match scheme.split_once('+').unwrap_or(("", scheme)) {
                    ("git", "http" | "https" | "ssh" | "file") | ("", "git") => "git",
                    ("hg", "http" | "https" | "ssh" | "file") => "hg",
                    ("" | "tarball" | "file", "http" | "https" | "file") => "tarball",
                    _ => return None,
                };
                attributes.insert("type".into(), kind.into());
                attributes.insert("url".into(), text.to_owned());
            }
        }
        FlakeRef::of_attributes(attributes)
    }

    /// Reads a reference that is written as a set of attributes, among them `type`.
    pub fn of_attributes(mut attributes: BTreeMap<String, String>) -> Option<FlakeRef> {
        let kind = match attributes.remove("type")?.as_str() {
            "github" => Kind::GitHub,
            "gitlab" => Kind::GitLab,
            "sourcehut" => Kind::Sourcehut,
            "git" => Kind::Git,
            "hg" => Kind::Mercurial,
            "tarball" | "file" => Kind::Download,
            "path" => Kind::Path,
            "indirect" => Kind::Indirect,
            _ => return None,
        };
        if let Some(url) = attributes.remove("url") {
            let url = plain_url(&url, kind, &mut attributes)?;
            attributes.insert("url".into(), url);
        }
        if let Some(owner) = attributes.get_mut("owner") {
            *owner = percent_decoded(owner);
        }
        let default_host = match kind {
            Kind::GitHub => "github.com",
            Kind::GitLab => "gitlab.com",
            Kind::Sourcehut => "git.sr.ht",
            _ => "",
        };
        attributes.retain(|name, value| {
            let is_off = FLAGS.contains(&name.as_str()) && matches!(value.as_str(), "0" | "false");
            let is_default = match name.as_str() {
                "host" => value == default_host,
                "dir" => value.is_empty(),
                name => OF_CONTENT.contains(&name),
            };
            !is_off && !is_default
        });
        for flag in FLAGS {
            if let Some(value) = attributes.get_mut(flag) {
                *value = "1".into();
            }
        }
        Some(FlakeRef { kind, attributes })
    }

    /// Reads a reference of a lock file.
    pub fn of_source(source: &Source) -> Option<FlakeRef> {
        let mut attributes = BTreeMap::from([("type".to_owned(), source.kind.clone())]);
        for (name, value) in [
            ("owner", &source.owner),
            ("repo", &source.repo),
            ("host", &source.host),
            ("url", &source.url),
            ("path", &source.path),
            ("id", &source.id),
            ("dir", &source.dir),
            ("ref", &source.reference),
            ("rev", &source.rev),
        ] {
            if let Some(value) = value {
                attributes.insert(name.into(), value.clone());
            }
        }
        for (name, value) in &source.other {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return None,
            };
            attributes.insert(name.clone(), value);
        }
        FlakeRef::of_attributes(attributes)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The name of the first attribute that `other` has not or has otherwise; `type` where nothing can be compared.
    pub fn difference<'a>(&'a self, other: &'a FlakeRef) -> Option<&'a str> {
        if self.kind != other.kind {
            return Some("type");
        }
        const FIRST: [&str; 8] = ["url", "host", "owner", "repo", "id", "ref", "rev", "dir"];
        FIRST
            .into_iter()
            .chain(self.attributes.keys().map(String::as_str))
            .chain(other.attributes.keys().map(String::as_str))
            .find(|name| self.get(name) != other.get(name))
    }

    /// The repository of a forge, as `host/owner/repo`; or its URL without what says how it is reached.
    pub fn repository(&self) -> Option<String> {
        let forge = |default: &str| {
            let host = self.get("host").unwrap_or(default);
            Some(format!(
                "{host}/{}/{}",
                self.get("owner")?,
                self.get("repo")?
            ))
        };
        match self.kind {
            Kind::GitHub => forge("github.com"),
            Kind::GitLab => forge("gitlab.com"),
            Kind::Sourcehut => forge("git.sr.ht"),
            Kind::Git => {
                let url = self.get("url")?.split('?').next()?;
                let (_, place) = url.split_once("://")?;
                let place = place.split_once('@').map_or(place, |(_, place)| place);
                let place = place.trim_end_matches('/');
                Some(place.strip_suffix(".git").unwrap_or(place).to_owned())
            }
            _ => None,
        }
    }
}

impl fmt::Display for FlakeRef {
    /// The URL-like form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = |name| self.get(name).unwrap_or_default();
        let mut shown = vec!["url", "owner", "repo", "id", "path"];
        match self.kind {
            Kind::GitHub => write!(f, "github:{}/{}", get("owner"), get("repo"))?,
            Kind::GitLab => write!(f, "gitlab:{}/{}", get("owner"), get("repo"))?,
            Kind::Sourcehut => write!(f, "sourcehut:{}/{}", get("owner"), get("repo"))?,
            Kind::Indirect => write!(f, "{}", get("id"))?,
            Kind::Path => write!(f, "path:{}", get("path"))?,
            Kind::Download => write!(f, "{}", get("url"))?,
            Kind::Git | Kind::Mercurial => {
                let prefix = if self.kind == Kind::Git { "git" } else { "hg" };
                match get("url") {
                    url if url.starts_with("git:") => write!(f, "{url}")?,
                    url => write!(f, "{prefix}+{url}")?,
                }
            }
        }
        if matches!(
            self.kind,
            Kind::GitHub | Kind::GitLab | Kind::Sourcehut | Kind::Indirect
        ) {
            for name in ["ref", "rev"] {
                if let Some(value) = self.get(name) {
                    write!(f, "/{value}")?;
                    shown.push(name);
                }
            }
        }
        let mut mark = if get("url").contains('?') { '&' } else { '?' };
        for (name, value) in &self.attributes {
            if !shown.contains(&name.as_str()) {
                write!(f, "{mark}{name}={value}")?;
                mark = '&';
            }
        }
        Ok(())
    }
}

/// `url` without the parameters that are attributes, which are added to `attributes`, and without what only says that
/// it is a flake's.
fn plain_url(url: &str, kind: Kind, attributes: &mut BTreeMap<String, String>) -> Option<String> {
    let known: &[&str] = match kind {
        Kind::Git | Kind::Mercurial => &OF_GIT,
        Kind::Download => &OF_DOWNLOADS,
        _ => return None,
    };
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let scheme = base.split(':').next()?;
    let base = match scheme.split_once('+') {
        Some((kind, _)) => base.get(kind.len() + 1..)?,
        None => base,
    };
    // Where it lies depends on the folder that Nix runs in.
    if base
        .strip_prefix("file:")
        .is_some_and(|path| !path.starts_with('/'))
    {
        return None;
    }
    let mut left = Vec::new();
    for parameter in query.split('&').filter(|one| !one.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        match known.contains(&name) || (kind == Kind::Git && FLAGS.contains(&name)) {
            true => {
                attributes
                    .entry(name.to_owned())
                    .or_insert_with(|| percent_decoded(value));
            }
            false => left.push(percent_decoded(parameter)),
        }
    }
    left.sort_unstable();
    let base = percent_decoded(base);
    Some(match left.is_empty() {
        true => base,
        false => format!("{base}?{}", left.join("&")),
    })
}

fn path(text: &str) -> FlakeRef {
    FlakeRef {
        kind: Kind::Path,
        attributes: BTreeMap::from([("path".to_owned(), text.to_owned())]),
    }
}

/// `nixpkgs`, `nixpkgs/nixos-25.05`, `nixpkgs/nixos-25.05/REV`, `nixpkgs/REV`.
fn indirect(text: &str) -> Option<FlakeRef> {
    let parts: Vec<&str> = text.split('/').collect();
    let (id, rest) = parts.split_first().filter(|(id, _)| is_id(id))?;
    let mut attributes = BTreeMap::from([("id".to_owned(), (*id).to_owned())]);
    let reference = match rest.split_last() {
        Some((rev, before)) if is_rev(rev) => {
            attributes.insert("rev".into(), (*rev).to_owned());
            before
        }
        _ => rest,
    };
    if reference.iter().any(|part| part.is_empty()) {
        return None;
    }
    if !reference.is_empty() {
        attributes.insert("ref".into(), reference.join("/"));
    }
    Some(FlakeRef {
        kind: Kind::Indirect,
        attributes,
    })
}

fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
#[path = "flake_ref_tests.rs"]
mod tests;
