//! Which refs of a remote keep the commits that they reach: those that no mirror sync rebases.

use std::collections::BTreeSet;

use super::Prefix;
use crate::config::{Config, Container};
use crate::git::Refs;
use crate::naming::Containers;
use crate::pin::{Follow, Pin, Role};

/// Branches below it hold features, whatever they are named in a source.
const FEATURES: &str = "feature/";

/// What the sources that pin commits of one remote say about its branches.
pub(super) struct Stable<'a> {
    prefix: &'a Prefix,
    containers: Vec<&'a Container>,
    has_unconfigured: bool,
    features: BTreeSet<String>,
}

impl<'a> Stable<'a> {
    /// `pins` are all those of the remote: a branch that one of them calls unstable is so for every other.
    pub fn new<'p>(
        prefix: &'a Prefix,
        config: &Config,
        containers: &Containers<'a>,
        pins: impl Iterator<Item = &'p Pin>,
    ) -> Stable<'a> {
        let mut stable = Stable {
            prefix,
            containers: Vec::new(),
            has_unconfigured: false,
            features: BTreeSet::new(),
        };
        for pin in pins {
            let container = containers.config(&pin.name.container);
            match container {
                Some(container) => stable.containers.push(container),
                None => stable.has_unconfigured = true,
            }
            let Role::Spork(role) = &pin.role else {
                continue;
            };
            let Some(feature) = &role.feature else {
                continue;
            };
            let named = feature.branch.iter().chain(&pin.git_ref).cloned();
            stable
                .features
                .extend(named.map(|name| without_heads(&name).to_owned()));
            if let Follow::Branch(name) = Follow::of(pin, config, container) {
                stable.features.insert(name);
            }
        }
        stable
    }

    /// Those of `refs` that keep what they reach. Refs below the prefix are not among them: they come and go with
    /// the pins, and hold exactly their own commit.
    pub fn among(&self, refs: &Refs) -> Refs {
        let folder = self.prefix.folder();
        let keeps = |name: &str| match name.strip_prefix("refs/heads/") {
            Some(branch) => !name.starts_with(&folder) && self.is_stable(branch),
            None => name.starts_with("refs/tags/"),
        };
        Refs {
            head: None,
            by_name: refs
                .by_name
                .iter()
                .filter(|(name, _)| keeps(name))
                .map(|(name, tip)| (name.clone(), *tip))
                .collect(),
        }
    }

    fn is_stable(&self, branch: &str) -> bool {
        let unconfigured = self.has_unconfigured.then(Container::default);
        let mut all = self.containers.iter().copied().chain(&unconfigured);
        if all.clone().any(|container| container.is_unstable(branch)) {
            return false;
        }
        all.any(|container| container.main_branch() == branch)
            || !(branch.starts_with(FEATURES) || self.features.contains(branch))
    }

    /// Whether `name` is the upstream branch of one of the containers.
    pub fn is_main(&self, name: &str) -> bool {
        let branch = without_heads(name);
        self.has_unconfigured && branch == Container::default().main_branch()
            || self
                .containers
                .iter()
                .any(|container| container.main_branch() == branch)
    }
}

fn without_heads(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}
