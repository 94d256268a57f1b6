//! What Nix knows of store paths that it has: their sizes and references.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Nix, NixError};
use crate::process::Invocation;

/// How many paths one run is asked about, so that the list of arguments is never too long.
const AT_ONCE: usize = 500;

/// A store path that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The size of its NAR.
    pub nar_size: u64,
    /// Store paths, itself maybe among them.
    pub references: Vec<String>,
}

impl Nix<'_> {
    /// Of `paths`, those that are in the store. Others, and what is no store path, are left out.
    pub fn registered(&self, paths: &[String]) -> Result<BTreeMap<String, Registered>, NixError> {
        let mut registered = BTreeMap::new();
        // Nix refuses the whole question when one path is of another store.
        let there: Vec<&String> = paths
            .iter()
            .filter(|path| Path::new(path).symlink_metadata().is_ok())
            .collect();
        for paths in there.chunks(AT_ONCE) {
            let ask = self.store(&["--check-validity", "--print-invalid"], paths);
            let output = self.runner().run(&ask)?.success(&ask)?;
            let invalid = String::from_utf8_lossy(&output.stdout).into_owned();
            let is_valid = |path: &&String| !invalid.lines().any(|line| line == path.as_str());
            let valid: Vec<&String> = paths.iter().copied().filter(is_valid).collect();
            if valid.is_empty() {
                continue;
            }
            let ask = self.store(&["--dump-db"], &valid);
            let output = self.runner().run(&ask)?.success(&ask)?;
            let printed = String::from_utf8_lossy(&output.stdout);
            let read = read_dump(&printed).ok_or_else(|| NixError::Unparsable {
                command: ask.to_string(),
                output: printed.chars().take(200).collect(),
            })?;
            registered.extend(read);
        }
        Ok(registered)
    }

    fn store(&self, args: &[&str], paths: &[&String]) -> Invocation {
        Invocation::new("nix-store")
            .args(args)
            .args(paths)
            .args(self.store_settings())
            .timeout(self.time_limit())
    }
}

/// Of each path a line with itself, the hash and the size of its NAR, its deriver, how many references it has, and a
/// line for each. Source: `makeValidityRegistration` in Nix's `libstore/store-api.cc`.
fn read_dump(printed: &str) -> Option<BTreeMap<String, Registered>> {
    let mut lines = printed.lines();
    let mut registered = BTreeMap::new();
    while let Some(path) = lines.next() {
        let _hash = lines.next()?;
        let nar_size = lines.next()?.parse().ok()?;
        let _deriver = lines.next()?;
        let count: usize = lines.next()?.parse().ok()?;
        let references: Vec<String> = lines.by_ref().take(count).map(str::to_owned).collect();
        if references.len() < count {
            return None;
        }
        registered.insert(
            path.to_owned(),
            Registered {
                nar_size,
                references,
            },
        );
    }
    Some(registered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nix_2_8_prints() {
        let printed = "/nix/store/a-x\n2d71\n120\n/nix/store/d-x.drv\n1\n/nix/store/b-y\n\
            /nix/store/b-y\n00ff\n112\n\n0\n";
        let read = read_dump(printed).unwrap();
        assert_eq!(read.len(), 2);
        let first = read.get("/nix/store/a-x").unwrap();
        assert_eq!(first.nar_size, 120);
        assert_eq!(first.references, ["/nix/store/b-y"]);
        assert_eq!(read_dump(""), Some(BTreeMap::new()));
        for cut in ["/nix/store/a-x\n", "a\nb\nc\nd\n0\n", "a\nb\n1\n\n2\nc\n"] {
            assert_eq!(read_dump(cut), None, "{cut}");
        }
    }
}
