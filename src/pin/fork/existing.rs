//! A spork as it is pinned now: what emitting it again keeps.

use crate::pin::{Pin, Role};

/// What the pins of one spork say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    pub url: Option<String>,
    pub upstream: Option<String>,
    pub version: Option<String>,
    /// The branch that upstream's revision is fetched from.
    pub main: Option<String>,
    /// In the order in which they are applied.
    pub features: Vec<ExistingFeature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingFeature {
    pub name: String,
    pub branch: Option<String>,
    pub rev: String,
}

/// More than one spork is pinned in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeveralSporks;

impl Existing {
    /// The only spork of `pins`; `None` where none of them is of one.
    pub fn of(pins: &[Pin]) -> Result<Option<Existing>, SeveralSporks> {
        let members: Vec<_> = pins
            .iter()
            .filter_map(|pin| match &pin.role {
                Role::Spork(role) => Some((pin, role)),
                _ => None,
            })
            .collect();
        let Some((_, first)) = members.first() else {
            return Ok(None);
        };
        if members.iter().any(|(_, role)| role.spork != first.spork) {
            return Err(SeveralSporks);
        }
        let mut existing = Existing::default();
        let mut features = Vec::new();
        for (pin, role) in &members {
            let rev = pin.rev.clone().unwrap_or_default();
            match &role.feature {
                None => {
                    existing.url.clone_from(&pin.url);
                    existing.upstream = Some(rev);
                    existing.version = pin.version.as_ref().map(|spot| spot.value.clone());
                    existing.main.clone_from(&pin.git_ref);
                }
                Some(feature) => features.push((
                    feature.order,
                    ExistingFeature {
                        name: feature.name.clone(),
                        branch: feature.branch.clone(),
                        rev,
                    },
                )),
            }
        }
        features.sort_by_key(|(order, _)| *order);
        existing.features = features.into_iter().map(|(_, feature)| feature).collect();
        Ok(Some(existing))
    }
}
