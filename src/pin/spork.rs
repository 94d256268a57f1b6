//! Sporks: a set, `let` or function with an `upstreamRev` and, as a rule, `features`; or a call of `sporkSource`, which
//! may take them from elsewhere.

use std::collections::HashMap;
use std::rc::Rc;

use super::fetcher::{Arguments, SPORK_BRANCH, SPORK_SOURCE};
use super::{DependentHash, Fetch, Follow, Moves, Pin, PinKind, PinnedHash, Role};
use crate::naming::Name;
use crate::source::RelPath;
use crate::spot::Spot;
use crate::syntax::{Attrs, Call, Library, NixFile, Value, sets_with};

/// The name that makes a spork.
pub const UPSTREAM: &str = "upstreamRev";

/// Which spork a pin is of, and as what.
#[derive(Clone, Debug)]
pub struct SporkRole {
    /// Pins of one spork have the same: the file and the path of the set that holds it.
    pub spork: (RelPath, String),
    /// `None` for the upstream rev.
    pub feature: Option<Feature>,
}

#[derive(Clone, Debug)]
pub struct Feature {
    pub name: String,
    /// The branch that the source names.
    pub branch: Option<String>,
    /// Its place among the features, which is the order that the patches are applied in.
    pub order: usize,
}

/// A call that fetches one of the spork's revisions.
struct Fetching<'a> {
    call: &'a Call,
    url: Option<String>,
    git_ref: Option<String>,
    rev: Option<Spot>,
    /// `rev = feature.rev` in a function over the features: the text does not tell which.
    rev_unknown: bool,
}

