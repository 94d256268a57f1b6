//! A date in a version that several sources share: it is that of the latest of them, and never goes back for one alone.

use std::collections::BTreeMap;

use super::Context;
use super::item::{Item, Place};
use super::version::date_in;
use crate::source::RelPath;
use crate::spot::Spot;

/// Lets all steps that write a date into one literal write the same one.
pub fn settle(context: &Context, items: &mut [Item]) {
    let mut latest: BTreeMap<(RelPath, usize), String> = BTreeMap::new();
    for (spot, new) in steps(items) {
        if date_in(new).is_none() {
            continue;
        }
        let shared = |spot: &Spot| {
            let versions = context
                .found
                .pins
                .iter()
                .filter_map(|pin| pin.version.as_ref());
            versions.filter(|version| version.is_same(spot)).count() > 1
        };
        let now = latest
            .entry(key(spot))
            .or_insert_with(|| match shared(spot) {
                true => spot.value.clone(),
                false => new.clone(),
            });
        // What stands before the date is the same in all of them, and dates are in the order of their digits.
        if *new > *now {
            *now = new.clone();
        }
    }
    for item in items {
        for step in item.steps.iter_mut().filter(|step| step.field == "version") {
            let Place::Spot(spot) = &step.place else {
                continue;
            };
            let Some(settled) = latest.get(&key(spot)) else {
                continue;
            };
            for shift in item.shifts.iter_mut().filter(|shift| shift.pin == step.pin) {
                if let Some((_, new)) = &mut shift.version {
                    new.clone_from(settled);
                }
            }
            step.new.clone_from(settled);
        }
    }
}

/// The versions that are written, and what they become.
fn steps(items: &[Item]) -> impl Iterator<Item = (&Spot, &String)> {
    items
        .iter()
        .flat_map(|item| &item.steps)
        .filter_map(|step| match &step.place {
            Place::Spot(spot) if step.field == "version" => Some((spot, &step.new)),
            _ => None,
        })
}

fn key(spot: &Spot) -> (RelPath, usize) {
    (spot.file.clone(), spot.offset())
}
