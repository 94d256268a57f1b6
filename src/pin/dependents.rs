//! Hashes that are taken over what is built from a pin, and are stale once it moves: `vendorHash` and its kin.

use super::fetcher;
use crate::hash::{Algo, HashText};
use crate::syntax::{Attrs, Call, Consumer, Library, Value};

/// Endings of the names of hashes that a package's attributes hold.
const ENDINGS: &[&str] = &["Hash", "Sha256", "Sha512"];

/// Names of hashes that are a package's only where it is the argument of a call, such as `fetchNpmDeps`.
const OF_CALLS: &[&str] = &["hash", "sha256", "sha512"];

/// The hashes in the file of `call` that depend on what it fetches. A hash that cannot be read counts; a placeholder
/// does not, since it is not right now either.
pub fn hashes(library: &Library, call: &Call) -> Vec<String> {
    let text = call.file().source().text();
    // Looking for who takes what is work, and most files have nothing of the kind.
    if !ENDINGS.iter().any(|word| text.contains(word))
        && !text.contains("Deps")
        && !text.contains("fetchCargo")
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for consumer in call.consumers(library) {
        for name in in_consumer(library, &consumer) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

fn in_consumer(library: &Library, consumer: &Consumer) -> Vec<String> {
    // What else is fetched is hashed for itself.
    if consumer
        .function
        .as_deref()
        .is_some_and(|function| fetcher::by_function(function).is_some())
    {
        return Vec::new();
    }
    let attrs = &consumer.attrs;
    attrs
        .names()
        .into_iter()
        .filter_map(|name| {
            let shown = if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                name.clone()
            } else if consumer.function.is_some() && OF_CALLS.contains(&name.as_str()) {
                match consumer.path.last() {
                    Some(last) => format!("{last}.{name}"),
                    None => name.clone(),
                }
            } else {
                return None;
            };
            goes_stale(library, attrs, &name).then_some(shown)
        })
        .collect()
}

fn goes_stale(library: &Library, attrs: &Attrs, name: &str) -> bool {
    const FAKES: &[&str] = &["fakeHash", "fakeSha256", "fakeSha512"];
    match attrs.get(library, name) {
        Value::Null => false,
        Value::Text(text) => {
            let value = text.value();
            [None, Some(Algo::Sha256), Some(Algo::Sha512)]
                .into_iter()
                .find_map(|algo| HashText::parse(&value, algo).ok())
                .is_some_and(|text| !text.hash.is_placeholder())
        }
        _ => !attrs.is_named(name, FAKES),
    }
}