impl<'a> Fetching<'a> {
    fn of(library: &Library, call: &'a Call) -> Fetching<'a> {
        let attrs = call.arguments(library);
        let get = |name: &str| {
            attrs
                .as_ref()
                .map_or(Value::Unknown, |attrs| attrs.get(library, name))
        };
        let (of_rev, of_ref) = match call.function.as_str() {
            SPORK_SOURCE => (UPSTREAM, SPORK_BRANCH),
            _ => ("rev", "ref"),
        };
        let rev = get(of_rev).text().as_ref().and_then(Spot::literal);
        Fetching {
            url: get("url").text().map(|text| text.value()),
            git_ref: get(of_ref).text().map(|text| text.value()),
            rev_unknown: rev.is_none()
                && call.function != SPORK_SOURCE
                && attrs
                    .as_ref()
                    .is_some_and(|attrs| attrs.has(library, of_rev)),
            rev,
            call,
        }
    }

    fn is_of(&self, rev: &Spot) -> bool {
        self.rev.as_ref().is_some_and(|own| own.is_same(rev))
    }

    /// The arguments of a call that makes the source of the whole spork.
    fn of_spork(&self, library: &Library) -> Option<Attrs> {
        (self.call.function == SPORK_SOURCE)
            .then(|| self.call.arguments(library))
            .flatten()
    }
}

/// The sporks of `file`.
pub fn find(container: &str, library: &Library, file: &Rc<NixFile>, fetchers: &[Call]) -> Vec<Pin> {
    let holders = sets_with(file, UPSTREAM);
    if holders.is_empty() {
        return Vec::new();
    }
    let fetching: Vec<Fetching> = fetchers
        .iter()
        .map(|call| Fetching::of(library, call))
        .collect();
    let mut pins = Vec::new();
    // Of a file's only spork the features may stand apart: the rev an argument, the features in a `let`.
    let elsewhere = match holders.len() {
        1 => sets_with(file, "features"),
        _ => Vec::new(),
    };
    for (holder, path) in holders {
        // `inherit upstreamRev;` and `upstreamRev = upstreamRev;` lead to a literal that is its own holder.
        let Some(spot) = holder
            .get(library, UPSTREAM)
            .text()
            .as_ref()
            .and_then(Spot::literal)
        else {
            continue;
        };
        if spot.via().is_some()
            || pins
                .iter()
                .any(|pin: &Pin| pin.spot.as_ref().is_some_and(|s| s.is_same(&spot)))
        {
            continue;
        }
        let of_calls: Vec<Attrs> = fetching
            .iter()
            .filter(|call| call.is_of(&spot))
            .filter_map(|call| call.of_spork(library))
            .collect();
        let features = [&holder]
            .into_iter()
            .chain(&of_calls)
            .chain(elsewhere.iter().map(|(set, _)| set))
            .map(|set| features(library, set))
            .find(|features| !features.is_empty())
            .unwrap_or_default();
        pins.extend(of_holder(
            container, library, &holder, &path, spot, features, &fetching,
        ));
    }
    pins
}

fn of_holder(
    container: &str,
    library: &Library,
    holder: &Attrs,
    path: &[String],
    upstream: Spot,
    features: Vec<FeatureRev>,
    fetching: &[Fetching],
) -> Vec<Pin> {
    let string = |attrs: &Attrs, names: &[&str]| {
        names
            .iter()
            .find_map(|name| attrs.get(library, name).text())
            .map(|text| text.value())
    };
    let fetch = fetching.iter().find(|f| f.is_of(&upstream));
    let url = string(holder, &["url", "upstreamUrl", "upstreamURL"])
        .or_else(|| fetch.and_then(|f| f.url.clone()))
        .or_else(|| {
            fetching
                .iter()
                .find_map(|f| f.url.clone().filter(|_| f.rev_unknown))
        });
    let version = holder.nearest(library, "version").text().or_else(|| {
        let attrs = fetch?.of_spork(library)?;
        attrs.get(library, "version").text()
    });
    let version = version.as_ref().and_then(Spot::literal);
    let spork = (upstream.file.clone(), path.join("."));
    let pin =
        |spot: Spot, tail: &[&str], kind: PinKind, url: Option<String>, git_ref: Option<String>| {
            let mut names = path.to_vec();
            names.extend(tail.iter().map(|name| (*name).to_owned()));
            let feature = None;
            Pin {
                name: Name::new(container, &names),
                file: spork.0.clone(),
                kind,
                moves: Moves::Rev,
                repository: url.clone(),
                url,
                git_ref,
                rev: Some(spot.value.clone()),
                hash: PinnedHash::None,
                version: None,
                comment: Follow::comment(library, &spot),
                fetch: None,
                dependent_hashes: Vec::new(),
                role: Role::Spork(SporkRole {
                    spork: spork.clone(),
                    feature,
                }),
                spot: Some(spot),
            }
        };

    let own_ref = fetch.and_then(|f| f.git_ref.clone());
    let mut first = pin(
        upstream,
        &[UPSTREAM],
        PinKind::SporkUpstream,
        url.clone(),
        own_ref,
    );
    first.version = version;
    (first.hash, first.fetch) = hash_of(library, fetch);
    let mut pins = vec![first];

    let feature_url = fetching
        .iter()
        .find(|f| f.rev_unknown && f.url.is_some())
        .and_then(|f| f.url.clone())
        .or(url);
    for (order, (name, attrs, rev)) in features.into_iter().enumerate() {
        let fetch = fetching.iter().find(|f| f.is_of(&rev));
        let own = attrs.as_ref();
        let url = own
            .and_then(|attrs| string(attrs, &["url"]))
            .or_else(|| fetch.and_then(|f| f.url.clone()))
            .or_else(|| feature_url.clone());
        let branch = own.and_then(|attrs| string(attrs, &["branch", "ref"]));
        let mut feature = pin(
            rev,
            &["features", &name],
            PinKind::SporkFeature,
            url,
            branch.clone(),
        );
        (feature.hash, feature.fetch) = hash_of(library, fetch);
        if let Role::Spork(role) = &mut feature.role {
            role.feature = Some(Feature {
                name,
                branch,
                order,
            });
        }
        pins.push(feature);
    }
    pins
}

/// A call that fetches a spork's revision is part of the spork, also from another file: it is no pin of its own, and
/// tells what the spork's does not.
pub fn take_in_calls(pins: &mut Vec<Pin>) {
    let place = |pin: &Pin| {
        let spot = pin.spot.as_ref()?;
        Some((spot.file.clone(), spot.offset()))
    };
    let sporks: HashMap<(RelPath, usize), usize> = pins
        .iter()
        .enumerate()
        .filter(|(_, pin)| matches!(pin.role, Role::Spork(_)))
        .filter_map(|(at, pin)| Some((place(pin)?, at)))
        .collect();
    if sporks.is_empty() {
        return;
    }
    let owner = |pin: &Pin| match pin.role {
        Role::Single => sporks.get(&place(pin)?).copied(),
        _ => None,
    };
    let calls: Vec<(usize, Pin)> = pins
        .iter()
        .filter_map(|pin| Some((owner(pin)?, pin.clone())))
        .collect();
    let mut built: HashMap<(RelPath, String), Vec<DependentHash>> = HashMap::new();
    for (at, call) in calls {
        if let Some(Role::Spork(role)) = pins.get(at).map(|pin| &pin.role) {
            let known = built.entry(role.spork.clone()).or_default();
            for hash in call.dependent_hashes {
                if !known.contains(&hash) {
                    known.push(hash);
                }
            }
        }
        let Some(pin) = pins.get_mut(at).filter(|pin| pin.url.is_none()) else {
            continue;
        };
        (pin.url, pin.repository) = (call.url, call.repository);
        (pin.hash, pin.fetch) = (call.hash, call.fetch);
        pin.git_ref = pin.git_ref.take().or(call.git_ref);
    }
    // What is built from upstream is built from the features too, which are patches of it.
    for pin in pins.iter_mut() {
        if let Role::Spork(role) = &pin.role
            && let Some(hashes) = built.get(&role.spork)
        {
            pin.dependent_hashes.clone_from(hashes);
        }
    }
    let urls: HashMap<(RelPath, String), String> = pins
        .iter()
        .filter_map(|pin| match &pin.role {
            Role::Spork(role) if role.feature.is_none() => {
                Some((role.spork.clone(), pin.url.clone()?))
            }
            _ => None,
        })
        .collect();
    for pin in pins.iter_mut().filter(|pin| pin.url.is_none()) {
        if let Role::Spork(role) = &pin.role {
            pin.url = urls.get(&role.spork).cloned();
            pin.repository = pin.url.clone();
        }
    }
    pins.retain(|pin| owner(pin).is_none());
}

/// The hash of the call that fetches a revision of the spork, and how.
fn hash_of(library: &Library, fetching: Option<&Fetching>) -> (PinnedHash, Option<Fetch>) {
    let Some(fetching) = fetching else {
        return (PinnedHash::None, None);
    };
    let arguments = Arguments::of(fetching.call, library);
    let fetch = super::fetcher::by_function(&fetching.call.function)
        .and_then(|fetcher| (fetcher.read)(&arguments))
        .and_then(|fetched| fetched.fetch);
    (arguments.hash(), fetch)
}

/// A feature's name, its attributes where it is a set, and its rev.
type FeatureRev = (String, Option<Attrs>, Spot);

/// The features with their attributes and revs: a list of sets with a `name`, or a set by name of sets or revs.
fn features(library: &Library, holder: &Attrs) -> Vec<FeatureRev> {
    let rev = |attrs: &Attrs| {
        attrs
            .get(library, "rev")
            .text()
            .as_ref()
            .and_then(Spot::literal)
    };
    match holder.get(library, "features") {
        Value::List(list) => list
            .items(library)
            .into_iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let attrs = item.attrs()?;
                let rev = rev(&attrs)?;
                let name = attrs
                    .get(library, "name")
                    .text()
                    .map_or_else(|| at.to_string(), |text| text.value());
                Some((name, Some(attrs), rev))
            })
            .collect(),
        Value::Attrs(set) => set
            .names()
            .into_iter()
            .filter_map(|name| match set.get(library, &name) {
                Value::Attrs(attrs) => {
                    let rev = rev(&attrs)?;
                    Some((name, Some(attrs), rev))
                }
                Value::Text(text) => Some((name, None, Spot::literal(&text)?)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
