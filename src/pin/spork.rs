//! Sporks: a set, `let` or function with an `upstreamRev` and, as a rule, `features`.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::fetcher::Arguments;
use super::find::Source;
use super::{Fetch, Moves, Pin, PinKind, PinName, PinnedHash, Role, Spot};
use crate::source::RelPath;
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

/// The sporks of `file`.
pub fn find(source: &Source, library: &Library, file: &Rc<NixFile>, fetchers: &[Call]) -> Vec<Pin> {
    let holders = sets_with(file, UPSTREAM);
    if holders.is_empty() {
        return Vec::new();
    }
    let fetching: Vec<Fetching> = fetchers
        .iter()
        .map(|call| {
            let attrs = call.arguments(library);
            let get = |name: &str| {
                attrs
                    .as_ref()
                    .map_or(Value::Unknown, |attrs| attrs.get(library, name))
            };
            let rev = get("rev").text().as_ref().and_then(Spot::literal);
            Fetching {
                call,
                url: get("url").text().map(|text| text.value()),
                git_ref: get("ref").text().map(|text| text.value()),
                rev_unknown: rev.is_none()
                    && attrs
                        .as_ref()
                        .is_some_and(|attrs| attrs.has(library, "rev")),
                rev,
            }
        })
        .collect();
    let mut pins = Vec::new();
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
        pins.extend(of_holder(source, library, &holder, &path, spot, &fetching));
    }
    pins
}

/// Calls of other files that fetch a spork's revisions are part of the spork: they say where it comes from.
pub fn take_in_calls(pins: &mut Vec<Pin>) {
    let place = |pin: &Pin| {
        let spot = pin.spot.as_ref()?;
        Some((spot.file.clone(), spot.offset()))
    };
    let is_spork = |pin: &Pin| matches!(pin.role, Role::Spork(_));
    let held: HashSet<_> = pins
        .iter()
        .filter(|pin| is_spork(pin))
        .filter_map(place)
        .collect();
    let (calls, mut kept): (Vec<Pin>, Vec<Pin>) =
        std::mem::take(pins).into_iter().partition(|pin| {
            matches!(pin.role, Role::Single)
                && place(pin).is_some_and(|place| held.contains(&place))
        });
    let mut upstream = HashMap::new();
    for pin in &mut kept {
        let Role::Spork(role) = &pin.role else {
            continue;
        };
        let own = place(pin);
        if let Some(call) = calls.iter().find(|call| place(call) == own) {
            if pin.repository.is_none() {
                pin.url.clone_from(&call.url);
                pin.repository.clone_from(&call.repository);
            }
            if pin.git_ref.is_none() {
                pin.git_ref.clone_from(&call.git_ref);
            }
            if matches!(pin.hash, PinnedHash::None) {
                pin.hash = call.hash.clone();
                pin.fetch.clone_from(&call.fetch);
            }
        }
        // The upstream stands before its features.
        if role.feature.is_none() {
            upstream.insert(role.spork.clone(), pin.repository.clone());
        } else if pin.repository.is_none() {
            let known = upstream.get(&role.spork).cloned().flatten();
            pin.url.clone_from(&known);
            pin.repository = known;
        }
    }
    *pins = kept;
}

fn of_holder(
    source: &Source,
    library: &Library,
    holder: &Attrs,
    path: &[String],
    upstream: Spot,
    fetching: &[Fetching],
) -> Vec<Pin> {
    let string = |attrs: &Attrs, names: &[&str]| {
        names
            .iter()
            .find_map(|name| attrs.get(library, name).text())
            .map(|text| text.value())
    };
    let fetch = fetching
        .iter()
        .find(|f| f.rev.as_ref().is_some_and(|rev| rev.is_same(&upstream)));
    let url = string(holder, &["url", "upstreamUrl", "upstreamURL"])
        .or_else(|| fetch.and_then(|f| f.url.clone()))
        .or_else(|| {
            fetching
                .iter()
                .find_map(|f| f.url.clone().filter(|_| f.rev_unknown))
        });
    let version = holder
        .get(library, "version")
        .text()
        .as_ref()
        .and_then(Spot::literal);
    let spork = (upstream.file.clone(), path.join("."));
    let pin =
        |spot: Spot, tail: &[&str], kind: PinKind, url: Option<String>, git_ref: Option<String>| {
            let mut names = path.to_vec();
            names.extend(tail.iter().map(|name| (*name).to_owned()));
            let feature = None;
            Pin {
                name: PinName::new(&source.container, &names),
                kind,
                moves: Moves::Rev,
                repository: url.clone(),
                url,
                git_ref,
                rev: Some(spot.value.clone()),
                hash: PinnedHash::None,
                version: None,
                comment: source.comment(library, &spot),
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
    for (order, (name, attrs, rev)) in features(library, holder).into_iter().enumerate() {
        let fetch = fetching
            .iter()
            .find(|f| f.rev.as_ref().is_some_and(|spot| spot.is_same(&rev)));
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

/// The features with their attributes and revs: a list of sets with a `name`, or a set by name of sets or revs.
fn features(library: &Library, holder: &Attrs) -> Vec<(String, Option<Attrs>, Spot)> {
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
