//! What the hash literals of pins are the hashes of.

use std::collections::BTreeMap;
use std::path::Path;

use super::location::Places;
use super::{Fetch, Found, Pin, PinnedHash};
use crate::config::Config;
use crate::fetched::{Fetched, Origin};
use crate::naming::Containers;
use crate::source::{RelPath, Workspace};

/// Every hash literal that belongs to a pin, once, by file and place. `clone` stands for the remote as in a bump.
pub fn fetched(
    workspace: &Workspace,
    config: &Config,
    found: &Found,
    clone: Option<&Path>,
) -> Vec<Fetched> {
    let containers = Containers::new(config, &found.files);
    let places = Places {
        workspace,
        containers: &containers,
        pins: &found.pins,
        clone,
    };
    let mut by_place: BTreeMap<(RelPath, usize), Fetched> = BTreeMap::new();
    for fetched in found.pins.iter().filter_map(|pin| of(&places, pin)) {
        by_place
            .entry((fetched.file.clone(), fetched.offset))
            .and_modify(|known| {
                if known.what.identity() != fetched.what.identity() {
                    known.what = Origin::Other;
                    known.obstacle = Some("one hash stands for several things".to_owned());
                }
            })
            .or_insert(fetched);
    }
    by_place.into_values().collect()
}

fn of(places: &Places, pin: &Pin) -> Option<Fetched> {
    let PinnedHash::Literal { spot, algo, .. } = &pin.hash else {
        return None;
    };
    let (what, obstacle) = match &pin.fetch {
        Some(Fetch::Tree {
            method,
            submodules,
            obstacle,
        }) => match (&pin.repository, places.of(pin), &pin.rev) {
            (Some(url), Some(at), Some(rev)) => {
                let what = Origin::Git {
                    url: url.clone(),
                    at,
                    rev: rev.clone(),
                    method: *method,
                    submodules: *submodules,
                };
                (what, obstacle.clone())
            }
            _ => (
                Origin::Other,
                Some("no repository is known for it".to_owned()),
            ),
        },
        Some(Fetch::File {
            urls,
            executable,
            obstacle,
        }) => {
            let what = Origin::Flat {
                urls: urls.clone(),
                executable: *executable,
            };
            (what, obstacle.clone())
        }
        None => (
            Origin::Other,
            Some("it is taken over what is made of the file that is fetched".to_owned()),
        ),
    };
    Some(Fetched {
        file: spot.file.clone(),
        offset: spot.offset(),
        algo: *algo,
        what,
        obstacle,
    })
}
