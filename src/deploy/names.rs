//! The names that a container's image goes by: what cotter.toml says, or what ends in the container's name; and what
//! kustomizations rename into it.

use std::collections::BTreeSet;

use super::pods::is_filled_in;
use crate::manifest::image_ref;
use crate::manifest::kustomization::KustomizeImage;

/// The names of one image, without tag.
#[derive(Clone, Debug, Default)]
pub struct Names {
    container: String,
    /// Of cotter.toml.
    configured: Option<String>,
    /// What kustomizations call what they give the image's name.
    renamed: BTreeSet<String>,
    /// Those that were met, without the configured one.
    met: BTreeSet<String>,
}

impl Names {
    pub fn new(container: &str, configured: Option<&str>) -> Names {
        Names {
            container: container.to_owned(),
            configured: configured.map(|name| image_ref::read(name).name_in(name).to_owned()),
            ..Names::default()
        }
    }

    /// Whether `name`, without tag, is the image's.
    pub fn has(&self, name: &str) -> bool {
        self.is_own(name) || self.renamed.contains(name)
    }

    fn is_own(&self, name: &str) -> bool {
        match &self.configured {
            Some(configured) => configured == name,
            None => name.rsplit('/').next() == Some(self.container.as_str()),
        }
    }

    /// Takes in what a kustomization says: what it gives the image's name is the image, and what it makes of it too.
    pub fn take(&mut self, entry: &KustomizeImage) {
        let Some(new) = &entry.new_name else { return };
        if self.is_own(&new.value) || self.is_own(&entry.name.value) {
            self.renamed.insert(entry.name.value.clone());
            self.renamed.insert(new.value.clone());
        }
    }

    /// Notes a name that stands in a manifest, if it is the image's.
    pub fn meet(&mut self, name: &str) {
        if self.has(name) && !is_filled_in(name) {
            self.met.insert(name.to_owned());
        }
    }

    /// The name to show: the configured one, else the longest that was met.
    pub fn main(&self) -> &str {
        let longest = || self.met.iter().max_by_key(|name| name.len());
        let main = self.configured.as_ref().or_else(longest);
        main.unwrap_or(&self.container)
    }

    /// Names that are not the same image in all certainty: of several registries, with nothing to say which counts.
    pub fn rivals(&self) -> Vec<&str> {
        let is_full = |name: &&String| name.contains('/') && !self.renamed.contains(*name);
        match &self.configured {
            Some(_) => Vec::new(),
            None => self
                .met
                .iter()
                .filter(is_full)
                .map(String::as_str)
                .collect(),
        }
    }
}
