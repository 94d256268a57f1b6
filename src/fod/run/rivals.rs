//! Derivations with right hashes that are to be built before those with fakes, not beside them.
//!
//! Nix before 2.35 waits for ever when a build with a wrong hash comes to an output that another build, with the right
//! hash, is making at that time (NixOS/nix#15846). Two outputs can only be one if their derivations' names are equal.

use std::collections::HashSet;

use crate::nix::drv::{Derivation, Derivations, name_of};
use crate::nix::{Nix, NixError};

/// What has to be built before `drvs`, which have fakes.
pub fn of(nix: Nix, derivations: &Derivations, drvs: &[String]) -> Result<Vec<String>, NixError> {
    let faked: HashSet<&str> = drvs.iter().map(String::as_str).collect();
    let names: HashSet<&str> = drvs.iter().filter_map(|path| name_of(path)).collect();
    let is_missing = |drv: &Derivation| {
        let mut paths = drv.outputs.iter().map(|output| output.path.as_str());
        paths.any(|path| !path.is_empty() && !derivations.on_disk(path).exists())
    };
    let counts = |path: &str, drv: &Derivation| faked.contains(path) || is_missing(drv);
    let mut rivals = Vec::new();
    for path in derivations.ordered(drvs, counts)? {
        let drv = derivations.get(&path)?;
        let has_name = name_of(&path).is_some_and(|name| names.contains(name));
        if has_name && !faked.contains(path.as_str()) && drv.fixed().is_some() && is_missing(&drv) {
            rivals.push(path);
        }
    }
    if rivals.is_empty() {
        return Ok(rivals);
    }
    // What needs them may come from a substituter: then they are not built at all.
    let built = nix.would_build(drvs)?;
    rivals.retain(|path| built.contains(path));
    Ok(rivals)
}
