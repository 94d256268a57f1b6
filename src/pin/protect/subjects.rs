//! Which pins are to be protected.

use super::{ProtectError, Request};
use crate::git::{Location, Oid};
use crate::naming::Name;
use crate::pin::{Pin, Role};

/// A pin whose commit is to stay on its remote.
pub(super) struct Subject {
    /// Its index.
    pub pin: usize,
    pub name: Name,
    pub rev: Oid,
    pub remote: Location,
    pub clone: Option<Location>,
}

pub(super) struct Subjects {
    pub of: Vec<Subject>,
    pub unfit: Vec<Unfit>,
}

/// A pin of a spork that cannot be protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Its index.
    pub pin: usize,
    pub reason: UnfitReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitReason {
    /// The source does not say which remote it is fetched from, or not in a way that can be read off.
    NoRemote,
    /// Its rev is not a full commit name.
    NoCommit,
}

/// Pins of sporks, and others when they are named with their attribute path.
pub(super) fn of(request: &Request) -> Result<Subjects, ProtectError> {
    let mut subjects = Subjects {
        of: Vec::new(),
        unfit: Vec::new(),
    };
    for at in &request.selection.chosen {
        let Some(pin) = request.pins.get(*at) else {
            continue;
        };
        let is_spork = matches!(pin.role, Role::Spork(_));
        if !is_spork && !request.selection.named.contains(at) {
            continue;
        }
        match fit(pin) {
            Ok((rev, url)) => subjects.of.push(Subject {
                pin: *at,
                name: pin.name.clone(),
                rev,
                remote: Location::Remote(url.to_owned()),
                clone: clone_of(request, pin),
            }),
            Err(reason) if is_spork => subjects.unfit.push(Unfit { pin: *at, reason }),
            // A glob may mean more than what can be protected; a name means just that.
            Err(_) if request.words.contains(&pin.name.to_string()) => {
                return Err(ProtectError::NoCommit {
                    name: pin.name.clone(),
                });
            }
            Err(_) => {}
        }
    }
    if request.selection.is_explicit && subjects.of.is_empty() && subjects.unfit.is_empty() {
        return Err(ProtectError::NothingMeant);
    }
    Ok(subjects)
}

fn fit(pin: &Pin) -> Result<(Oid, &str), UnfitReason> {
    let url = pin.repository.as_deref().ok_or(UnfitReason::NoRemote)?;
    let rev = pin.rev.as_deref().ok_or(UnfitReason::NoCommit)?;
    Ok((rev.parse().map_err(|_| UnfitReason::NoCommit)?, url))
}

fn clone_of(request: &Request, pin: &Pin) -> Option<Location> {
    let configured = || {
        let container = request.containers.config(&pin.name.container)?;
        Some(request.root.join(container.clone.as_ref()?))
    };
    let path = match request.clone {
        Some(path) => Some(path.to_owned()),
        None => configured(),
    };
    path.map(Location::Clone)
}
